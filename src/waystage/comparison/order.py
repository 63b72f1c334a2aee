"""Almost stochastic order of two samples of scores (Dror, Shlomov and Reichart 2019, Deep Dominance)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from waystage.comparison.claims import StochasticOrder
from waystage.comparison.results import CONFIDENCE, Comparison, FloatArray

N_SAMPLES = 1000
ENOUGH_SEEDS = 10
ONE_SEED = "one seed: a single score has no distribution"
FEW_SEEDS = f"fewer than {ENOUGH_SEEDS} seeds: the bound is decided by chance more than by the sequences"


def violation_ratio(first: FloatArray, second: FloatArray) -> float | None:
    """Share of the squared Wasserstein distance in which ``first`` lies below ``second`` (their equation 4).

    Empirical quantile functions are steps, so the integrals are exact sums. None where both samples are equal.

    >>> violation_ratio(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.0
    """
    ends = np.union1d(np.arange(1, len(first) + 1) / len(first), np.arange(1, len(second) + 1) / len(second))
    middles = ends - np.diff(ends, prepend=0.0) / 2
    widths = np.diff(ends, prepend=0.0)
    low, high = _quantiles(first, middles), _quantiles(second, middles)
    squares = widths * (high - low) ** 2
    total = float(squares.sum())
    return None if total == 0.0 else float(squares[high > low].sum()) / total


def stochastic_order(
    names: tuple[str, str], scores: tuple[FloatArray, FloatArray], task: str | None, n_samples: int, seed: int
) -> StochasticOrder:
    """Whether the first sequence's scores almost stochastically dominate the second's.

    Args:
        names: of the two sequences.
        scores: of their seeds, ``[n_seeds]`` each.
        task: None: the scores are means over tasks.
        n_samples: bootstrap samples for the spread of the ratio.
        seed: of the bootstrap.
    """
    first, second = scores
    n_first, n_second = len(first), len(second)
    ratio = violation_ratio(first, second)
    n_least = min(n_first, n_second)
    bound = None if ratio is None or n_least < 2 else _upper_bound(first, second, ratio, n_samples, seed)
    note = ONE_SEED if n_least < 2 else FEW_SEEDS if n_least < ENOUGH_SEEDS else None
    return StochasticOrder(*names, task, ratio, bound, n_first, n_second, note)


def with_stochastic_orders(comparison: Comparison) -> Comparison:
    """The comparison with the order of each sequence over the baseline, on every task and over all, added.

    It needs the seeds' scores only; sequences without seeds have none.
    """
    orders = []
    for task in (*comparison.tasks, None):
        base = comparison.mean_score(comparison.baseline, task)
        others = (comparison.mean_score(name, task) for name in comparison.sequences if name != comparison.baseline)
        orders += [
            stochastic_order(
                (other.sequence, base.sequence),
                (np.array(other.seed_scores), np.array(base.seed_scores)),
                task,
                N_SAMPLES,
                comparison.resampling_seed,
            )
            for other in others
            if other.seeds and base.seeds
        ]
    return replace(comparison, stochastic_orders=tuple(orders))


def _upper_bound(first: FloatArray, second: FloatArray, ratio: float, n_samples: int, seed: int) -> float:
    """Epsilon_min: the ratio plus a normal quantile times the spread of its bootstrap (their equation 6)."""
    from scipy.special import ndtri

    generator = np.random.Generator(np.random.PCG64(seed))
    factor = math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    drawn = [
        violation_ratio(generator.choice(first, len(first)), generator.choice(second, len(second)))
        for _ in range(n_samples)
    ]
    spread = np.std([factor * ((0.5 if own is None else own) - ratio) for own in drawn])  # equal samples: a tie
    return float(np.clip(ratio + spread / factor * ndtri(CONFIDENCE), 0.0, 1.0))


def _quantiles(sample: FloatArray, levels: FloatArray) -> FloatArray:
    places = np.minimum((levels * len(sample)).astype(np.intp), len(sample) - 1)
    return np.asarray(np.sort(sample)[places])
