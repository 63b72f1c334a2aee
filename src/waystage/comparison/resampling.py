"""Scores of resampled and of exchanged test examples, from stored statistics alone.

One random sign an example and resample serves both. Let x be an example's statistics, S their sum and P their
sum with signs.

- Resampled: sums ``S + P / 2``, so each example counts 1/2 or 3/2. Owen and Eckles (2012, Bootstrapping data
  arrays of arbitrary order) double or drop examples, with signs as here: mean 1 and variance 1, as bootstrap counts
  have. At half the width no resample is ever empty, and a rare class is never lost; deviations are doubled
  again afterwards.
- Exchanged: where the sign is negative, two sequences swap what they made of the example. Their sums become
  half the sum of both S, plus and minus half the difference of both P.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waystage.comparison.alignment import TaskGrid
from waystage.comparison.results import FloatArray
from waystage.metrics.metric import Metric

MAX_SIGN_BYTES = 32 * 2**20
MAX_SCORE_BYTES = 32 * 2**20
WIDTH = 0.5
Pair = tuple[str, str]
"""Two sequences."""


@dataclass(frozen=True, eq=False)
class TaskSamples:
    """What resampling the examples of one task showed.

    Attributes:
        covariance: of the scores of two runs in two languages that comes from the sample of examples,
            ``[n_languages, n_languages, n_runs, n_runs]``.
        exchanged: difference of each pair of sequences with examples exchanged between them, mean over seeds,
            float32 ``[n_resamples, n_languages, n_pairs]``.
    """

    covariance: FloatArray
    exchanged: NDArray[np.float32]


def point_scores(grid: TaskGrid, metric: Metric) -> FloatArray:
    """Scores as they are, ``[n_languages, n_runs]``."""
    sums = np.stack([grid.statistics[language].sum(axis=0) for language in grid.languages])
    return metric.score(sums)


def sample_examples(grid: TaskGrid, metric: Metric, pairs: Sequence[Pair], n_resamples: int, seed: int) -> TaskSamples:
    """Resample and exchange the examples of a task.

    An example has one sign in a resample, the same for all sequences, seeds and languages that hold it, so
    every comparison is paired wherever the data are. The result depends on ``seed``, the task's name and the
    set of ids, not on the order of anything.
    """
    columns = [_Columns.of(grid.statistics[language]) for language in grid.languages]
    matches = [_matched_runs(grid, pair) for pair in pairs]
    n_languages, n_runs = len(grid.languages), len(grid.runs)
    total = np.zeros(n_languages * n_runs)
    products = np.zeros((n_languages * n_runs, n_languages * n_runs))
    exchanged = np.empty((n_resamples, n_languages, len(pairs)), dtype=np.float32)
    points = point_scores(grid, metric)
    done = 0
    for signs in _signs(grid, n_resamples, seed):
        deviations = np.empty((len(signs), n_languages, n_runs))
        for place, language in enumerate(grid.languages):
            signed = columns[place].signed_sums(_own(signs, grid.positions[language]))
            resampled = metric.score(columns[place].sums + WIDTH * signed)
            n_examples = len(grid.positions[language])
            scale = np.sqrt(n_examples / (n_examples - 1)) / WIDTH  # a mean's variance is then unbiased
            deviations[:, place] = (resampled - points[place]) * scale
            for number, match in enumerate(matches):
                scores = _exchanged_scores(metric, columns[place].sums, signed, match)
                exchanged[done : done + len(signs), place, number] = scores
        flat = deviations.reshape(len(signs), -1)
        total += flat.sum(axis=0)
        products += flat.T @ flat
        done += len(signs)
    covariance = (products - np.outer(total, total) / n_resamples) / (n_resamples - 1)
    by_place = covariance.reshape(n_languages, n_runs, n_languages, n_runs).transpose(0, 2, 1, 3)
    return TaskSamples(np.ascontiguousarray(by_place), exchanged)


@dataclass(frozen=True, eq=False)
class _Columns:
    """The statistics of one language with equal columns kept once: counts of gold are the same in every run.

    Attributes:
        distinct: float32 ``[n_examples, n_distinct]``: whole numbers stay exact, and the sum without signs is
            taken in float64.
        where: the distinct column of each run and column, ``[n_runs, n_columns]``.
        distinct_sums: ``[n_distinct]``.
    """

    distinct: NDArray[np.float32]
    where: NDArray[np.intp]
    distinct_sums: FloatArray

    @classmethod
    def of(cls, statistics: FloatArray) -> _Columns:
        """Columns of ``[n_examples, n_runs, n_columns]``."""
        n_examples, n_runs, n_columns = statistics.shape
        seen: dict[bytes, int] = {}
        flat = np.ascontiguousarray(statistics.reshape(n_examples, -1).T)
        where = [seen.setdefault(column.tobytes(), len(seen)) for column in flat]
        first = [where.index(number) for number in range(len(seen))]
        distinct = np.ascontiguousarray(flat[first].T, dtype=np.float32)
        places = np.array(where, dtype=np.intp).reshape(n_runs, n_columns)
        return cls(distinct, places, flat[first].sum(axis=1))

    @property
    def sums(self) -> FloatArray:
        """Sums of all rows, ``[n_runs, n_columns]``."""
        return self.distinct_sums[self.where]

    def signed_sums(self, signs: NDArray[np.float32]) -> FloatArray:
        """Sums of the rows with their signs, ``[n_signs, n_examples]`` to ``[n_signs, n_runs, n_columns]``."""
        signed: FloatArray = (signs @ self.distinct).astype(np.float64)
        return signed[:, self.where]


def _signs(grid: TaskGrid, n_resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Blocks of random signs, ``[n_rows, n_ids]``; the size of the blocks does not change them."""
    generator = np.random.Generator(np.random.PCG64(_seed_words(seed, grid.task)))
    n_bytes = 8 * -(-grid.n_ids // 64)
    score_bytes = 8 * len(grid.languages) * len(grid.runs)
    n_rows = max(1, min(MAX_SIGN_BYTES // (4 * 8 * n_bytes), MAX_SCORE_BYTES // score_bytes))
    for start in range(0, n_resamples, n_rows):
        n_own = min(n_rows, n_resamples - start)
        raw = np.frombuffer(generator.bytes(n_own * n_bytes), dtype=np.uint8).reshape(n_own, n_bytes)
        signs = np.unpackbits(raw, axis=1, count=grid.n_ids).astype(np.float32)
        signs *= 2
        signs -= 1
        yield signs


def _own(signs: NDArray[np.float32], positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """The signs of one language's examples; a view where its ids lie side by side."""
    first, end = int(positions[0]), int(positions[-1]) + 1
    return signs[:, first:end] if end - first == len(positions) else signs[:, positions]


def _matched_runs(grid: TaskGrid, pair: Pair) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the runs of both sequences, seed beside seed; one without seeds stands beside every seed."""
    by_seed = [{seed: place for place, (name, seed) in enumerate(grid.runs) if name == sequence} for sequence in pair]
    found = {seed for places in by_seed for seed in places if seed is not None}
    seeds: list[int | None] = [*sorted(found)] or [None]
    first, second = (
        np.array([places[seed if seed in places else None] for seed in seeds], dtype=np.intp) for places in by_seed
    )
    return first, second


def _exchanged_scores(
    metric: Metric, sums: FloatArray, signed: FloatArray, match: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> FloatArray:
    """Mean over seeds of the differences after exchange, ``[n_signs]``."""
    first, second = match
    middle = (sums[first] + sums[second]) / 2
    half = (signed[:, first] - signed[:, second]) / 2
    difference: FloatArray = metric.score(middle + half) - metric.score(middle - half)
    return np.asarray(difference.mean(axis=1))


def _seed_words(seed: int, task: str) -> list[int]:
    """Seed words for one task: the same task gets the same signs whatever else is compared."""
    digest = hashlib.sha256(f"waystage resampling/{seed}/{task}".encode()).digest()
    return [int.from_bytes(digest[start : start + 4], "big") for start in range(0, 32, 4)]
