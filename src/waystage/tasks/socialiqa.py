"""SocialIQA v1.4, English.

``socialiqa-dev`` divides the published files other than the training file, for folders without that.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.readers.columns import ChoiceColumns
from waystage.data.readers.rows import JsonLines
from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.files import FileSource
from waystage.tasks.choice import CHOICE_TRAINING
from waystage.tasks.kinds import MULTIPLE_CHOICE
from waystage.tasks.task import Task

TASK = Task(
    name="socialiqa",
    kind=MULTIPLE_CHOICE,
    source=FileSource(
        paths=(
            ("train", "socialiqa/socialIQa_v1.4_trn.jsonl"),
            ("validation", "socialiqa/socialIQa_v1.4_dev.jsonl"),
            ("test", "socialiqa/socialIQa_v1.4_tst.jsonl"),
        ),
        format=JsonLines(),
        columns=ChoiceColumns("{context} {question}", ("answerA", "answerB", "answerC"), "correct"),
        is_published=True,
    ),
    languages=("en",),
    labels=(),
    metric_name="accuracy",
    description="Which of three answers fits a question about people in a situation?",
    licence="CC BY 4.0",
    reference="Sap et al. (2019), https://allenai.org/data/socialiqa",
    training=CHOICE_TRAINING,
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
