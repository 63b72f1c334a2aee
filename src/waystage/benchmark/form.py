"""What a form is: how one pair of files, gold and predictions of a language, becomes rows of statistics, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from waystage.data.examples import Example
from waystage.metrics.metric import FloatArray, Metric, Prediction


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that is reported of a language.

    Attributes:
        name: as the official evaluation names it.
        score: from sums of rows to fractions, ``[..., n_columns]`` to ``[...]``; NaN where there is none.
        is_averaged: the task's score is the mean of these over measures and languages.
    """

    name: str
    score: Callable[[FloatArray], FloatArray]
    is_averaged: bool = True


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """The statistics of each example of a language, in the order of the gold file.

    Attributes:
        statistics: float64, ``[n_examples, n_columns]``.
        n_unanswered: examples without a prediction, where the official evaluation counts those as 0.
        example_ids: of each row; None where an example is a line or a sentence, which is then numbered.
        notes: what the reader of the scores should know of the files.
    """

    statistics: FloatArray
    n_unanswered: int = 0
    example_ids: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """One id a row; the place in the file, from 1, where examples have no names."""
        return self.example_ids or tuple(map(str, range(1, len(self.statistics) + 1)))


class Form(Protocol):
    """A format of files with what is measured on them."""

    @property
    def extension(self) -> str:
        """Of both files, without the dot."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What is reported; each is a function of the same rows."""

    @property
    def metric(self) -> Metric:
        """What the task's score is the mean over languages of, from the same rows."""

    def score(self, gold: Path, predictions: Path, language: str) -> ScoredFile:
        """The statistics of one language.

        Raises:
            DataError: a file is unreadable, malformed, or does not fit the other; file and line are named.
        """

    def predictions_text(self, examples: Sequence[Example], predictions: Mapping[str, Prediction]) -> str:
        """The file of predictions, in the order of ``examples``; ``predictions`` are by id, one for each example."""

    def gold_text(self, examples: Sequence[Example]) -> str:
        """The file of labels that :meth:`score` reads such predictions against."""
