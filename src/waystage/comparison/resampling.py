"""Scores of resampled test sets, from stored statistics alone."""

from __future__ import annotations

import hashlib

import numpy as np

from waystage.comparison.alignment import TaskGrid
from waystage.comparison.results import FloatArray
from waystage.metrics.metric import Metric

MAX_WEIGHT_BYTES = 64 * 2**20


def point_scores(grid: TaskGrid, metric: Metric) -> FloatArray:
    """Scores as they are, ``[n_languages, n_runs]``."""
    sums = np.stack([grid.statistics[language].sum(axis=0) for language in grid.languages])
    return metric.score(sums)


def resampled_scores(grid: TaskGrid, metric: Metric, n_resamples: int, seed: int) -> FloatArray:
    """Bayesian bootstrap of the examples: scores ``[n_resamples, n_languages, n_runs]``.

    An example has one exponential weight in a resample, the same for all sequences, seeds and languages that
    hold it, so every comparison is paired wherever the data are. Exponential weights have the mean and
    variance of bootstrap counts, but no resample is ever empty (Rubin 1981, The Bayesian Bootstrap). The
    result depends on ``seed``, the task's name and the set of ids, not on the order of anything.
    """
    generator = np.random.Generator(np.random.PCG64(_seed_words(seed, grid.task)))
    n_rows = max(1, MAX_WEIGHT_BYTES // (8 * grid.n_ids))
    scores = np.empty((n_resamples, len(grid.languages), len(grid.runs)))
    for start in range(0, n_resamples, n_rows):
        weights = generator.standard_exponential((min(n_rows, n_resamples - start), grid.n_ids))
        for place, language in enumerate(grid.languages):
            positions = grid.positions[language]
            own = weights if len(positions) == grid.n_ids else weights[:, positions]
            statistics = grid.statistics[language]
            sums = own @ statistics.reshape(len(positions), -1)
            scores[start : start + n_rows, place] = metric.score(sums.reshape(-1, *statistics.shape[1:]))
    return scores


def _seed_words(seed: int, task: str) -> list[int]:
    """Seed words for one task: the same task gets the same weights whatever else is compared."""
    digest = hashlib.sha256(f"waystage resampling/{seed}/{task}".encode()).digest()
    return [int.from_bytes(digest[start : start + 4], "big") for start in range(0, 32, 4)]
