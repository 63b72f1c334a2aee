"""Sentiment of English review snippets, an intermediate task: there is no test split."""

from __future__ import annotations

from waystage.data.sources.vader import VaderSnippets
from waystage.tasks.kinds import SENTENCE_CLASSIFICATION
from waystage.tasks.task import Task, TrainingDefaults

TASK = Task(
    name="vader-sentiment",
    kind=SENTENCE_CLASSIFICATION,
    source=VaderSnippets(),
    languages=(),
    labels=("negative", "positive"),
    metric_name="accuracy",
    description="Whether people find a snippet of a film or product review negative or positive.",
    licence="MIT",
    reference="Hutto and Gilbert (2014), https://github.com/cjhutto/vaderSentiment",
    training=TrainingDefaults(epochs=1.0, max_tokens=64),
    expected_counts={("train", "en"): 12774, ("validation", "en"): 659},
)
