"""The t distribution behind intervals: quantiles, p values and the degrees of freedom of a sum of variances.

scipy takes long to import, and most commands do not compare, so it is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from waystage.comparison.results import CONFIDENCE

UPPER = 0.5 + CONFIDENCE / 2
"""Level of the quantile at an interval's upper end."""


@dataclass(frozen=True, slots=True)
class Part:
    """One source's part of a squared standard error, and the independent deviations that it was seen in."""

    variance: float
    degrees_of_freedom: float


def t_quantile(degrees: float) -> float:
    """How many standard errors from the value an interval ends.

    >>> round(t_quantile(2), 2), round(t_quantile(8), 2)
    (4.3, 2.31)
    """
    from scipy.special import stdtrit

    return float(stdtrit(degrees, UPPER))


def effective_degrees(parts: Sequence[Part]) -> float:
    """Degrees of freedom of a sum of variances, each with its own (Cochran 1964).

    The quantile is the mean of the parts' quantiles, weighted by variance. The usual Welch-Satterthwaite
    formula is too bold with two seeds: a variance between seeds that comes out small by chance also raises
    its degrees.
    """
    from scipy.special import stdtridf

    total = sum(part.variance for part in parts)
    degrees = [part.degrees_of_freedom for part in parts]
    if total == 0.0 or len(parts) == 1:
        return float(min(degrees))
    quantile = sum(part.variance / total * t_quantile(part.degrees_of_freedom) for part in parts)
    return float(np.clip(stdtridf(UPPER, quantile), min(degrees), max(degrees)))


def two_sided_p(value: float, error: float, degrees: float) -> float | None:
    """Two-sided p of a t test; None for a difference without any spread to hold it against."""
    from scipy.special import stdtr

    if value == 0.0:
        return 1.0
    if error == 0.0:
        return None
    return float(np.clip(2 * stdtr(degrees, -abs(value) / error), 0.0, 1.0))


def probability_above(value: float, error: float, degrees: float) -> float:
    """Probability that the truth is above 0, where it is t distributed around the value; 1/2 where both are 0.

    >>> probability_above(0.0, 1.0, 5.0)
    0.5
    """
    from scipy.special import stdtr

    if error == 0.0:
        return 0.5 if value == 0.0 else float(value > 0.0)
    return float(stdtr(degrees, value / error))
