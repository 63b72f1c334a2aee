"""How scores vary with the sample of test examples: the random signs of docs/compare.md drawn again, and a second way.

Drawn again: each example has one random sign a resample, and counts ``1 + sign / 4``. The stream of signs is part of
the method: PCG64, seeded by the SHA-256 of ``waystage resampling/<seed>/<task>/<languages, sorted>``, a bit for each
example of a task's connected languages in the order of their ids, rows padded to 8 bytes. The same statistics give the
same covariance, whoever computes it.

The second way has no random numbers: the derivative of a score by each example's weight (the infinitesimal jackknife,
Jaeckel 1972). The two agree but for the noise of the first and the bend of a score.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from waystage.record.independent.evidence import FloatArray, Method, TaskBlock
from waystage.record.independent.scores import score

QUARTER = 0.25
_BLOCK_BYTES = 2**26
_STEP = 1e-4

CovarianceOf = Callable[[TaskBlock, Method], FloatArray]


def task_scores(block: TaskBlock) -> FloatArray:
    """Scores as they are, ``[n_languages, n_sequences, n_seeds]``."""
    sums = np.stack([block.rows[language].sum(axis=0) for language in block.languages])
    return score(block.metric, block.columns, sums)


def resampled_covariance(block: TaskBlock, method: Method) -> FloatArray:
    """Covariance of scores over resampled test sets, ``[n_languages, n_runs, n_languages, n_runs]``; runs are
    sequences by seeds, flattened. Languages that share no example, directly or over others, have none.
    """
    n_runs = block.rows[block.languages[0]][0, ..., 0].size
    covariance = np.zeros((len(block.languages), n_runs, len(block.languages), n_runs))
    for group in connected_languages(block):
        places = [block.languages.index(language) for language in group]
        deviations = np.concatenate(list(_deviations(block, group, method)))
        flat = np.atleast_2d(np.cov(deviations.reshape(len(deviations), -1), rowvar=False))
        own = flat.reshape(len(group), n_runs, len(group), n_runs)
        covariance[np.ix_(places, range(n_runs), places, range(n_runs))] = own
    return covariance


def linear_covariance(block: TaskBlock, method: Method) -> FloatArray:
    """The same from derivatives, without random numbers; ``method`` is not used."""
    del method
    n_runs = block.rows[block.languages[0]][0, ..., 0].size
    covariance = np.zeros((len(block.languages), n_runs, len(block.languages), n_runs))
    for group in connected_languages(block):
        names = sorted({name for language in group for name in block.ids[language]})
        row_of = {name: place for place, name in enumerate(names)}
        influence = np.zeros((len(names), len(group), n_runs))
        for place, language in enumerate(group):
            rows = [row_of[name] for name in block.ids[language]]
            influence[rows, place] = _influence(block, language)
        flat = influence.reshape(len(names), -1)
        places = [block.languages.index(language) for language in group]
        own = (flat.T @ flat).reshape(len(group), n_runs, len(group), n_runs)
        covariance[np.ix_(places, range(n_runs), places, range(n_runs))] = own
    return covariance


def _influence(block: TaskBlock, language: str) -> FloatArray:
    """What each example adds to a score's deviation, ``[n_examples, n_runs]``: derivatives by central differences."""
    rows = block.rows[language]
    rows = rows.reshape(len(rows), -1, rows.shape[-1])
    sums = rows.sum(axis=0)
    steps = _STEP * np.where(sums == 0.0, 1.0, sums)[..., None, :] * np.eye(rows.shape[-1])
    above, below = (score(block.metric, block.columns, sums[..., None, :] + sign * steps) for sign in (1.0, -1.0))
    slopes = (above - below) / (2 * np.diagonal(steps, axis1=-2, axis2=-1))
    return np.asarray(np.einsum("erc,rc->er", rows, slopes)) * _unbiased(len(rows))


def _unbiased(n_examples: int) -> float:
    return float(np.sqrt(n_examples / (n_examples - 1)))


def connected_languages(block: TaskBlock) -> list[list[str]]:
    """Languages in groups that share examples, directly or over others; groups and members in the block's order."""
    groups: list[tuple[set[str], list[str]]] = []
    for language in block.languages:
        ids, members = set(block.ids[language]), [language]
        apart = []
        for other_ids, others in groups:
            if other_ids & ids:
                ids |= other_ids
                members = others + members
            else:
                apart.append((other_ids, others))
        groups = [*apart, (ids, members)]
    return [sorted(members, key=block.languages.index) for _, members in groups]


def _deviations(block: TaskBlock, group: Sequence[str], method: Method) -> Iterator[FloatArray]:
    """Resampled scores less the scores, scaled to the variance of a mean, ``[n_rows, n_languages, n_runs]``."""
    names = sorted({name for language in group for name in block.ids[language]})
    place_of = {name: place for place, name in enumerate(names)}
    tables = [_Table(block, language, place_of) for language in group]
    for signs in _signs(block.task, group, len(names), method):
        yield np.stack([table.deviations(signs) for table in tables], axis=1)


class _Table:
    """The statistics of one language as a matrix of distinct columns; equal ones are multiplied once."""

    def __init__(self, block: TaskBlock, language: str, place_of: dict[str, int]) -> None:
        rows = block.rows[language]
        self._block, self._n_examples = block, len(rows)
        self._shape = (-1, rows.shape[-1])
        flat = rows.reshape(len(rows), -1)
        keys = [column.tobytes() for column in flat.T]
        first = {key: place for place, key in reversed(list(enumerate(keys)))}
        kept = sorted(first.values())
        self._column_of = np.array([kept.index(first[key]) for key in keys])
        # Whole numbers are exact in float32, and twice as fast.
        is_whole = bool((flat == np.round(flat)).all()) and float(np.abs(flat).sum(axis=0).max()) < 2**23
        self._columns = np.ascontiguousarray(flat[:, kept], dtype=np.float32 if is_whole else np.float64)
        self._sums = flat.sum(axis=0)
        self._places = np.array([place_of[name] for name in block.ids[language]])

    def deviations(self, signs: NDArray[np.float32]) -> FloatArray:
        own = signs[:, self._places] if len(self._places) != signs.shape[1] else signs
        products = own.astype(self._columns.dtype, copy=False) @ self._columns
        signed = products[:, self._column_of].astype(np.float64)
        block = self._block
        resampled = (self._sums + QUARTER * signed).reshape(len(own), *self._shape)
        plain = score(block.metric, block.columns, self._sums.reshape(self._shape))
        changed = score(block.metric, block.columns, resampled) - plain
        return np.asarray(changed * _unbiased(self._n_examples) / QUARTER)


def _signs(task: str, group: Sequence[str], n_ids: int, method: Method) -> Iterator[NDArray[np.float32]]:
    """Signs, -1 or 1, in blocks of rows ``[n_rows, n_ids]``."""
    text = f"waystage resampling/{method.resampling_seed}/{task}/{'/'.join(sorted(group))}"
    words = np.frombuffer(hashlib.sha256(text.encode("utf-8")).digest(), dtype=">u4")
    stream = np.random.Generator(np.random.PCG64([int(word) for word in words]))
    n_bytes = (n_ids + 63) // 64 * 8
    n_rows = max(1, _BLOCK_BYTES // (4 * n_ids))
    for start in range(0, method.n_resamples, n_rows):
        count = min(n_rows, method.n_resamples - start)
        octets = np.frombuffer(stream.bytes(count * n_bytes), dtype=np.uint8).reshape(count, n_bytes)
        bits = np.unpackbits(octets, axis=1)[:, :n_ids]
        yield bits.astype(np.float32) * 2 - 1
