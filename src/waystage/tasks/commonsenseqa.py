"""CommonsenseQA v1.11, English, random split. The published test split has no labels: test is the development set."""

from __future__ import annotations

from waystage.data.readers.columns import ChoiceColumns
from waystage.data.readers.hub_tables import LetteredChoices
from waystage.data.readers.rows import Parquet
from waystage.data.source import Split
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.data.sources.published_choices import CommonsenseQaLines
from waystage.tasks import hub
from waystage.tasks.kinds import MULTIPLE_CHOICE
from waystage.tasks.task import Task

_HUB_FILES: tuple[tuple[Split, str], ...] = (
    ("train", "train"),
    ("validation", "validation"),
    ("test", "validation"),
)
_HUB = HubTables(
    tuple(
        HubPart(
            split,
            hub.COMMONSENSEQA,
            (f"data/{name}-00000-of-00001.parquet",),
            ChoiceColumns("question", ("choices",), "answerKey", id="id"),
            LetteredChoices(Parquet()),
        )
        for split, name in _HUB_FILES
    )
)

TASK = Task(
    name="commonsenseqa",
    kind=MULTIPLE_CHOICE,
    source=Published(
        "commonsenseqa",
        FileSource(
            paths=(
                ("train", "commonsenseqa/train_rand_split.jsonl"),
                ("validation", "commonsenseqa/dev_rand_split.jsonl"),
                ("test", "commonsenseqa/dev_rand_split.jsonl"),
            ),
            format=CommonsenseQaLines(),
            columns=ChoiceColumns("stem", ("choices",), "answerKey", id="id"),
            is_published=True,
        ),
        _HUB,
    ),
    languages=("en",),
    labels=(),
    metric_name="accuracy",
    description="Which of five concepts answers a question of common sense? Test is the development set.",
    licence="MIT",
    reference="Talmor et al. (2019), https://www.tau-nlp.org/commonsenseqa",
    expected_counts={("train", "en"): 9741, ("validation", "en"): 1221, ("test", "en"): 1221},
)
