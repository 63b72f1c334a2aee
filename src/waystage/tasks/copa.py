"""COPA, English. XCOPA is a translation of its validation and test splits: only its train split is learned from."""

from __future__ import annotations

from waystage.data.sources.published_choices import Copa
from waystage.tasks.kinds import MULTIPLE_CHOICE
from waystage.tasks.task import Task

TASK = Task(
    name="copa",
    kind=MULTIPLE_CHOICE,
    source=Copa(),
    languages=("en",),
    labels=(),
    metric_name="accuracy",
    description="Which of two sentences is the likelier cause or effect of a third?",
    licence="BSD-2-Clause",
    reference="Roemmele et al. (2011), https://people.ict.usc.edu/~gordon/copa.html",
    expected_counts={("train", "en"): 400, ("validation", "en"): 100, ("test", "en"): 500},
)
