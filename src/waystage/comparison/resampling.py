"""Scores of resampled and of exchanged test examples, from stored statistics alone.

One random sign an example and resample serves both. Let x be an example's statistics, S their sum and P their
sum with signs.

- Resampled: sums ``S + P / 4``, so each example counts 3/4 or 5/4. Owen and Eckles (2012, Bootstrapping data
  arrays of arbitrary order) double or drop examples, with signs as here: mean 1 and variance 1, as bootstrap counts
  have. At a quarter of the width no resample is ever empty, and a rare class is never lost; deviations are made
  four times as large again afterwards.
- Exchanged: where the sign is negative, two sequences swap what they made of the example. Their sums become
  half the sum of both S, plus and minus half the difference of both P.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from waystage.comparison.alignment import TaskGrid
from waystage.comparison.results import FloatArray
from waystage.metrics.metric import Metric

MAX_SIGN_BYTES = 32 * 2**20
MAX_SUM_BYTES = 16 * 2**20
WIDTH = 0.25
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
    every comparison is paired wherever the data are. Languages that share no example are independent. The
    result depends on ``seed``, the task's name, its languages and the sets of ids, not on the order of anything.
    """
    n_languages, n_runs = len(grid.languages), len(grid.runs)
    covariance = np.zeros((n_languages, n_languages, n_runs, n_runs))
    exchanged = np.empty((n_resamples, n_languages, len(pairs)), dtype=np.float32)
    matches = [_matched_runs(grid, pair) for pair in pairs]
    for connected in _connected_languages(grid):
        places = np.array([place for block in connected for place in block])
        blocks = [_Block.of(grid, block) for block in connected]
        spread, done = _Spread(len(places) * n_runs), 0
        for signs in _signs(grid, connected, n_resamples, seed):
            rows = slice(done, done + len(signs.bits))
            deviations = []
            for block in blocks:
                signed = block.signed_sums(signs)
                deviations.append(block.deviations(metric, signed).reshape(len(signed), -1))
                for number, match in enumerate(matches):
                    exchanged[rows, block.places, number] = _exchanged_scores(metric, block.sums, signed, match)
            spread.add(np.concatenate(deviations, axis=1))
            done = rows.stop
        own = spread.covariance().reshape(len(places), n_runs, len(places), n_runs)
        covariance[np.ix_(places, places)] = own.transpose(0, 2, 1, 3)
    return TaskSamples(covariance, exchanged)


def _connected_languages(grid: TaskGrid) -> list[list[list[int]]]:
    """Places of languages that share examples, directly or over others; within them, those with the same ids."""
    blocks: dict[bytes, list[int]] = {}
    for place, language in enumerate(grid.languages):
        blocks.setdefault(grid.positions[language].tobytes(), []).append(place)
    connected: list[tuple[NDArray[np.bool_], list[list[int]]]] = []
    for block in blocks.values():
        holds = np.zeros(grid.n_ids, dtype=bool)
        holds[grid.positions[grid.languages[block[0]]]] = True
        joined, rest = [block], []
        for other, members in connected:
            if (other & holds).any():
                holds |= other
                joined = members + joined
            else:
                rest.append((other, members))
        connected = [*rest, (holds, joined)]
    return [members for _, members in connected]


class _Signs(NamedTuple):
    """Random signs: 0 for minus and 1 for plus, float32 ``[n_rows, n_ids]``; ``ids`` are their places in the grid."""

    bits: NDArray[np.float32]
    ids: NDArray[np.intp]


def _signs(grid: TaskGrid, connected: list[list[int]], n_resamples: int, seed: int) -> Iterator[_Signs]:
    """Signs of the examples of some languages, in blocks of rows; the size of the blocks does not change them."""
    languages = [grid.languages[place] for block in connected for place in block]
    ids = np.unique(np.concatenate([grid.positions[language] for language in languages]))
    generator = np.random.Generator(np.random.PCG64(_seed_words(seed, grid.task, languages)))
    n_bytes = 8 * -(-len(ids) // 64)
    n_statistics = len(languages) * grid.statistics[languages[0]][0].size
    n_rows = max(1, min(MAX_SIGN_BYTES // (4 * len(ids)), MAX_SUM_BYTES // (8 * n_statistics)))
    for start in range(0, n_resamples, n_rows):
        n_own = min(n_rows, n_resamples - start)
        raw = np.frombuffer(generator.bytes(n_own * n_bytes), dtype=np.uint8).reshape(n_own, n_bytes)
        yield _Signs(np.unpackbits(raw, axis=1, count=len(ids)).astype(np.float32), ids)


@dataclass(frozen=True, eq=False)
class _Block:
    """Languages with the same examples.

    Attributes:
        places: of the languages in the grid.
        positions: of the examples in the grid, ascending, ``[n_examples]``.
        distinct: their statistics, equal columns kept once (counts of gold are the same in every run), float32
            ``[n_examples, n_distinct]``: whole numbers stay exact.
        where: the distinct column of each language, run and statistic, ``[n_languages, n_runs, n_columns]``.
        sums: of the statistics, in float64, laid out like ``where``.
    """

    places: list[int]
    positions: NDArray[np.intp]
    distinct: NDArray[np.float32]
    where: NDArray[np.intp]
    sums: FloatArray

    @classmethod
    def of(cls, grid: TaskGrid, places: list[int]) -> _Block:
        """The block of some places in the grid."""
        seen: dict[bytes, int] = {}
        distinct: list[NDArray[np.float32]] = []
        where: list[int] = []
        sums: list[float] = []
        for place in places:
            statistics = grid.statistics[grid.languages[place]]
            for column in statistics.reshape(len(statistics), -1).T:
                number = seen.setdefault(column.tobytes(), len(seen))
                if number == len(distinct):
                    distinct.append(column.astype(np.float32))
                where.append(number)
                sums.append(column.sum())
        shape = (len(places), *grid.statistics[grid.languages[places[0]]].shape[1:])
        positions = grid.positions[grid.languages[places[0]]]
        columns = np.ascontiguousarray(np.stack(distinct, axis=1))
        return cls(places, positions, columns, np.array(where).reshape(shape), np.array(sums).reshape(shape))

    def signed_sums(self, signs: _Signs) -> FloatArray:
        """Sums of the statistics with signs, ``[n_rows, n_languages, n_runs, n_columns]``."""
        bits = signs.bits
        if len(self.positions) != len(signs.ids):
            bits = bits[:, np.searchsorted(signs.ids, self.positions)]
        plus = (bits @ self.distinct)[:, self.where].astype(np.float64)
        return 2 * plus - self.sums

    def deviations(self, metric: Metric, signed: FloatArray) -> FloatArray:
        """Scores of resampled examples less the scores as they are, ``[n_rows, n_languages, n_runs]``.

        They are scaled so that the variance of a mean is unbiased, but for 3 ``WIDTH``² / n of it.
        """
        n_examples = len(self.positions)
        scale = np.sqrt(n_examples / (n_examples - 1)) / WIDTH
        return np.asarray((metric.score(self.sums + WIDTH * signed) - metric.score(self.sums)) * scale)


class _Spread:
    """Covariance of rows that are never all held."""

    def __init__(self, n_columns: int) -> None:
        self._n_rows = 0
        self._sums = np.zeros(n_columns)
        self._products = np.zeros((n_columns, n_columns))

    def add(self, rows: FloatArray) -> None:
        self._n_rows += len(rows)
        self._sums += rows.sum(axis=0)
        self._products += rows.T @ rows

    def covariance(self) -> FloatArray:
        products = self._products - np.outer(self._sums, self._sums) / self._n_rows
        return np.asarray(products / (self._n_rows - 1))


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
    """Mean over seeds of the differences after exchange, ``[n_rows, n_languages]``."""
    first, second = match
    middle = (sums[:, first] + sums[:, second]) / 2
    half = (signed[:, :, first] - signed[:, :, second]) / 2
    differences = metric.score(middle + half) - metric.score(middle - half)
    return np.asarray(differences.mean(axis=2))


def _seed_words(seed: int, task: str, languages: Sequence[str]) -> list[int]:
    """Seed words: the same languages of a task get the same signs whatever else is compared."""
    digest = hashlib.sha256("/".join(["waystage resampling", str(seed), task, *sorted(languages)]).encode()).digest()
    return [int.from_bytes(digest[start : start + 4], "big") for start in range(0, 32, 4)]
