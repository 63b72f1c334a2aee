"""Named entities of WikiANN (PAN-X), in 48 languages.

XTREME publishes the test split without tags; the copy on the hub has them. ``panx-dev`` is tested on the development
files, for folders without that copy: a departure that makes the English validation and test splits the same.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.columns import TaggedColumns
from waystage.data.readers.hub_tables import ClassLabels
from waystage.data.readers.words import Conll
from waystage.data.source import SPLITS, Split
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.tasks import hub
from waystage.tasks.kinds import TAGGING
from waystage.tasks.task import Task

LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")

LANGUAGES = (
    "ar", "he", "vi", "id", "jv", "ms", "tl", "eu", "ml", "ta", "te", "af", "nl", "en", "de", "el",
    "bn", "hi", "mr", "ur", "fa", "fr", "it", "pt", "es", "bg", "ru", "ja", "ka", "ko", "th", "sw",
    "yo", "my", "zh", "kk", "tr", "et", "fi", "hu", "qu", "pl", "uk", "az", "lt", "pa", "gu", "ro",
)  # fmt: skip

# Sentences of the development file of a language, which are as many as those of its test file.
_N_DEV = {
    **dict.fromkeys(LANGUAGES, 10000),
    **dict.fromkeys(("af", "az", "bn", "hi", "kk", "ml", "mr", "ms", "sw", "ta", "te", "tl", "ur"), 1000),
    **dict.fromkeys(("gu", "jv", "my", "pa", "qu", "yo"), 100),
}


def _files(test: str) -> FileSource:
    paths: tuple[tuple[Split, str], ...] = (
        ("train", "panx/train-{lang}.tsv"),
        ("validation", "panx/dev-{lang}.tsv"),
        ("test", test),
    )
    return FileSource(paths, Conll(), TaggedColumns(), LABELS, is_published=True)


def _hub(test: str) -> HubTables:
    columns, table = TaggedColumns("tokens", "ner_tags"), ClassLabels("ner_tags", LABELS)
    names = {split: test if split == "test" else split for split in SPLITS}
    return HubTables(
        tuple(
            HubPart(split, hub.WIKIANN, (f"{{lang}}/{name}-00000-of-00001.parquet",), columns, table)
            for split, name in names.items()
        ),
        LABELS,
    )


TASK = Task(
    name="panx",
    kind=TAGGING,
    source=Published("panx", _files("panx/test-{lang}.tsv"), _hub("test")),
    languages=LANGUAGES,
    labels=LABELS,
    metric_name="span-f1",
    description="Names of persons, organisations and places.",
    licence="CC BY-SA 3.0 (Wikipedia), annotations ODC-BY",
    reference="Pan et al. (2017), Rahimi et al. (2019), https://github.com/afshinrahimi/mmner",
    expected_counts={
        ("train", "en"): 20000,
        ("validation", "en"): 10000,
        **{("test", language): n_sentences for language, n_sentences in _N_DEV.items()},
    },
)

DEV_TASK = replace(
    TASK,
    name="panx-dev",
    variant_of="panx",
    source=Published("panx-dev", _files("panx/dev-{lang}.tsv"), _hub("validation")),
    description="WikiANN with its development files as the test split: a departure from the published protocol.",
)
