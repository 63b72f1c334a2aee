"""SNLI's small splits, as English training data for natural language inference.

A departure from the published protocol: SNLI's training set is not used. The development set is the train
split here, and the test set is divided into validation (its first 1,000 pairs) and test (the other 8,824).
"""

from __future__ import annotations

from waystage.data.sources.published import Snli
from waystage.tasks.kinds import PAIR_CLASSIFICATION
from waystage.tasks.nli import LABELS
from waystage.tasks.task import Task, TrainingDefaults

N_VALIDATION = 1000

TASK = Task(
    name="snli",
    kind=PAIR_CLASSIFICATION,
    source=Snli(LABELS, N_VALIDATION),
    languages=("en",),
    labels=LABELS,
    metric_name="accuracy",
    description="Does a premise entail a hypothesis, contradict it, or neither? SNLI's development set is "
    "the train split; its test set is divided into validation and test.",
    licence="CC BY-SA 4.0",
    reference="Bowman et al. (2015), https://nlp.stanford.edu/projects/snli/",
    training=TrainingDefaults(epochs=3.0, learning_rate=2e-5, batch_size=32, max_tokens=128),
    expected_counts={("train", "en"): 9842, ("validation", "en"): 1000, ("test", "en"): 8824},
)
