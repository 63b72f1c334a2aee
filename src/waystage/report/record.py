"""Everything that a report says, as plain values, written when a run ends; a report needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from waystage.comparison import json_form
from waystage.comparison.results import Comparison, SequenceCost

SCHEMA_VERSION: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Fact:
    """A named value, shown as it is: a package and its version, a setting and what it was."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SequenceSteps:
    """A sequence and what happens in it before the target task, in order; nothing: the encoder as it came."""

    sequence: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A unique stage. ``state`` is a word such as ``done``; ``seconds`` is None where not measured."""

    id: str
    kind: str
    label: str
    parents: tuple[str, ...]
    state: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """The stages that were run. ``n_naive`` counts them as if no two sequences shared any."""

    nodes: tuple[PlanNode, ...]
    n_unique: int
    n_naive: int


@dataclass(frozen=True, slots=True)
class TaskProtocol:
    """How a task was trained and scored.

    Attributes:
        languages: test languages, source language included where it has a test split.
        training: the hyperparameters; empty for kinds without a head.
        layer: of the sentence vectors, for retrieval.
        pooling: of the sentence vectors, for retrieval.
        selection: which checkpoint was taken and on whose data.
        departures: what differs from the task's published protocol, one sentence each.
    """

    task: str
    kind: str
    metric: str
    source_language: str
    languages: tuple[str, ...]
    training: tuple[Fact, ...]
    layer: str | None
    pooling: str | None
    selection: str
    departures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EncoderRecord:
    """The encoder that every sequence starts from. ``digest`` is of its weights."""

    name: str
    source: str
    digest: str
    n_layers: int
    licence: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The record of a run.

    Attributes:
        question: what was asked, one sentence.
        study_yaml: the study file, as it was.
        environment: versions, processor, cores, state of the source tree.
        command: the command line that repeats the run.
        created_at: ISO 8601 with time zone.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    study_name: str
    description: str
    question: str
    study_yaml: str
    sequences: tuple[SequenceSteps, ...]
    seeds: tuple[int, ...]
    encoder: EncoderRecord
    plan: PlanRecord
    protocol: tuple[TaskProtocol, ...]
    environment: tuple[Fact, ...]
    costs: tuple[SequenceCost, ...]
    comparison: Comparison
    command: str
    created_at: str
    schema_version: Literal[1] = SCHEMA_VERSION

    def cost(self, sequence: str) -> SequenceCost | None:
        """The cost of a sequence; None where it was not recorded."""
        return next((cost for cost in self.costs if cost.sequence == sequence), None)

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return json_form.dump(self)

    @classmethod
    def from_json(cls, value: dict[str, Any], file: Path | str = "record") -> RunRecord:
        """The record that ``to_json`` wrote.

        Raises:
            DataError: a field is missing, unknown or of another type; every such field is named.
        """
        return json_form.load(cls, value, file)
