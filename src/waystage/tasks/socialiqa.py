"""SocialIQA v1.4, English.

``socialiqa-dev`` divides the published files other than the training file, for folders without that.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.columns import ChoiceColumns
from waystage.data.readers.hub_tables import MappedValues
from waystage.data.readers.rows import JsonLines, Parquet
from waystage.data.source import Split
from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.tasks import hub
from waystage.tasks.kinds import MULTIPLE_CHOICE
from waystage.tasks.task import Task

_COLUMNS = ("{context} {question}", ("answerA", "answerB", "answerC"))
# The hub numbers the answers from 1, and has no test split.
_TABLE = MappedValues(Parquet(), "label", (("1", "A"), ("2", "B"), ("3", "C")))
_HUB_SPLITS: tuple[Split, ...] = ("train", "validation")
_HUB = HubTables(
    tuple(
        HubPart(split, hub.SOCIALIQA, (f"default/{split}/0000.parquet",), ChoiceColumns(*_COLUMNS, "label"), _TABLE)
        for split in _HUB_SPLITS
    )
)

TASK = Task(
    name="socialiqa",
    kind=MULTIPLE_CHOICE,
    source=Published(
        "socialiqa",
        FileSource(
            paths=(
                ("train", "socialiqa/socialIQa_v1.4_trn.jsonl"),
                ("validation", "socialiqa/socialIQa_v1.4_dev.jsonl"),
                ("test", "socialiqa/socialIQa_v1.4_tst.jsonl"),
            ),
            format=JsonLines(),
            columns=ChoiceColumns(*_COLUMNS, "correct"),
            is_published=True,
        ),
        _HUB,
    ),
    languages=("en",),
    labels=(),
    metric_name="accuracy",
    description="Which of three answers fits a question about people in a situation?",
    licence="CC BY 4.0",
    reference="Sap et al. (2019), https://allenai.org/data/socialiqa",
    expected_counts={("train", "en"): 33410, ("validation", "en"): 1954, ("test", "en"): 2224},
)

DEV_TASK = replace(
    TASK,
    name="socialiqa-dev",
    variant_of="socialiqa",
    source=Divided(
        TASK.source,
        (
            Part("train", "test", 0, None),
            Part("validation", "validation", 0, 954),
            Part("test", "validation", 954, None),
        ),
    ),
    description="socialiqa without its training file, divided: a departure from the published protocol.",
    expected_counts={("train", "en"): 2224, ("validation", "en"): 954, ("test", "en"): 1000},
)
