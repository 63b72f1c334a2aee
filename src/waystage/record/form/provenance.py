"""``study.json``, ``plan.json`` and ``lineage.json``: from every number back to what it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from waystage.claims.claim import Claim
from waystage.comparison import json_form
from waystage.store.artefact import FileEntry


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What scoring and comparing need of a target's task.

    Attributes:
        kind: of task, such as ``tagging``.
        metric: the one that is compared; ``metrics``: all that are computed, that one first.
        labels: the closed label set; empty where there is none.
        languages: those that were scored, in the order of the study, the source language among them where it was.
        source_language: left out of the mean over languages.
        licence: of the data, as its declaration says.
        limits: at most so many examples of a split; None takes all.
    """

    task: str
    kind: str
    metric: str
    metrics: tuple[str, ...]
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    source_language: str
    category: str | None
    licence: str
    reference: str
    limits: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class StudyFile:
    """The study with every name resolved.

    Attributes:
        sequences: name to the names of its stages, in order; the first list is empty for the encoder as it came.
        stages: name to everything that was decided about it (task or corpus, training, limits, selection).
        targets: task to the same.
        encoder: name, revision, layers.
        tasks: facts about the targets' tasks.
        claims: those that the study declares.
        description: what was asked.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    name: str
    description: str
    encoder: dict[str, Any]
    seeds: tuple[int, ...]
    baseline: str
    sequences: dict[str, tuple[str, ...]]
    stages: dict[str, dict[str, Any]]
    targets: dict[str, dict[str, Any]]
    tasks: tuple[TaskFacts, ...]
    claims: tuple[Claim, ...]
    allow_overlap: bool
    schema_version: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A unit of work. ``id`` is the SHA-256 of the canonical JSON of ``spec``, which decides the result."""

    id: str
    kind: str
    label: str
    parents: tuple[str, ...]
    spec: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """One sequence on one task with one seed (None: nothing about it is random), and the nodes that gave its score.

    ``stage_ids`` are its trainings in order; the last one is the checkpoint that predicted. Empty: the encoder did.
    """

    sequence: str
    task: str
    seed: int | None
    stage_ids: tuple[str, ...]
    prediction_id: str
    score_id: str
    validation_score_id: str | None = None


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What was done: nodes after their parents, prepared data among them, and cells."""

    __pydantic_config__ = json_form.STRICT_FIELDS

    encoder_id: str
    nodes: tuple[PlannedNode, ...]
    cells: tuple[PlannedCell, ...]
    schema_version: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Produced:
    """What a node left in the store: its files by digest. ``content_digest`` is that of the table of files."""

    id: str
    kind: str
    files: dict[str, FileEntry]
    content_digest: str


@dataclass(frozen=True, slots=True)
class ScoreLineage:
    """From a cell's scores back to the encoder, by ids of nodes; digests of each stand in ``artefacts``.

    Attributes:
        checkpoint_id: the training that predicted; None: the encoder as it came.
        training_ids: all trainings behind it, the first one first.
        training_data_ids: prepared text that any of them read.
        test_data_ids: language to its prepared examples.
        evidence: the file with the cell's answers.
        evidence_is_complete: the predictions in it are those of the store, byte for byte, and so can be checked
            against ``Produced.files``.
        statistics_are_complete: the same of the statistics.
    """

    sequence: str
    task: str
    seed: int | None
    score_id: str
    prediction_id: str
    checkpoint_id: str | None
    training_ids: tuple[str, ...]
    training_data_ids: tuple[str, ...]
    test_data_ids: dict[str, str]
    encoder_id: str
    evidence: str
    evidence_is_complete: bool
    statistics_are_complete: bool


@dataclass(frozen=True, slots=True)
class Lineage:
    """The lineage of every score, and what every node of the plan produced.

    ``encoder_identity`` says where the encoder came from: a package with version and digest, a hub id with commit, or
    digests of the files of a folder.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    encoder_id: str
    encoder_identity: dict[str, Any]
    scores: tuple[ScoreLineage, ...]
    artefacts: tuple[Produced, ...]
    schema_version: Literal[1] = 1
