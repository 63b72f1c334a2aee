"""The declaration of a task: every fact about it stands here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field

from waystage.data.source import PoolSource, Source, Split
from waystage.tasks.kinds import Kind


@dataclass(frozen=True, slots=True)
class TrainingDefaults:
    """How a task is trained: what a protocol says of it, or what counts where there is none.

    The fields are those of a study's training; warm-up is ``warmup_steps``, or a share of the steps where that is None.
    """

    epochs: float = 1.0
    learning_rate: float = 2e-5
    batch_size: int = 32
    micro_batch_size: int | None = None
    max_tokens: int = 128
    warmup_fraction: float = 0.0
    warmup_steps: int | None = None
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    stride: int | None = None
    max_question_tokens: int | None = None
    pooling: str = "mean"


@dataclass(frozen=True, slots=True)
class Original:
    """Examples in the source language that the test examples of a task are, or are translations of."""

    source: Source
    split: Split


@dataclass(frozen=True, slots=True)
class Task:
    """A task.

    ``languages`` are those of the test split, source language included where it has one; ``labels`` is the closed label
    set in head order, empty for kinds without a head. ``expected_counts`` maps ``(split, language)`` to the published
    number of examples. ``originals`` are what no training data of a study may hold unless the study says so.
    ``other_metric_names`` are scored besides ``metric_name``; None takes those of the kind. ``variant_of`` names the
    task that this is with other data. ``training`` is given only where no published protocol says how the task is
    trained (``waystage.protocols``). ``pool`` reads what is searched, for kinds with a pool.
    ``obtain`` says where the published files are to be had and why no copy on the hub is read, for tasks without one.
    """

    name: str
    kind: Kind
    source: Source
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    metric_name: str
    description: str
    licence: str
    reference: str
    source_language: str = "en"
    training: TrainingDefaults | None = None
    expected_counts: dict[tuple[Split, str], int] = field(default_factory=dict)
    originals: tuple[Original, ...] = ()
    other_metric_names: tuple[str, ...] | None = None
    variant_of: str | None = None
    pool: PoolSource | None = None
    obtain: str | None = None

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Everything that is scored, the task's own metric first."""
        others = self.kind.metric_names if self.other_metric_names is None else self.other_metric_names
        return (self.metric_name, *(name for name in others if name != self.metric_name))

    @property
    def target_languages(self) -> tuple[str, ...]:
        """The test languages that are not the source language: those that a zero-shot score speaks of."""
        return tuple(language for language in self.languages if language != self.source_language)
