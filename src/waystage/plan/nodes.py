"""The nodes of a plan: what has to be done once, and its address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from waystage.data.prepare import PreparedText
from waystage.data.source import Split
from waystage.encoders.sources import EncoderSource
from waystage.study.pretraining import MaskedLm
from waystage.study.study import RetrievalSettings, Selection, Training, Windows


@dataclass(frozen=True, slots=True)
class EncoderJob:
    """Put the pretrained encoder into the store."""

    source: EncoderSource
    trust_remote_code: bool


@dataclass(frozen=True, slots=True)
class CheckpointChoice:
    """Take the checkpoint that scores best; ``data`` is the validation data of each language that is scored."""

    rule: Selection
    data: dict[str, PreparedText]


@dataclass(frozen=True, slots=True)
class SupervisedJob:
    """Train on a labelled task.

    ``kind_name`` is that of the task's kind; ``data`` is the training split. ``choice`` is None where the last
    checkpoint is taken.
    """

    kind_name: str
    labels: tuple[str, ...]
    data: PreparedText
    choice: CheckpointChoice | None = None


@dataclass(frozen=True, slots=True)
class MaskedLmJob:
    """Continue pretraining; ``data`` maps languages to prepared text."""

    data: dict[str, PreparedText]
    settings: MaskedLm


@dataclass(frozen=True, slots=True)
class TrainJob:
    """Train a model: from the encoder, or from the stage ``parent_id``."""

    encoder_id: str
    parent_id: str | None
    n_layers: int | None
    objective: SupervisedJob | MaskedLmJob
    training: Training
    seed: int


@dataclass(frozen=True, slots=True)
class PredictJob:
    """Predict a split in every language.

    ``model_id`` is a trained stage, or None for the encoder as it came; ``retrieval`` is None for kinds with a head,
    ``windows`` for those that read none; ``pooling`` says what the head reads where that is one vector a sequence.
    """

    encoder_id: str
    model_id: str | None
    n_layers: int | None
    kind_name: str
    labels: tuple[str, ...]
    data: dict[str, PreparedText]
    max_tokens: int
    retrieval: RetrievalSettings | None
    windows: Windows | None = None
    pooling: str | None = None
    split: Split = "test"


@dataclass(frozen=True, slots=True)
class ScoreJob:
    """Per-example statistics of predictions, for each metric of the kind."""

    prediction_id: str
    labels: tuple[str, ...]
    data: dict[str, PreparedText]
    metric_names: tuple[str, ...]
    split: Split = "test"


Job: TypeAlias = EncoderJob | TrainJob | PredictJob | ScoreJob


@dataclass(frozen=True, slots=True)
class Work:
    """An estimate of a node's work, from counts of characters.

    Attributes:
        n_tokens: tokens that carry text.
        training_flops: floating-point operations of forward and backward passes.
        prediction_flops: floating-point operations of forward passes.
        memory_bytes: peak memory above the bare process.
    """

    n_tokens: float = 0.0
    training_flops: float = 0.0
    prediction_flops: float = 0.0
    memory_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Node:
    """A unit of work with a content address.

    Attributes:
        id: SHA-256 of the canonical JSON of ``spec``.
        label: for people, such as ``sentiment (seed 1)``.
        spec: everything that decides the result, and nothing else.
        parents: ids of the nodes whose results it reads.
    """

    id: str
    label: str
    spec: dict[str, Any]
    parents: tuple[str, ...]
    job: Job
    work: Work

    @property
    def kind(self) -> str:
        """``encoder``, ``train``, ``predict`` or ``score``."""
        return str(self.spec["kind"])
