"""The interval of a difference between two sequences: a seed part and an example part.

docs/decisions/0003-intervals-with-few-seeds.md says why it is built like this.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from waystage.comparison.results import CONFIDENCE, Difference, FloatArray

UPPER = 0.5 + CONFIDENCE / 2
"""Level of the quantile at an interval's upper end."""
ONE_SEED = "one seed: nothing can be said about training randomness"
NO_SPREAD = "no spread was seen between examples or seeds, so there is no interval"


@dataclass(frozen=True, eq=False)
class RunScores:
    """One quantity of one sequence.

    Attributes:
        seeds: the seeds of ``values``; empty where nothing is random.
        values: scores ``[n_seeds]`` (``[1]`` where nothing is random).
        resampled: the same on resampled examples, ``[n_resamples, n_seeds]``.
    """

    seeds: tuple[int, ...]
    values: FloatArray
    resampled: FloatArray

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return float(self.values.mean())


@dataclass(frozen=True, slots=True)
class SeedVariance:
    """Variance between seeds of one sequence, and how many independent deviations stand behind it."""

    variance: float
    degrees_of_freedom: int


def pooled_seed_variance(scores: Iterable[RunScores]) -> SeedVariance | None:
    """Variance between seeds, pooled over sequences; None with one seed: then nothing is known."""
    random = [run.values for run in scores if len(run.seeds) > 1]
    degrees = sum(len(values) - 1 for values in random)
    if not degrees:
        return None
    squares = sum(float(((values - values.mean()) ** 2).sum()) for values in random)
    return SeedVariance(squares / degrees, degrees)


def difference(first: RunScores, second: RunScores, seeds: SeedVariance | None, n_examples: int) -> Difference:
    """First minus second, for these languages, with an interval over training seeds and test examples.

    Args:
        first: a sequence.
        second: another sequence, resampled with the same weights.
        seeds: the pooled variance between seeds.
        n_examples: size of the smallest test set that takes part.
    """
    value = first.mean - second.mean
    example_variance = _example_variance(first, second, n_examples)
    inverse_counts = sum(1 / len(run.seeds) for run in (first, second) if run.seeds)
    seed_known = seeds is not None or inverse_counts == 0.0
    seed_variance = seeds.variance * inverse_counts if seeds is not None else 0.0
    variance = seed_variance + example_variance
    parts = [(example_variance, n_examples - 1)]
    if seeds is not None:
        parts.append((seed_variance, seeds.degrees_of_freedom))
    degrees = _effective_degrees(parts)
    error = math.sqrt(variance)
    margin = _t_quantile(degrees) * error
    p = _p_value(value, error, degrees) if seed_known else None
    note = ONE_SEED if not seed_known else NO_SPREAD if p is None else None
    return Difference(
        value=value,
        low=max(value - margin, -1.0),
        high=min(value + margin, 1.0),
        standard_error=error,
        seed_error=math.sqrt(seed_variance) if seed_known else None,
        example_error=math.sqrt(example_variance),
        degrees_of_freedom=degrees,
        p=p,
        p_adjusted=None,
        conclusive=note is None,
        note=note,
    )


def _example_variance(first: RunScores, second: RunScores, n_examples: int) -> float:
    """Variance of the difference that comes from the sample of examples, shared by all seeds.

    What an example does with one seed only is already in the variance between seeds, and is taken out here
    so that it counts once. ``(n + 1) / (n - 1)`` makes exponential weights unbiased for a mean.
    """
    means = first.resampled.mean(axis=1) - second.resampled.mean(axis=1)
    shared = float(means.var(ddof=1)) - _interaction(first) - _interaction(second)
    return max(shared, 0.0) * (n_examples + 1) / (n_examples - 1)


def _interaction(run: RunScores) -> float:
    """The part of the resampled mean's variance that differs from seed to seed.

    With a shared part S and a part I of each of k seeds, one seed varies by S + I and the mean by S + I / k.
    """
    n_seeds = len(run.values)
    if n_seeds < 2:
        return 0.0
    single = float(run.resampled.var(axis=0, ddof=1).mean())
    mean = float(run.resampled.mean(axis=1).var(ddof=1))
    return (single - mean) / (n_seeds - 1)


def _effective_degrees(parts: list[tuple[float, int]]) -> float:
    """Degrees of freedom of a sum of variances, each with its own (Cochran 1964).

    The quantile is the mean of the parts' quantiles, weighted by variance. The usual Welch-Satterthwaite
    formula is too bold with two seeds: a variance between seeds that comes out small by chance also raises
    its degrees.
    """
    from scipy.special import stdtridf  # scipy takes long to import, and most commands do not compare

    total = sum(variance for variance, _ in parts)
    degrees = [own for _, own in parts]
    if total == 0.0 or len(parts) == 1:
        return float(min(degrees))
    quantile = sum(variance / total * _t_quantile(own) for variance, own in parts)
    return float(np.clip(stdtridf(UPPER, quantile), min(degrees), max(degrees)))


def _t_quantile(degrees: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, UPPER))


def _p_value(value: float, error: float, degrees: float) -> float | None:
    """Two-sided p of a t test; None for a difference without any spread to hold it against."""
    from scipy.special import stdtr

    if value == 0.0:
        return 1.0
    if error == 0.0:
        return None
    return float(np.clip(2 * stdtr(degrees, -abs(value) / error), 0.0, 1.0))
