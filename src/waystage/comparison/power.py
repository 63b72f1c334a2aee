"""What could have been seen: the smallest effect with 80 % power, and the seeds that an effect needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from waystage.comparison.claims import SeedsNeeded
from waystage.comparison.student import Part, effective_degrees, t_quantile

POWER = 0.8
EFFECTS = (0.005, 0.01, 0.02, 0.03, 0.05)
MAX_SEEDS = 1000


def smallest_effect(parts: Sequence[Part]) -> float:
    """The true difference that a two-sided t test at 5 % shows in 80 of 100 repetitions.

    Its standard error and degrees of freedom are taken as they were seen; the noncentral t distribution does
    the rest, and the small chance of an effect with the wrong sign is left out.

    >>> round(smallest_effect([Part(1.0, 10_000)]), 2)
    2.8
    """
    from scipy.special import nctdtrinc

    error = math.sqrt(sum(part.variance for part in parts))
    degrees = effective_degrees(parts)
    return error * float(nctdtrinc(degrees, 1 - POWER, t_quantile(degrees)))


def seeds_needed(
    others: Sequence[Part], variance_of_one_seed: float, degrees_of: Callable[[int], float]
) -> tuple[SeedsNeeded, ...]:
    """Seeds a sequence for each of ``EFFECTS``.

    Args:
        others: the parts that more seeds do not make smaller.
        variance_of_one_seed: of a difference with one seed a sequence, from training randomness.
        degrees_of: number of seeds to the degrees of freedom of the variance between seeds.
    """

    def shown(n_seeds: int) -> float:
        return smallest_effect([*others, Part(variance_of_one_seed / n_seeds, degrees_of(n_seeds))])

    return tuple(SeedsNeeded(effect, _first(partial(_is_at_most, shown, effect))) for effect in EFFECTS)


def _is_at_most(shown: Callable[[int], float], effect: float, n_seeds: int) -> bool:
    return shown(n_seeds) <= effect


def _first(is_enough: Callable[[int], bool]) -> int | None:
    """The smallest number of seeds, at least 2, that is enough; None: not even ``MAX_SEEDS`` are."""
    if not is_enough(MAX_SEEDS):
        return None
    low, high = 1, MAX_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
