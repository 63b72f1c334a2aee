"""The declaration of a task: every fact about it stands here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field

from waystage.data.source import PoolSource, Source, Split
from waystage.tasks.kinds import Kind


@dataclass(frozen=True, slots=True)
class TrainingDefaults:
    """How the task is trained unless the study says otherwise (from its published protocol where there is one)."""

    epochs: float = 1.0
    learning_rate: float = 2e-5
    batch_size: int = 32
    micro_batch_size: int | None = None
    max_tokens: int = 128
    warmup_fraction: float = 0.0
    weight_decay: float = 0.0
    stride: int | None = None
    max_question_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """Examples in the source language that the test examples of a task are, or are translations of."""

    source: Source
    split: Split


@dataclass(frozen=True, slots=True)
class Task:
    """A task.

    ``languages`` are those of the test split, source language included where it has one; ``labels`` is the closed label
    set in head order, empty for kinds without a head. ``text_prefix`` is prepended to every text (E5 encoders expect
    one in retrieval). ``expected_counts`` maps ``(split, language)`` to the published number of examples. ``originals``
    are what no training data of a study may hold unless the study says so.
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
    training: TrainingDefaults = TrainingDefaults()
    expected_counts: dict[tuple[Split, str], int] = field(default_factory=dict)
    originals: tuple[Original, ...] = ()
    pool: PoolSource | None = None
    pooling: str = "mean"

    @property
    def target_languages(self) -> tuple[str, ...]:
        """The test languages that are not the source language: those that a zero-shot score speaks of."""
        return tuple(language for language in self.languages if language != self.source_language)
