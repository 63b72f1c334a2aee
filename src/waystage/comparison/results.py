"""What is compared and what comes out: plain frozen values with a JSON form.

Scores are fractions in [0, 1] and differences are fractions too; only the report multiplies by 100. A value
that is not known is None (null in JSON), never NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from waystage.comparison import json_form
from waystage.comparison.claims import (
    CostGain,
    Difference,
    GroupScore,
    Recommendation,
    Scope,
    StochasticOrder,
    TransferGap,
)
from waystage.errors import DataError, Problem

__all__ = [
    "CONFIDENCE",
    "Best",
    "CellScores",
    "Comparison",
    "Difference",
    "FloatArray",
    "LanguageScore",
    "MeanScore",
    "PairTest",
    "SequenceCost",
]

FloatArray: TypeAlias = NDArray[np.float64]

SCHEMA_VERSION: Literal[1] = 1
CONFIDENCE = 0.95
"""Level of every interval."""


@dataclass(frozen=True, eq=False)
class CellScores:
    """The per-example statistics of one sequence on one task in one language with one seed.

    Attributes:
        seed: None where nothing is random (retrieval with the untouched encoder): the same value for every
            seed.
        columns: names of the statistics, as the metric gives them.
        ids: one id an example, unique.
        statistics: float64 ``[n_examples, n_columns]``, one row an id.
        protocol: a digest or name of how the task was learned and scored; cells of one task that name
            different ones are not compared. None: not known.
    """

    sequence: str
    task: str
    language: str
    seed: int | None
    metric_name: str
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    statistics: FloatArray
    protocol: str | None = None

    @property
    def place(self) -> str:
        """How messages name this cell."""
        seed = "no seed" if self.seed is None else f"seed {self.seed}"
        return f"{self.sequence} / {self.task} / {self.language} / {seed}"

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return {
            "schema_version": SCHEMA_VERSION,
            "sequence": self.sequence,
            "task": self.task,
            "language": self.language,
            "seed": self.seed,
            "metric_name": self.metric_name,
            "columns": list(self.columns),
            "ids": list(self.ids),
            "statistics": self.statistics.tolist(),
            "protocol": self.protocol,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any], file: Path | str = "scores") -> CellScores:
        """The cell that ``to_json`` wrote.

        Raises:
            DataError: a field is missing or of another type.
        """
        form = json_form.load(_CellForm, value, file)
        n_columns = len(form.columns)
        ragged = [row for row, numbers in enumerate(form.statistics) if len(numbers) != n_columns]
        if ragged or len(form.statistics) != len(form.ids):
            found = f"{len(form.statistics)} rows, {len(ragged)} of another length"
            expected = f"{len(form.ids)} rows of {n_columns} numbers"
            raise DataError(Problem(file, None, "statistics", found, expected))
        statistics = np.array(form.statistics, dtype=np.float64).reshape(len(form.ids), n_columns)
        names = (form.sequence, form.task, form.language)
        return cls(*names, form.seed, form.metric_name, form.columns, form.ids, statistics, form.protocol)


@dataclass(frozen=True, slots=True)
class _CellForm:
    """The JSON form of a cell, for checking what is read."""

    __pydantic_config__ = json_form.STRICT_FIELDS

    sequence: str
    task: str
    language: str
    seed: int | None
    metric_name: str
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    statistics: tuple[tuple[float, ...], ...]
    schema_version: Literal[1]
    protocol: str | None = None


@dataclass(frozen=True, slots=True)
class SequenceCost:
    """What it takes to train a sequence and all its targets from nothing, shared stages counted in full.

    None where it is not known. ``flops`` are floating-point operations (one multiply-add is two).
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    sequence: str
    seconds: float | None
    n_tokens: int | None
    flops: float | None
    n_stages: int

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return json_form.dump(self)

    @classmethod
    def from_json(cls, value: dict[str, Any], file: Path | str = "costs") -> SequenceCost:
        """The cost that ``to_json`` wrote; DataError where it is not one."""
        return json_form.load(cls, value, file)


@dataclass(frozen=True, slots=True)
class MeanScore:
    """A sequence's unweighted mean over the target languages of a task, or a mean of such means over tasks.

    Attributes:
        task: None: over the tasks of ``category``; over all tasks if that is None too.
        seeds: the seeds behind ``seed_scores``; empty where nothing is random, then ``seed_scores`` has one
            value.
        source_score: score in the source language, which is no part of the mean; None: not in the test data.
        n_languages: target languages in the mean; None for means over tasks.
        difference: to the baseline, for these languages; None for the baseline itself.
        general_difference: the same for languages like these.
    """

    sequence: str
    task: str | None
    score: float
    seeds: tuple[int, ...]
    seed_scores: tuple[float, ...]
    source_score: float | None
    n_languages: int | None
    difference: Difference | None
    general_difference: Difference | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class LanguageScore:
    """A sequence's score on a task in one language: mean over seeds, value per seed, gain on the baseline."""

    sequence: str
    task: str
    language: str
    is_source: bool
    n_examples: int
    score: float
    seeds: tuple[int, ...]
    seed_scores: tuple[float, ...]
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class PairTest:
    """The sequence with the highest score against another one; ``difference`` is highest minus other."""

    other: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Best:
    """Which sequence is best on a task or a category (both None: over all tasks), if that is shown.

    Attributes:
        sequence: the best sequence; None where it is not shown to beat every other one.
        highest: the sequence with the highest score, shown or not.
        reason: one sentence.
        pairs: the tests behind it, p adjusted by Holm over them.
        scope: what the claim speaks of.
    """

    task: str | None
    sequence: str | None
    highest: str
    reason: str
    pairs: tuple[PairTest, ...]
    category: str | None = None
    scope: Scope = "these languages"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sequences compared over seeds, tasks, languages and examples.

    Families for ``p_adjusted``, one a scope: Holm over the sequences of one task, of one category, and of the
    overall mean; Holm over the pairs of one ``Best``; Benjamini-Hochberg over the map of all languages, tasks
    and sequences, and over all groups, tasks and sequences of one property.

    Attributes:
        task_scores: sequence by task; ``overall_scores`` over all tasks; ``category_scores`` over the tasks of
            each category, empty where no task has one.
        best_by_task: for these languages, as ``best_by_category`` and ``best_overall``; those that begin with
            ``general`` are for languages like these.
        group_scores: by the properties of languages that were given.
        transfer_gaps: of tasks that are tested in their source language.
        cost_gains: one a sequence whose cost was given.
        stochastic_orders: each sequence over the baseline; empty unless asked for.
        recommendations: for all tasks, categories and single tasks, in both scopes; all tasks in these
            languages first.
        limits: what cannot be concluded from these scores, one sentence each.
        seeds_paired: the seed effects of one seed are taken as shared by all sequences.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    baseline: str
    sequences: tuple[str, ...]
    tasks: tuple[str, ...]
    seeds: tuple[int, ...]
    task_scores: tuple[MeanScore, ...]
    overall_scores: tuple[MeanScore, ...]
    language_scores: tuple[LanguageScore, ...]
    best_by_task: tuple[Best, ...]
    best_overall: Best
    n_resamples: int
    resampling_seed: int
    confidence: float = CONFIDENCE
    category_scores: tuple[MeanScore, ...] = ()
    best_by_category: tuple[Best, ...] = ()
    general_best_by_task: tuple[Best, ...] = ()
    general_best_by_category: tuple[Best, ...] = ()
    general_best_overall: Best | None = None
    group_scores: tuple[GroupScore, ...] = ()
    transfer_gaps: tuple[TransferGap, ...] = ()
    cost_gains: tuple[CostGain, ...] = ()
    stochastic_orders: tuple[StochasticOrder, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    limits: tuple[str, ...] = ()
    seeds_paired: bool = False
    schema_version: Literal[1] = SCHEMA_VERSION

    def mean_score(self, sequence: str, task: str | None) -> MeanScore:
        """The mean of a sequence on a task, or over all tasks for None.

        Raises:
            KeyError: there is no such sequence or task.
        """
        scores = self.overall_scores if task is None else self.task_scores
        for score in scores:
            if score.sequence == sequence and score.task == task:
                return score
        raise KeyError((sequence, task))

    def recommendation(self, task: str | None = None, scope: Scope = "these languages") -> Recommendation:
        """The recommendation for a task, or for all tasks for None.

        Raises:
            KeyError: there is no such task.
        """
        for own in self.recommendations:
            if own.category is None and (own.task, own.scope) == (task, scope):
                return own
        raise KeyError((task, scope))

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return json_form.dump(self)

    @classmethod
    def from_json(cls, value: dict[str, Any], file: Path | str = "comparison") -> Comparison:
        """The comparison that ``to_json`` wrote; DataError where it is not one."""
        return json_form.load(cls, value, file)
