"""HellaSwag, English. The published test split has no labels: test is the validation set.

``hellaswag-dev`` divides the published files other than the training file, for folders without that.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.columns import ChoiceColumns
from waystage.data.readers.rows import JsonLines
from waystage.data.source import Split
from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub_tables import HubPart, HubTables, Published
from waystage.tasks import hub
from waystage.tasks.kinds import MULTIPLE_CHOICE
from waystage.tasks.task import Task

_COLUMNS = ChoiceColumns("ctx", ("endings",), "label")
_HUB_FILES: tuple[tuple[Split, str], ...] = (
    ("train", "train"),
    ("validation", "validation"),
    ("test", "validation"),
)
_HUB = HubTables(
    tuple(
        HubPart(split, hub.HELLASWAG, (f"data/{name}-00000-of-00001.parquet",), _COLUMNS) for split, name in _HUB_FILES
    )
)

TASK = Task(
    name="hellaswag",
    kind=MULTIPLE_CHOICE,
    source=Published(
        "hellaswag",
        FileSource(
            paths=(
                ("train", "hellaswag/hellaswag_train.jsonl"),
                ("validation", "hellaswag/hellaswag_val.jsonl"),
                ("test", "hellaswag/hellaswag_val.jsonl"),
            ),
            format=JsonLines(),
            columns=_COLUMNS,
            is_published=True,
        ),
        _HUB,
    ),
    languages=("en",),
    labels=(),
    metric_name="accuracy",
    description="Which of four endings goes on from a description? Test is the validation set.",
    licence="MIT",
    reference="Zellers et al. (2019), https://github.com/rowanz/hellaswag",
    expected_counts={("train", "en"): 39905, ("validation", "en"): 10042, ("test", "en"): 10042},
)

DEV_TASK = replace(
    TASK,
    name="hellaswag-dev",
    variant_of="hellaswag",
    source=Divided(
        TASK.source,
        (
            Part("train", "validation", 0, 8042),
            Part("validation", "validation", 8042, 9042),
            Part("test", "validation", 9042, None),
        ),
    ),
    description="hellaswag without its training file, divided: a departure from the published protocol.",
    expected_counts={("train", "en"): 8042, ("validation", "en"): 1000, ("test", "en"): 1000},
)
