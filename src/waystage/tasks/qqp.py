"""Quora question pairs, English, in the splits of Wang et al. (2017).

``qqp-dev`` learns from the development set, for folders without the training file.
"""

from __future__ import annotations

from dataclasses import replace

from waystage.data.sources.divided import Divided, Part
from waystage.data.sources.published_pairs import QuoraPairs
from waystage.tasks.choice import INTERMEDIATE_TRAINING
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.task import Task

LABELS = ("0", "1")

TASK = Task(
    name="qqp",
    kind=PAIR_CLASSIFICATION,
    source=QuoraPairs(LABELS),
    languages=("en",),
    labels=LABELS,
    metric_name="accuracy",
    description="Do two questions ask the same? 1 is yes.",
    licence="Quora: non-commercial use",
    reference="Wang et al. (2017), https://quoradata.quora.com/First-Quora-Dataset-Release-Question-Pairs",
    training=INTERMEDIATE_TRAINING,
    expected_counts={("train", "en"): 384348, ("validation", "en"): 10000, ("test", "en"): 10000},
)

DEV_TASK = replace(
    TASK,
    name="qqp-dev",
    variant_of="qqp",
    source=Divided(
        TASK.source,
        (
            Part("train", "validation", 0, None),
            Part("validation", "test", 0, 1000),
            Part("test", "test", 1000, None),
        ),
    ),
    description="qqp without its training file, divided: a departure from the published protocol.",
    expected_counts={("train", "en"): 10000, ("validation", "en"): 1000, ("test", "en"): 9000},
)
