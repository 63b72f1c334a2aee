"""How far a training that was done again may lie from the first: as far as another seed would, and no further.

Seeds show how much a score moves when nothing of substance changes. Another machine or version changes less than that,
or something of substance. The difference of two runs that differ like two seeds has the standard deviation s √2, with s
the standard deviation between the seeds of a sequence, pooled over the sequences of a task; by a t distribution with
its degrees of freedom, it lies within t · s · √2 in 95 of 100 replications (all cells together: Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The largest difference that is let through, as a fraction, and what it was derived from."""

    allowed: float
    seed_deviation: float
    degrees_of_freedom: int
    n_compared: int

    def __str__(self) -> str:
        return (
            f"{100 * self.allowed:.2f} points, t · s · √2 with s = {100 * self.seed_deviation:.2f} points between "
            f"seeds, {self.degrees_of_freedom} degrees of freedom, {self.n_compared} compared"
        )


def tolerance(seed_scores: Sequence[Sequence[float]], n_compared: int) -> Tolerance | None:
    """From the scores of each sequence's seeds on a task; None where no sequence has two seeds.

    >>> found = tolerance([[0.50, 0.52], [0.60, 0.62]], 1)
    >>> round(found.seed_deviation, 4), round(found.allowed, 4)
    (0.0141, 0.0861)
    """
    from scipy.stats import t

    several = [np.asarray(own, dtype=np.float64) for own in seed_scores if len(own) > 1]
    degrees = sum(len(own) - 1 for own in several)
    if degrees == 0:
        return None
    variance = sum(float(np.square(own - own.mean()).sum()) for own in several) / degrees
    quantile = float(t.ppf(1 - (1 - LEVEL) / (2 * n_compared), degrees))
    return Tolerance(quantile * math.sqrt(2 * variance), math.sqrt(variance), degrees, n_compared)
