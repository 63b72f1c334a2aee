"""What a metric is: per-example sufficient statistics, and a score computed from their sums.

Because every score is a function of sums of rows, a bootstrap resamples stored rows and never rescores text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from waystage.data.examples import Example

FloatArray: TypeAlias = NDArray[np.float64]
Prediction: TypeAlias = str | tuple[str, ...]
"""A label, the tags of a sentence, the id of the retrieved example, the position of a choice, or an answer's text."""


class Metric(Protocol):
    """A metric.

    ``columns`` names the statistics of one example; a metric of classification per class may need the label
    set, so metrics are made for a label set (see ``make_metric``).
    """

    @property
    def name(self) -> str:
        """The name used in study files and reports."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the statistics, one column each."""

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        """One row: the statistics of one example.

        Raises:
            ValueError: the gold is withheld, or the prediction does not fit it (say, another number of tags).
        """

    def score(self, sums: FloatArray) -> FloatArray:
        """Scores in [0, 1] of sums of rows, ``[..., n_columns]`` to ``[...]``; NaN where there is none."""


@runtime_checkable
class CaseMetric(Protocol):
    """A metric whose rows are cases of several examples (``waystage.data.examples.case_of``), not examples."""

    def joined(self, rows: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
        """The row of a case from those of its examples, at least one."""
