"""Cosmos QA, English. The published test split has no labels: test is the validation set.

``cosmosqa-dev`` divides the published files other than the training file, for folders without that.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.columns import ChoiceColumns
from waystage.data.readers.rows import Delimited
from waystage.data.source import Split
from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.tasks import hub
from waystage.tasks.kinds import MULTIPLE_CHOICE
from waystage.tasks.task import Task

_COLUMNS = ChoiceColumns("{context} {question}", ("answer0", "answer1", "answer2", "answer3"), "label", id="id")
_HUB_FILES: tuple[tuple[Split, str], ...] = (
    ("train", "train"),
    ("validation", "validation"),
    ("test", "validation"),
)
_HUB = HubTables(
    tuple(HubPart(split, hub.COSMOSQA, (f"default/{name}/0000.parquet",), _COLUMNS) for split, name in _HUB_FILES)
)

TASK = Task(
    name="cosmosqa",
    kind=MULTIPLE_CHOICE,
    source=Published(
        "cosmosqa",
        FileSource(
            paths=(
                ("train", "cosmosqa/train.csv"),
                ("validation", "cosmosqa/valid.csv"),
                ("test", "cosmosqa/valid.csv"),
            ),
            format=Delimited(",", is_quoted=True),
            columns=_COLUMNS,
            is_published=True,
        ),
        _HUB,
    ),
    languages=("en",),
    labels=(),
    metric_name="accuracy",
    description="Which of four answers fits a question about an everyday story? Test is the validation set.",
    licence="CC BY 4.0",
    reference="Huang et al. (2019), https://wilburone.github.io/cosmos/",
    expected_counts={("train", "en"): 25262, ("validation", "en"): 2985, ("test", "en"): 2985},
)

DEV_TASK = replace(
    TASK,
    name="cosmosqa-dev",
    variant_of="cosmosqa",
    source=Divided(
        TASK.source,
        (
            Part("train", "validation", 0, 1985),
            Part("validation", "validation", 1985, 2485),
            Part("test", "validation", 2485, None),
        ),
    ),
    description="cosmosqa without its training file, divided: a departure from the published protocol.",
    expected_counts={("train", "en"): 1985, ("validation", "en"): 500, ("test", "en"): 500},
)
