"""Retrieval of translated messages, in 23 languages."""

from __future__ import annotations

from waystage.data.sources.django_messages import RETRIEVAL
from waystage.tasks.kinds import SENTENCE_RETRIEVAL
from waystage.tasks.task import Task

TASK = Task(
    name="django-retrieval",
    kind=SENTENCE_RETRIEVAL,
    source=RETRIEVAL,
    languages=RETRIEVAL.languages,
    labels=(),
    metric_name="retrieval-accuracy",
    description="Find the translation of an English message among the messages of a language; the same "
    "messages in every language.",
    licence="BSD-3-Clause",
    reference="https://github.com/django/django (package Django 5.2.19)",
    expected_counts={("test", language): 180 for language in RETRIEVAL.languages},
)
