"""ANLI+: ANLI's three rounds, MultiNLI and SNLI on one head, as one training set (Phang et al. 2020).

The training set is shuffled as a whole, so each part is met in proportion to its size. ``anli-plus-dev`` is made of
``anli-dev`` and ``snli-dev``, for folders without the training files; MultiNLI has no small files.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from waystage.data.source import Split
from waystage.data.sources.union import Member, Union
from waystage.tasks import anli, mnli, snli
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.nli import LABELS
from waystage.tasks.task import Task


def _union(*tasks: Task) -> Union:
    return Union(tuple(Member(task.name, task.source) for task in tasks), LABELS)


def _counts(*tasks: Task) -> dict[tuple[Split, str], int]:
    return dict(sum((Counter(task.expected_counts) for task in tasks), Counter()))


_PARTS = (anli.TASK, mnli.TASK, snli.TASK)
_DEV_PARTS = (anli.DEV_TASK, snli.DEV_TASK)

TASK = Task(
    name="anli-plus",
    kind=PAIR_CLASSIFICATION,
    source=_union(*_PARTS),
    languages=("en",),
    labels=LABELS,
    metric_name="accuracy",
    description="Does a premise entail a hypothesis, contradict it, or neither? ANLI, MultiNLI and SNLI together.",
    licence="those of anli, mnli and snli: non-commercial",
    reference="Phang et al. (2020), https://arxiv.org/abs/2005.13013",
    expected_counts=_counts(*_PARTS),
)

DEV_TASK = replace(
    TASK,
    name="anli-plus-dev",
    variant_of="anli-plus",
    source=_union(*_DEV_PARTS),
    description="anli-dev and snli-dev together: a departure from the published protocol.",
    expected_counts=_counts(*_DEV_PARTS),
)
