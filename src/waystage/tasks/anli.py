"""ANLI, rounds 1 to 3 together, English.

``anli-dev`` divides the development sets, for folders without the training files.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.published_pairs import Anli
from waystage.tasks.choice import INTERMEDIATE_TRAINING
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.nli import LABELS
from waystage.tasks.task import Task

TASK = Task(
    name="anli",
    kind=PAIR_CLASSIFICATION,
    source=Anli(LABELS),
    languages=("en",),
    labels=LABELS,
    metric_name="accuracy",
    description="Does a premise entail a hypothesis, contradict it, or neither? Written to mislead models.",
    licence="CC BY-NC 4.0",
    reference="Nie et al. (2020), https://github.com/facebookresearch/anli",
    training=INTERMEDIATE_TRAINING,
    expected_counts={("train", "en"): 162865, ("validation", "en"): 3198, ("test", "en"): 3200},
)

DEV_TASK = replace(
    TASK,
    name="anli-dev",
    variant_of="anli",
    source=Divided(
        TASK.source,
        (
            Part("train", "validation", 0, 2198),
            Part("validation", "validation", 2198, 2698),
            Part("test", "validation", 2698, None),
        ),
    ),
    description="anli without its training file, divided: a departure from the published protocol.",
    expected_counts={("train", "en"): 2198, ("validation", "en"): 500, ("test", "en"): 500},
)
