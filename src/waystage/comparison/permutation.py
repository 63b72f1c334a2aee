"""Paired permutation tests: names of sequences exchanged for examples, for training runs, or for languages."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from waystage.comparison.claims import LIKE_THESE, PermutationTest, Scope, Source
from waystage.comparison.evidence import Evidence
from waystage.comparison.intervals import Contrast
from waystage.comparison.quantities import Quantity
from waystage.comparison.results import FloatArray

MAX_EXACT = 20_000
"""Up to so many exchanges all of them are looked at."""
TOLERANCE = 1e-7
"""Differences that are equal but for the rounding of float32."""


def permutation_tests(
    evidence: Evidence, quantity: Quantity, contrast: Contrast, scope: Scope, seed: int
) -> tuple[PermutationTest, ...]:
    """The tests that the scope allows; what is exchanged needs at least two of its kind.

    Raises:
        ValueError: the contrast has one sequence only.
    """
    if contrast.second is None:
        raise ValueError("there is nothing to exchange in one sequence")
    exchanged = evidence.exchanged(quantity, (contrast.first, contrast.second))
    tests = [] if exchanged is None else [_sampled("examples", exchanged, contrast.value, 0.0)]
    generator = np.random.Generator(np.random.PCG64(seed))
    n_samples = evidence.samples[0].exchanged.shape[0]
    if len(contrast.random) == 2 and len(contrast.moments.of(contrast.first)) > 1:
        tests.append(_exchange_seeds(contrast, n_samples, generator))
    languages = contrast.moments.languages
    if scope == LIKE_THESE and languages is not None:
        tests.append(_exchange_languages(evidence, quantity, contrast, n_samples, generator))
    return tuple(tests)


def _exchange_seeds(contrast: Contrast, n_samples: int, generator: np.random.Generator) -> PermutationTest:
    """Runs of both sequences mixed and dealt out again; swapped within a seed where seeds are paired."""
    first, second = contrast.moments.of(contrast.first), contrast.moments.of(contrast.sequences[1])
    if contrast.is_paired:
        return _flip_signs("seeds", (first - second) / len(first), n_samples, generator)
    values, n_first = np.concatenate([first, second]), len(first)
    n_all = math.comb(len(values), n_first)
    if n_all <= MAX_EXACT:
        dealt = np.zeros((n_all, len(values)), dtype=bool)
        chosen = np.array(list(combinations(range(len(values)), n_first)))
        np.put_along_axis(dealt, chosen, True, axis=1)
    else:
        dealt = generator.permuted(np.tile(np.arange(len(values)) < n_first, (n_samples, 1)), axis=1)
    weights = np.where(dealt, 1 / n_first, -1 / len(second))
    smallest = (2.0 if n_first == len(second) else 1.0) / n_all
    if n_all <= MAX_EXACT:
        return _exact("seeds", weights @ values, contrast.value, smallest)
    return _sampled("seeds", weights @ values, contrast.value, smallest)


def _exchange_languages(
    evidence: Evidence, quantity: Quantity, contrast: Contrast, n_samples: int, generator: np.random.Generator
) -> PermutationTest:
    """The sign of one language's difference, over all tasks that have it; all else stays."""
    contributions: dict[str, float] = {}
    for part in quantity.parts:
        runs = evidence.layout.places[part.place]
        own = part.weights * (evidence.points[part.place][:, runs] @ contrast.weights)
        for name, value in zip(evidence.grids[part.place].languages, own, strict=True):
            contributions[name] = contributions.get(name, 0.0) + float(value)
    values = np.array([value for value in contributions.values() if value != 0.0] or [0.0])
    return _flip_signs("languages", values, n_samples, generator)


def _flip_signs(source: Source, values: FloatArray, n_samples: int, generator: np.random.Generator) -> PermutationTest:
    """Signs of the parts of a difference flipped: all ways where they are few, else a random sample."""
    n_all = 2 ** len(values)
    smallest = 2 / n_all
    if n_all <= MAX_EXACT:
        flips = (np.arange(n_all)[:, None] >> np.arange(len(values))) & 1
        return _exact(source, (1 - 2 * flips) @ values, float(values.sum()), smallest)
    flips = generator.integers(0, 2, (n_samples, len(values)))
    return _sampled(source, (1 - 2 * flips) @ values, float(values.sum()), smallest)


def _exact(source: Source, exchanged: FloatArray, value: float, smallest: float) -> PermutationTest:
    p = float(np.mean(~(np.abs(exchanged) < abs(value) - TOLERANCE)))
    return PermutationTest(source, p, smallest, len(exchanged), is_exact=True)


def _sampled(source: Source, exchanged: FloatArray, value: float, smallest: float) -> PermutationTest:
    """With the exchange that was seen counted in, so that p is never 0 (Phipson and Smyth 2010).

    An exchange without a score counts as one that is as large.
    """
    n_larger = int(np.sum(~(np.abs(exchanged) < abs(value) - TOLERANCE)))
    n_all = len(exchanged) + 1
    return PermutationTest(source, (n_larger + 1) / n_all, max(smallest, 1 / n_all), len(exchanged), is_exact=False)
