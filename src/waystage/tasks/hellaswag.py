"""HellaSwag, English. The published test split has no labels: test is the validation set.

``hellaswag-dev`` divides the published files other than the training file, for folders without that.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.columns import ChoiceColumns
from waystage.data.readers.rows import JsonLines
from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.files import FileSource
from waystage.tasks.choice import INTERMEDIATE_TRAINING
from waystage.tasks.kinds import MULTIPLE_CHOICE
from waystage.tasks.task import Task

TASK = Task(
    name="hellaswag",
    kind=MULTIPLE_CHOICE,
    source=FileSource(
        paths=(
            ("train", "hellaswag/hellaswag_train.jsonl"),
            ("validation", "hellaswag/hellaswag_val.jsonl"),
            ("test", "hellaswag/hellaswag_val.jsonl"),
        ),
        format=JsonLines(),
        columns=ChoiceColumns("ctx", ("endings",), "label"),
        is_published=True,
    ),
    languages=("en",),
    labels=(),
    metric_name="accuracy",
    description="Which of four endings goes on from a description? Test is the validation set.",
    licence="MIT",
    reference="Zellers et al. (2019), https://github.com/rowanz/hellaswag",
    training=INTERMEDIATE_TRAINING,
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
