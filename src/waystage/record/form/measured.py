"""``scores.json``, ``costs.json``, ``context.json`` and ``departures.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from waystage.comparison import json_form
from waystage.comparison.results import SequenceCost


@dataclass(frozen=True, slots=True)
class Score:
    """A score, a fraction in [0, 1], and the node that it comes from."""

    sequence: str
    task: str
    language: str
    seed: int | None
    metric: str
    score: float
    n_examples: int
    score_id: str


@dataclass(frozen=True, slots=True)
class ScoresFile:
    """Every score: each cell, language and metric that was computed."""

    __pydantic_config__ = json_form.STRICT_FIELDS

    scores: tuple[Score, ...]
    schema_version: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class NodeCost:
    """What a node cost where it ran; None where it was not measured.

    Attributes:
        seconds: all of it; ``training_seconds``: the loop alone.
        n_text_tokens: tokens that carry text.
        flops: floating-point operations (one multiply-add is two).
        n_threads: that it computed with; another number may round sums differently.
        created_at: when it ended, ISO 8601 in UTC.
    """

    id: str
    kind: str
    label: str
    seconds: float | None
    training_seconds: float | None
    n_text_tokens: int | None
    flops: float | None
    peak_memory_bytes: int | None
    n_threads: int | None
    created_at: str | None


@dataclass(frozen=True, slots=True)
class CostsFile:
    """What sequences cost, shared stages counted in full, and what each node cost."""

    __pydantic_config__ = json_form.STRICT_FIELDS

    sequences: tuple[SequenceCost, ...]
    nodes: tuple[NodeCost, ...]
    schema_version: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class ContextFile:
    """What the comparison was broken down by beside scores and costs: see ``comparison.context.Context``."""

    __pydantic_config__ = json_form.STRICT_FIELDS

    categories: dict[str, str | None]
    groupings: dict[str, dict[str, str]]
    measures: dict[str, dict[str, float]]
    schema_version: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class TaskDepartures:
    """What differs from the protocol of a task, one sentence each. ``profile`` None: the task's own defaults."""

    task: str
    profile: str | None
    selection: str
    selects_on_target_language: bool
    departures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundOverlap:
    """Training data that has examples which a target is tested on.

    ``n_examples`` is None where it could not be told, since the files of the originals were missing.
    """

    target: str
    learned: str
    n_examples: int | None
    n_train: int


@dataclass(frozen=True, slots=True)
class DeparturesFile:
    """Departures from protocols, and overlaps of training data with tests where the study allowed them."""

    __pydantic_config__ = json_form.STRICT_FIELDS

    tasks: tuple[TaskDepartures, ...]
    overlaps: tuple[FoundOverlap, ...]
    schema_version: Literal[1] = 1
