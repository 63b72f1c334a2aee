"""What a profile is: the settings of a published protocol, task by task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Literal

from waystage.tasks.task import Task, TrainingDefaults

ByEncoder = tuple[tuple[str, float], ...]
"""Values for families of encoders: a part of an encoder's name, and the value for encoders that have it."""


@dataclass(frozen=True, slots=True)
class SelectionRule:
    """Which checkpoint is taken, by scores on validation data in the source language.

    Attributes:
        every_steps: optimiser steps between two scores; None for ``last``.
        patience: scores in a row without a better one that end training; None never does.
        max_examples: of the validation data; None takes all.
    """

    rule: Literal["last", "best"]
    every_steps: int | None = None
    patience: int | None = None
    max_examples: int | None = None

    def __str__(self) -> str:
        if self.rule == "last":
            return "last checkpoint"
        examples = "" if self.max_examples is None else f" on {self.max_examples} examples"
        patience = "" if self.patience is None else f", patience {self.patience}"
        return f"best of every {self.every_steps} steps{examples}{patience}"


LAST = SelectionRule("last")


@dataclass(frozen=True, slots=True)
class RetrievalRule:
    """How a sentence becomes a vector, and which side asks.

    Attributes:
        layers: hidden state (1: first layer) for families of encoders; others take the last.
        pooling: ``mean`` over all tokens, or ``cls``.
        direction: which side is the query, and what is searched, for people.
        max_tokens: of a sentence.
    """

    layers: tuple[tuple[str, int], ...]
    pooling: str
    direction: str
    max_tokens: int


@dataclass(frozen=True, slots=True)
class TaskProfile:
    """One task of a protocol.

    Attributes:
        languages: that are tested, source language included where it has a test split.
        training: hyperparameters; None where nothing is trained.
        learned_from: the training data in the source language, for people.
        learning_rates: for families of encoders; others take that of ``training``.
        selection: which checkpoint is taken; None where nothing is trained.
        retrieval: for tasks of retrieval without training.
        metric_name: the score of the task; None: that of its declaration.
        history: what is known of the official code and of differences between versions.
    """

    languages: tuple[str, ...]
    training: TrainingDefaults | None = None
    learned_from: str = ""
    learning_rates: ByEncoder = ()
    selection: SelectionRule | None = None
    retrieval: RetrievalRule | None = None
    metric_name: str | None = None
    history: tuple[str, ...] = ()

    def learning_rate(self, encoder: str) -> float | None:
        """The peak learning rate for an encoder by its name; None where nothing is trained.

        >>> entry = TaskProfile(("en",), TrainingDefaults(learning_rate=2e-5), learning_rates=(("xlm-r", 3e-5),))
        >>> entry.learning_rate("FacebookAI/XLM-R-large"), entry.learning_rate("mbert")
        (3e-05, 2e-05)
        """
        if self.training is None:
            return None
        return next(
            (rate for family, rate in self.learning_rates if _is_of(encoder, family)), self.training.learning_rate
        )

    def layer(self, encoder: str) -> int | None:
        """The hidden state of sentence vectors for an encoder by its name; None is the last, or not said."""
        layers = () if self.retrieval is None else self.retrieval.layers
        return next((layer for family, layer in layers if _is_of(encoder, family)), None)

    def facts(self) -> dict[str, str]:
        """Every setting in words, by name; history is left out."""
        facts = {"languages": " ".join(sorted(self.languages))}
        if self.training is not None:
            facts |= {"learned_from": self.learned_from, **dict(_said(self.training))}
            facts |= {f"learning_rate of {family}": f"{rate:g}" for family, rate in self.learning_rates}
        if self.selection is not None:
            facts["selection"] = str(self.selection)
        if self.retrieval is not None:
            facts |= dict(_said(self.retrieval))
            facts["layers"] = ", ".join(f"{layer} ({family})" for family, layer in self.retrieval.layers) or "last"
        if self.metric_name is not None:
            facts["metric"] = self.metric_name
        return facts


@dataclass(frozen=True, slots=True)
class Profile:
    """A published protocol.

    Attributes:
        reference: paper and code, with the version that was read.
        tasks: by the name of the task.
        history: what is known of the protocol as a whole.
    """

    name: str
    description: str
    reference: str
    tasks: Mapping[str, TaskProfile]
    history: tuple[str, ...] = ()

    def of(self, task: Task) -> TaskProfile | None:
        """The settings of a task, or of the task that it is a variant of; None where the protocol has neither."""
        entry = self.tasks.get(task.name)
        return entry or (self.tasks.get(task.variant_of) if task.variant_of else None)


def _is_of(encoder: str, family: str) -> bool:
    return family in encoder.lower()


def _said(settings: TrainingDefaults | RetrievalRule) -> Iterator[tuple[str, str]]:
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value is not None and field.name != "layers":
            yield field.name, f"{value:g}" if isinstance(value, float) else str(value)
