"""The nodes of a plan: what has to be done once, and its address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from waystage.data.prepare import PreparedText
from waystage.data.source import Split
from waystage.encoders.sources import EncoderSource
from waystage.study.mixing import Sampling
from waystage.study.pretraining import MaskedLm, TranslationLm
from waystage.study.study import Precision, RetrievalSettings, Selection, Training, Windows


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
    checkpoint is taken; ``retrieval`` says how a dual encoder makes vectors, and is None for the other kinds.
    """

    kind_name: str
    labels: tuple[str, ...]
    data: PreparedText
    choice: CheckpointChoice | None = None
    retrieval: RetrievalSettings | None = None


@dataclass(frozen=True, slots=True)
class MaskedLmJob:
    """Continue pretraining; ``data`` maps languages to prepared text."""

    data: dict[str, PreparedText]
    settings: MaskedLm


@dataclass(frozen=True, slots=True)
class TranslationLmJob:
    """Continue pretraining on sentence pairs; ``data`` maps names of pairs of languages to prepared text."""

    data: dict[str, PreparedText]
    settings: TranslationLm


PlainObjective: TypeAlias = SupervisedJob | MaskedLmJob | TranslationLmJob


@dataclass(frozen=True, slots=True)
class MemberJob:
    """One of the objectives of a mixture.

    Attributes:
        training: says how its text is read (lengths and pooling); the rest is that of the mixture.
        rate: share of the steps; None leaves it to the sampling.
    """

    objective: PlainObjective
    training: Training
    rate: float | None


@dataclass(frozen=True, slots=True)
class MixtureJob:
    """Train on several objectives in turn; see :class:`waystage.study.study.MixedStage`."""

    members: tuple[MemberJob, ...]
    sampling: Sampling
    shares_head: bool

    def deciding(self) -> dict[int, tuple[SupervisedJob, CheckpointChoice]]:
        """The members by whose validation data the checkpoint is chosen, by their place; none where it is the last."""
        return {
            place: (member.objective, member.objective.choice)
            for place, member in enumerate(self.members)
            if isinstance(member.objective, SupervisedJob) and member.objective.choice is not None
        }


@dataclass(frozen=True, slots=True)
class TrainJob:
    """Train a model: from the encoder, or from the stage ``parent_id``."""

    encoder_id: str
    parent_id: str | None
    n_layers: int | None
    objective: PlainObjective | MixtureJob
    training: Training
    seed: int


@dataclass(frozen=True, slots=True)
class Searched:
    """What the queries of a target are looked for among, and what says how good a match has to be.

    Attributes:
        pools: candidates by language; in one entry where all languages search the same.
        validation: queries of the validation split by language, and
        validation_pools: their candidates; both empty where no threshold is fitted.
        max_query_tokens: longest query; None takes the longest sequence.
    """

    pools: dict[str, PreparedText]
    validation: dict[str, PreparedText]
    validation_pools: dict[str, PreparedText]
    max_query_tokens: int | None = None

    @property
    def texts(self) -> tuple[PreparedText, ...]:
        """All of it, in the order of language codes."""
        parts = (self.pools, self.validation, self.validation_pools)
        return tuple(text for part in parts for _, text in sorted(part.items()))

    def spec(self) -> dict[str, Any]:
        """What of it decides predictions."""
        parts = {"pools": self.pools, "validation": self.validation, "validation_pools": self.validation_pools}
        ids = {name: {language: text.artefact_id for language, text in part.items()} for name, part in parts.items()}
        return {**ids, "max_query_tokens": self.max_query_tokens}


@dataclass(frozen=True, slots=True)
class PredictJob:
    """Predict a split in every language.

    ``model_id`` is a trained stage, or None for the encoder as it came; ``retrieval`` is None for kinds that compare no
    vectors, ``windows`` for those that read none; ``pooling`` says what the head reads where that is one vector a
    sequence; ``searched`` is None where no pool of candidates is searched; ``precision`` is that of the training.
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
    searched: Searched | None = None
    precision: Precision = Precision.FLOAT32


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
