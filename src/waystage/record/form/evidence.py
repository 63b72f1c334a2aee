"""``evidence/``: what was answered for each example, as far as licences allow, and what can be scored from it.

No text of a data set is ever in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from waystage.comparison import json_form

EvidenceKind: TypeAlias = Literal["answers and gold", "answers", "digests"]
"""What stands for an example beside its statistics.

``answers and gold``: the prediction and the gold, both labels, tags, positions or ids. ``answers``: the prediction
alone, since the licence does not let the annotations be given away. ``digests``: the prediction is text of the data
set, so only its SHA-256 is there.
"""

Answer: TypeAlias = str | tuple[str, ...]
"""A label, the tags of a sentence, the position of a choice as text, the id of what was found, ids by rank."""


@dataclass(frozen=True, slots=True)
class LanguageExamples:
    """The test examples of a task in one language, in the order of the data.

    Attributes:
        data_id: the prepared data (a node of the plan).
        ids: one an example, unique.
        gold: one an example: a label, tags, a position, the id or ids of what is to be found. None: not given away.
    """

    data_id: str
    ids: tuple[str, ...]
    gold: tuple[Answer, ...] | None


@dataclass(frozen=True, slots=True)
class ExamplesEvidence:
    """The test examples of a task.

    ``ids_are`` is ``kept`` for the ids of the data set and ``ranks`` where these could hold text: then each stands for
    its place in the sorted order of all ids of the task, which is all that comparing needs.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    task: str
    evidence: EvidenceKind
    ids_are: Literal["kept", "ranks"]
    languages: dict[str, LanguageExamples]
    schema_version: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Sparse:
    """A column that is mostly 0: the places (from 0, ascending) where it is not, and what stands there."""

    at: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class MetricStatistics:
    """Sufficient statistics: the score of a set of examples is a function of sums of rows.

    ``values`` has an entry a column: one number an example in the order of the ids, or, where most are 0, those that
    are not. :meth:`matrix` gives them as they are used.
    """

    columns: tuple[str, ...]
    values: tuple[tuple[float, ...] | Sparse, ...]

    def matrix(self, n_examples: int) -> NDArray[np.float64]:
        """float64 ``[n_examples, n_columns]``.

        Raises:
            ValueError: a column has another length, or a place that is out of range or not in order.

        >>> MetricStatistics(("right", "rare"), ((1.0, 0.0), Sparse((1,), (3.0,)))).matrix(2).tolist()
        [[1.0, 0.0], [0.0, 3.0]]
        """
        if len(self.values) != len(self.columns):
            raise ValueError(f"{len(self.values)} columns of values for {len(self.columns)} names")
        rows = np.zeros((n_examples, len(self.columns)))
        for place, column in enumerate(self.values):
            if not isinstance(column, Sparse):
                if len(column) != n_examples:
                    raise ValueError(f"{len(column)} values in {self.columns[place]!r} for {n_examples} examples")
                rows[:, place] = column
                continue
            at = np.array(column.at, dtype=np.int64)
            is_ordered = bool(np.all(np.diff(at, prepend=-1) > 0)) and not np.any(at >= n_examples)
            if len(at) != len(column.values) or not is_ordered:
                raise ValueError(f"the places in {self.columns[place]!r} are not those of {n_examples} examples")
            rows[at, place] = column.values
        return rows

    @classmethod
    def of(cls, columns: tuple[str, ...], rows: NDArray[np.float64]) -> Self:
        """What ``matrix`` gives back."""
        return cls(columns, tuple(_column(rows[:, place]) for place in range(len(columns))))


def _column(numbers: NDArray[np.float64]) -> tuple[float, ...] | Sparse:
    at = np.flatnonzero(numbers)
    if 4 * len(at) < len(numbers):
        return Sparse(tuple(map(int, at)), tuple(map(float, numbers[at])))
    return tuple(map(float, numbers))


@dataclass(frozen=True, slots=True)
class LanguageAnswers:
    """What was answered in one language, in the order of the ids.

    Attributes:
        answers: None where the evidence is ``digests``.
        digests: SHA-256 of the answer in UTF-8, the first 32 hex digits; None where answers are there.
        statistics: metric to its statistics.
    """

    answers: tuple[Answer, ...] | None
    digests: tuple[str, ...] | None
    statistics: dict[str, MetricStatistics]


@dataclass(frozen=True, slots=True)
class CellEvidence:
    """What one sequence answered on one task with one seed."""

    __pydantic_config__ = json_form.STRICT_FIELDS

    sequence: str
    task: str
    seed: int | None
    prediction_id: str
    languages: dict[str, LanguageAnswers]
    schema_version: Literal[1] = 1
