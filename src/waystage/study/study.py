"""A study: everything that was asked, with every name resolved.

These are plain frozen values. They come from a study file (``waystage.study.load``) or are built in Python.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeAlias

from waystage.claims.claim import Claim
from waystage.data.corpus import Corpus
from waystage.data.parallel import Pair, ParallelCorpus
from waystage.study.mixing import Sampling
from waystage.study.pretraining import MaskedLm, TranslationLm
from waystage.tasks.task import Task


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """The pretrained encoder that every sequence starts from.

    Attributes:
        name: a name in the registry of encoders, a hub id (``FacebookAI/xlm-roberta-base``) or a folder.
        revision: commit of a hub encoder; pinned to what was found when left out.
        n_layers: keep the first so many layers; None keeps all.
        trust_remote_code: run Python code that comes with a hub encoder. Never set but by the user.
    """

    name: str
    revision: str | None = None
    n_layers: int | None = None
    trust_remote_code: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many examples of a split, the same ones in every language; None takes all."""

    train: int | None = None
    validation: int | None = None
    test: int | None = None


@dataclass(frozen=True, slots=True)
class Windows:
    """How a context that is too long is read: see :class:`Training` for the two numbers."""

    stride: int
    max_question_tokens: int


class CostUnit(StrEnum):
    """In what two stages can be made to cost the same."""

    TOKENS = "tokens"
    EXAMPLES = "examples"
    FLOPS = "flops"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True)
class Match:
    """As much as the stage of that name takes, in a unit."""

    stage: str
    unit: CostUnit


@dataclass(frozen=True, slots=True)
class Lora:
    """Low-rank adapters (Hu et al. 2022): train ``B A alpha / rank`` beside each linear layer, and not the layer.

    Attributes:
        rank: columns of ``B`` and rows of ``A``.
        alpha: the update is scaled by ``alpha / rank``.
        dropout: of what an adapter reads, in [0, 1).
        modules: last parts of the names of the layers that get one, such as ``query``; empty takes all linear layers.
    """

    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    modules: tuple[str, ...] = ()


class Precision(StrEnum):
    """In what numbers the matrix products of training are computed; weights and moments are float32 always."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    AUTO = "auto"
    """The faster one on this machine, as measured; a plan holds what came out."""


@dataclass(frozen=True, slots=True)
class Training:
    """How one model is trained. Exactly one of ``epochs``, ``steps``, ``tokens``, ``examples``, ``flops``,
    ``seconds`` and ``match`` is set: the budget. A plan turns the last three into tokens or examples.

    Attributes:
        epochs: passes over the training examples (may be a fraction).
        steps: optimiser steps.
        tokens: tokens that carry text (special tokens included, padding not), rounded up to whole steps.
        examples: sequences that are learned from, each time counted, rounded up to whole steps.
        flops: floating-point operations, of a stage.
        seconds: of training on the machine where the study is planned, of a stage.
        match: as much as another stage takes.
        learning_rate: peak of the schedule (linear warm-up, then linear decay to 0).
        batch_size: sequences in one optimiser step.
        micro_batch_size: sequences in one forward pass; None takes all of a batch. It can change rounding,
            so it is part of a stage's identity.
        max_tokens: longest sequence, special tokens included.
        warmup_fraction: share of the steps that warm up, in [0, 1].
        warmup_steps: optimiser steps that warm up, instead of a share; at most all of them.
        weight_decay: decoupled (AdamW), not applied to biases, layer norms and embeddings.
        clip_norm: largest norm of the gradient.
        freeze_embeddings: leave the embeddings as they are.
        dropout: overrides the encoder's dropout, in [0, 1); None keeps it.
        stride: context tokens from one window to the next; set for the kinds that read windows alone.
        max_question_tokens: longest question in a window, or longest query of a dual encoder; set for these kinds
            alone.
        pooling: which vector the head reads, ``mean`` of all tokens or ``cls`` (the first token); for the kinds whose
            head reads one vector a sequence, without effect on the others.
        lora: train low-rank adapters and the head alone; None trains the layers themselves.
        precision: numbers of the matrix products; it changes results, so it is part of a stage's identity.
    """

    epochs: float | None = None
    steps: int | None = None
    tokens: int | None = None
    examples: int | None = None
    flops: float | None = None
    seconds: float | None = None
    match: Match | None = None
    learning_rate: float = 2e-5
    batch_size: int = 32
    micro_batch_size: int | None = None
    max_tokens: int = 128
    warmup_fraction: float = 0.0
    warmup_steps: int | None = None
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    freeze_embeddings: bool = False
    dropout: float | None = None
    stride: int | None = None
    max_question_tokens: int | None = None
    pooling: str = "mean"
    lora: Lora | None = None
    precision: Precision = Precision.FLOAT32

    @property
    def trains_embeddings(self) -> bool:
        """Whether the token embeddings change; adapters leave them."""
        return not self.freeze_embeddings and self.lora is None

    @property
    def windows(self) -> Windows | None:
        """The lengths of windows; None for the kinds that read none."""
        if self.stride is None or self.max_question_tokens is None:
            return None
        return Windows(self.stride, self.max_question_tokens)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which checkpoint of a training is taken.

    Attributes:
        rule: ``last``: the last one, whatever its score; ``best``: the one that scores best on validation data, the
            earliest of equal ones. The last step is always scored.
        language: the selection language, whose validation data is scored. Any but the source language is not
            zero-shot.
        metric_name: what is scored.
        every_steps: optimiser steps from one evaluation to the next; this or ``times_per_epoch``, for ``best`` alone.
        times_per_epoch: evaluations in one pass over the training data.
        patience: stop after so many evaluations without a better score; None never stops early.
        oracle_languages: languages whose own best checkpoint is noted, and never taken.
    """

    rule: Literal["last", "best"]
    language: str
    metric_name: str
    every_steps: int | None = None
    times_per_epoch: int | None = None
    patience: int | None = None
    oracle_languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The labelled examples that a stage or target learns from.

    Attributes:
        task: whose training split.
        languages: in which languages; at least one.
        limit: at most so many examples a language; None takes all.
        shots: so many examples of each language but the source language, drawn by the seed; None draws none.
    """

    task: Task
    languages: tuple[str, ...]
    limit: int | None = None
    shots: int | None = None

    @property
    def key(self) -> TrainingKey:
        """What tells it from others in a study."""
        return self.task.name, self.languages, self.limit, self.shots

    @property
    def foreign_languages(self) -> tuple[str, ...]:
        """The languages but the source language: in these, nothing learned from this data is zero-shot."""
        return tuple(language for language in self.languages if language != self.task.source_language)

    def most_in(self, language: str) -> int | None:
        """The largest number of examples in a language; None: all."""
        is_shot = self.shots is not None and language != self.task.source_language
        return self.shots if is_shot else self.limit

    @property
    def is_drawn(self) -> bool:
        """Whether the seed decides which examples there are."""
        return self.shots is not None and bool(self.foreign_languages)


TrainingKey: TypeAlias = tuple[str, tuple[str, ...], int | None, int | None]


@dataclass(frozen=True, slots=True)
class IntermediateStage:
    """Training on a labelled task before the target; its head is dropped.

    ``selection`` is None where the last checkpoint is taken and nothing is scored. ``train_languages`` are those of the
    training data, empty: the source language; ``shots`` as in :class:`TrainingData`.
    """

    name: str
    task: Task
    training: Training
    limits: Limits = Limits()
    selection: Selection | None = None
    train_languages: tuple[str, ...] = ()
    shots: int | None = None

    @property
    def parts(self) -> tuple[IntermediateStage]:
        """Itself."""
        return (self,)

    @property
    def learned(self) -> TrainingData:
        """What it learns from."""
        return TrainingData(
            self.task, self.train_languages or (self.task.source_language,), self.limits.train, self.shots
        )

    def validation_task(self, language: str) -> Task:
        """Whose validation data in ``language`` is scored."""
        return self.task


@dataclass(frozen=True, slots=True)
class ContinuedStage:
    """Continued pretraining: masked LM on a multilingual corpus.

    Attributes:
        languages: languages of the corpus that take part.
        masked_lm: how they are sampled, packed and masked.
    """

    name: str
    corpus: Corpus
    languages: tuple[str, ...]
    training: Training
    masked_lm: MaskedLm = field(default_factory=MaskedLm)

    @property
    def parts(self) -> tuple[ContinuedStage]:
        """Itself."""
        return (self,)


@dataclass(frozen=True, slots=True)
class ParallelStage:
    """Continued pretraining: translation LM on the sentence pairs of a parallel corpus, in ``pairs`` of languages."""

    name: str
    corpus: ParallelCorpus
    pairs: tuple[Pair, ...]
    training: Training
    translation_lm: TranslationLm = field(default_factory=TranslationLm)

    @property
    def parts(self) -> tuple[ParallelStage]:
        """Itself."""
        return (self,)


PlainStage: TypeAlias = IntermediateStage | ContinuedStage | ParallelStage


@dataclass(frozen=True, slots=True)
class MixedStage:
    """Several stages in one: each optimiser step is one of theirs.

    Attributes:
        parts: at least two. Of their training only counts how an example is read (lengths and pooling). The checkpoint
            is the one with the best mean score over the parts with a ``selection``; the last where none has one.
        rates: share of the steps of each part, in (0, 1); None leaves it to ``sampling``.
        training: how all of them are trained.
        sampling: how the steps that are left are shared among the parts without a rate.
        shares_head: the labelled tasks have one head, and so one label set; otherwise each has its own.
    """

    name: str
    parts: tuple[PlainStage, ...]
    rates: tuple[float | None, ...]
    training: Training
    sampling: Sampling = field(default_factory=Sampling)
    shares_head: bool = False


Stage: TypeAlias = PlainStage | MixedStage


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """How a sentence becomes a vector. Always recorded: a retrieval score means nothing without it.

    Attributes:
        layer: index into the hidden states (0: embeddings, 1: first layer); None takes the last.
        pooling: ``mean`` over all tokens, special tokens included, or ``cls`` (the first token).
        text_prefix: put before every sentence (``"query: "`` for E5 encoders).
        candidate_prefix: put before every text that is searched instead (``"passage: "``); None takes ``text_prefix``.
        score: how vectors are compared: ``cosine``, or ``margin``, the cosine over the mean cosine of the nearest
            neighbours of both (Artetxe and Schwenk 2019).
        direction: of sentence retrieval: ``forward``, sentences of the source language are the queries, or
            ``backward``, they are searched.
        max_tokens: longest sentence, special tokens included; of a dual encoder, longest candidate.
    """

    layer: int | None = None
    pooling: str = "mean"
    text_prefix: str = ""
    candidate_prefix: str | None = None
    score: str = "cosine"
    direction: str = "forward"
    max_tokens: int = 128

    @property
    def uses_margin(self) -> bool:
        """Whether the score is the margin."""
        return self.score == "margin"

    @property
    def is_forward(self) -> bool:
        """Whether sentences of the source language are the queries."""
        return self.direction == "forward"

    @property
    def prefixes(self) -> tuple[str, str]:
        """What is put before a query and before a candidate."""
        return self.text_prefix, self.text_prefix if self.candidate_prefix is None else self.candidate_prefix


@dataclass(frozen=True, slots=True)
class Target:
    """A task that every sequence is scored on, zero-shot.

    ``training`` is None where nothing is trained, ``retrieval`` where no vectors are compared. ``n_layers`` keeps
    the first so many layers of the sequence's encoder for this target; None keeps all. ``train_task`` is
    another task of the same kind and labels, from whose training data the target is learned (a departure from
    the protocol, to be recorded); None learns from the task's own. ``selection`` says which checkpoint is scored on the
    test data; None takes the last and scores none on validation data. ``profile`` names the published protocol that
    gave what the study left out; None: the task's defaults did. ``train_languages`` and ``shots`` are as in
    :class:`IntermediateStage`: with languages but the source language, it is not zero-shot there.
    """

    task: Task
    languages: tuple[str, ...]
    training: Training | None
    retrieval: RetrievalSettings | None
    limits: Limits = Limits()
    n_layers: int | None = None
    train_task: Task | None = None
    selection: Selection | None = None
    profile: str | None = None
    train_languages: tuple[str, ...] = ()
    shots: int | None = None

    @property
    def learned(self) -> TrainingData | None:
        """What it learns from; None where nothing is trained."""
        if self.training is None:
            return None
        task = self.train_task or self.task
        return TrainingData(task, self.train_languages or (task.source_language,), self.limits.train, self.shots)

    def validation_task(self, language: str) -> Task:
        """Whose validation data is scored: that of the task learned from, or the target's own in another language."""
        learned = self.train_task or self.task
        return learned if language == learned.source_language else self.task


@dataclass(frozen=True, slots=True)
class Study:
    """A study.

    ``sequences`` maps a sequence's name to its stages, in order; the empty tuple is the encoder as it came.
    ``baseline`` is the sequence that the others are compared with. ``allow_overlap`` lets stages and targets learn from
    examples that a target is tested on; the record says where they do. ``claims`` are decided from the record.
    """

    name: str
    encoder: EncoderChoice
    sequences: dict[str, tuple[Stage, ...]]
    targets: tuple[Target, ...]
    seeds: tuple[int, ...]
    baseline: str
    output_dir: Path
    allow_overlap: bool = False
    study_dir: Path = field(default_factory=Path.cwd)
    data_dir: Path | None = None
    description: str = ""
    claims: tuple[Claim, ...] = ()
