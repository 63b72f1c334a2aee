"""MultiNLI, English. Validation is the matched development set, test the mismatched one."""

from __future__ import annotations

from waystage.data.sources.published_pairs import Mnli
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.nli import LABELS
from waystage.tasks.task import Task

TASK = Task(
    name="mnli",
    kind=PAIR_CLASSIFICATION,
    source=Mnli(LABELS),
    languages=("en",),
    labels=LABELS,
    metric_name="accuracy",
    description="Does a premise entail a hypothesis, contradict it, or neither? Test is the mismatched set.",
    licence="OANC and others: see the paper",
    reference="Williams et al. (2018), https://cims.nyu.edu/~sbowman/multinli/",
    expected_counts={("train", "en"): 392702, ("validation", "en"): 9815, ("test", "en"): 9832},
)
