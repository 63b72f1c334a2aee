"""XCOPA, in 11 languages; it is learned from COPA's train split (in XTREME-R, after SocialIQA)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.examples import Example
from waystage.data.readers.columns import examples_of
from waystage.data.readers.rows import JsonLines
from waystage.data.source import Place, Split
from waystage.data.sources.files import published
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published_choices import COPA_COLUMNS, Copa
from waystage.tasks import copa, hub
from waystage.tasks.kinds import MULTIPLE_CHOICE
from waystage.tasks.task import Original, Task

LANGUAGES = ("et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh")


@dataclass(frozen=True, slots=True)
class Xcopa:
    """Test is ``xcopa/data/{lang}/test.{lang}.jsonl``; train and validation are COPA's, in English."""

    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The files of a split; DataError that names what is missing."""
        if split != "test":
            return Copa().files(split, language, place)
        names = (f"{folder}/{language}/test.{language}.jsonl" for folder in ("xcopa/data", "xcopa"))
        return [published(place, *names)]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Examples, in file order; the question is in English in every language, as in XTREME-R."""
        if split != "test":
            return Copa().read(split, language, place)
        path = self.files(split, language, place)[0]
        return examples_of(path, JsonLines().rows(path, ()), COPA_COLUMNS, ())


_HUB = HubTables(
    (
        *(part for part in copa.HUB_PARTS if part.split != "test"),
        HubPart("test", hub.XCOPA, ("{lang}/test-00000-of-00001.parquet",), COPA_COLUMNS),
    )
)

TASK = Task(
    name="xcopa",
    kind=MULTIPLE_CHOICE,
    source=Published("xcopa", Xcopa(), _HUB),
    languages=LANGUAGES,
    labels=(),
    metric_name="accuracy",
    description="Which of two sentences is the likelier cause or effect of a third? The same examples in every "
    "language, translated from COPA.",
    licence="CC BY 4.0",
    reference="Ponti et al. (2020), https://github.com/cambridgeltl/xcopa",
    expected_counts={
        ("train", "en"): 400,
        ("validation", "en"): 100,
        **{("test", language): 500 for language in LANGUAGES},
    },
    originals=(Original(copa.SOURCE, "validation"), Original(copa.SOURCE, "test")),
)
