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
from waystage.errors import DataError, Problem

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
    """

    sequence: str
    task: str
    language: str
    seed: int | None
    metric_name: str
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    statistics: FloatArray

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
        return cls(*names, form.seed, form.metric_name, form.columns, form.ids, statistics)


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
class Difference:
    """A difference of two scores with its 95 % interval. The claim is about these languages only.

    Attributes:
        value: first score minus second, in [-1, 1].
        low: lower end of the interval.
        high: upper end of the interval.
        standard_error: root of the squared seed part plus the squared example part.
        seed_error: part that comes from training randomness; None: one seed, so it cannot be known.
        example_error: part that comes from the sample of test examples.
        degrees_of_freedom: of the t distribution behind the interval (Cochran).
        p: two-sided; None where training randomness is unknown or no spread was seen.
        p_adjusted: p after the correction for its family of claims (see ``Comparison``).
        conclusive: False where the interval does not cover everything that can vary; ``note`` then says what.
        note: one sentence, or None.
    """

    value: float
    low: float
    high: float
    standard_error: float
    seed_error: float | None
    example_error: float
    degrees_of_freedom: float
    p: float | None
    p_adjusted: float | None
    conclusive: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class MeanScore:
    """A sequence's unweighted mean over the target languages of a task; over all tasks if ``task`` is None.

    Attributes:
        seeds: the seeds behind ``seed_scores``; empty where nothing is random, then ``seed_scores`` has one
            value.
        source_score: score in the source language, which is no part of the mean; None: not in the test data.
        n_languages: target languages in the mean; None for the mean over tasks.
        difference: to the baseline; None for the baseline itself.
    """

    sequence: str
    task: str | None
    score: float
    seeds: tuple[int, ...]
    seed_scores: tuple[float, ...]
    source_score: float | None
    n_languages: int | None
    difference: Difference | None


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
    """Which sequence is best on a task (``task`` None: over all tasks), if that is shown.

    Attributes:
        sequence: the best sequence; None where it is not shown to beat every other one.
        highest: the sequence with the highest score, shown or not.
        reason: one sentence.
        pairs: the tests behind it, p adjusted by Holm over them.
    """

    task: str | None
    sequence: str | None
    highest: str
    reason: str
    pairs: tuple[PairTest, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sequences compared over seeds, tasks, languages and examples.

    Families for ``p_adjusted``: Holm over the sequences of one task (and over those of the overall mean);
    for single languages, Benjamini-Hochberg over all languages and sequences of one task.
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

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return json_form.dump(self)

    @classmethod
    def from_json(cls, value: dict[str, Any], file: Path | str = "comparison") -> Comparison:
        """The comparison that ``to_json`` wrote; DataError where it is not one."""
        return json_form.load(cls, value, file)
