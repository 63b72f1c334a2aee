"""What a record holds of a study's outcomes, as plain arrays: one block a task, laid out for arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waystage.errors import DataError, Problem

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cell:
    """Statistics of each example, of one sequence on one task in one language with one seed by one metric.

    Attributes:
        seed: None where nothing about the cell is random.
        ids: one an example, unique.
        rows: float64 ``[n_examples, n_columns]``.
        file: where it was read from, for messages.
    """

    sequence: str
    task: str
    language: str
    seed: int | None
    metric: str
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    rows: FloatArray
    file: str = "evidence"

    @property
    def place(self) -> str:
        """How messages name it."""
        seed = "no seed" if self.seed is None else f"seed {self.seed}"
        return f"{self.sequence} / {self.task} / {self.language} / {seed}"


@dataclass(frozen=True, slots=True)
class Method:
    """How a comparison was made: what has to be known to make it again.

    Attributes:
        baseline: the sequence that differences are taken to.
        metrics: task to the metric that it is compared by.
        source_languages: task to the language that it was learned in, which is no part of means.
        pairs_seeds: what a seed does is taken as shared by all sequences.
    """

    baseline: str
    metrics: Mapping[str, str]
    source_languages: Mapping[str, str]
    n_resamples: int = 10_000
    resampling_seed: int = 0
    pairs_seeds: bool = False


@dataclass(frozen=True, eq=False)
class TaskBlock:
    """One task. Sequences and seeds are those of the study; a run without a seed stands at every seed.

    Attributes:
        ids: language to its example ids, sorted.
        rows: language to float64 ``[n_examples, n_sequences, n_seeds, n_columns]``, examples as in ``ids``.
        is_random: for each sequence, whether it has seeds on this task.
    """

    task: str
    metric: str
    columns: tuple[str, ...]
    source_language: str
    languages: tuple[str, ...]
    ids: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, FloatArray]
    is_random: tuple[bool, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages without the source language."""
        return tuple(language for language in self.languages if language != self.source_language)


@dataclass(frozen=True, eq=False)
class Evidence:
    """All tasks of a study, in the order in which the cells name them; so are sequences. Seeds ascend."""

    sequences: tuple[str, ...]
    seeds: tuple[int, ...]
    blocks: tuple[TaskBlock, ...]
    method: Method

    def block(self, task: str) -> TaskBlock:
        """The block of a task; KeyError where there is none."""
        for block in self.blocks:
            if block.task == task:
                return block
        raise KeyError(task)

    @property
    def n_seeds(self) -> int:
        """Places on the axis of seeds: one where nothing is random."""
        return max(1, len(self.seeds))


def lay_out(cells: Sequence[Cell], method: Method) -> Evidence:
    """The evidence of the metrics that ``method`` compares by; other cells, and tasks without any, are left out.

    Raises:
        DataError: cells are missing, stand twice, hold other examples than their neighbours or no numbers; all at once.
    """
    own = [cell for cell in cells if method.metrics.get(cell.task) == cell.metric]
    sequences = tuple(dict.fromkeys(cell.sequence for cell in own))
    seeds = tuple(sorted({cell.seed for cell in own if cell.seed is not None}))
    problems = [problem for cell in own for problem in _faults_of(cell)]
    blocks = []
    for task in dict.fromkeys(cell.task for cell in own):
        block, faults = _block([cell for cell in own if cell.task == task], sequences, seeds, method)
        problems += faults
        if block is not None:
            blocks.append(block)
    if problems:
        raise DataError(problems)
    return Evidence(sequences, seeds, tuple(blocks), method)


def _faults_of(cell: Cell) -> Iterable[Problem]:
    if cell.rows.shape != (len(cell.ids), len(cell.columns)):
        expected = f"{len(cell.ids)} rows of {len(cell.columns)}"
        yield Problem(cell.file, None, cell.place, f"statistics of shape {cell.rows.shape}", expected)
    elif not np.isfinite(cell.rows).all():
        yield Problem(cell.file, None, cell.place, "a statistic that is not a finite number")
    if len(set(cell.ids)) != len(cell.ids):
        yield Problem(cell.file, None, cell.place, "an example that stands twice")


def _block(
    cells: Sequence[Cell], sequences: tuple[str, ...], seeds: tuple[int, ...], method: Method
) -> tuple[TaskBlock | None, list[Problem]]:
    """The block of one task's cells, or what keeps them from being one."""
    first = cells[0]
    found: dict[tuple[str, str, int | None], Cell] = {}
    problems = []
    for cell in cells:
        key = (cell.language, cell.sequence, cell.seed)
        if key in found:
            problems.append(Problem(cell.file, None, cell.place, "stands twice"))
        found[key] = cell
    languages = tuple(dict.fromkeys(cell.language for cell in cells))
    is_random = tuple(
        any(cell.seed is not None for cell in cells if cell.sequence == sequence) for sequence in sequences
    )
    rows: dict[str, FloatArray] = {}
    ids: dict[str, tuple[str, ...]] = {}
    for language in languages:
        wanted = [
            (sequence, seed)
            for sequence, random in zip(sequences, is_random, strict=True)
            for seed in ((seeds or (None,)) if random else (None,) * max(1, len(seeds)))
        ]
        missing = [run for run in wanted if (language, *run) not in found]
        for sequence, seed in dict.fromkeys(missing):
            place = f"{sequence} / {first.task} / {language} / " + ("no seed" if seed is None else f"seed {seed}")
            problems.append(Problem(first.file, None, place, "no evidence", "one entry for each cell of the study"))
        if missing:
            continue
        order = _Orders()
        ids[language] = order.sorted_ids(found[(language, *wanted[0])].ids)
        faults = [
            Problem(cell.file, None, cell.place, "other examples", f"the {len(ids[language])} of the first cell")
            for run in dict.fromkeys(wanted)
            for cell in [found[(language, *run)]]
            if order.sorted_ids(cell.ids) != ids[language] or cell.columns != first.columns
        ]
        problems += faults
        if not faults and not problems:
            stacked = np.stack([order.sorted_rows(found[(language, *run)]) for run in wanted], axis=1)
            shape = (len(ids[language]), len(sequences), max(1, len(seeds)), len(first.columns))
            rows[language] = stacked.reshape(shape)
    if problems:
        return None, problems
    source = method.source_languages[first.task]
    return TaskBlock(first.task, first.metric, first.columns, source, languages, ids, rows, is_random), []


class _Orders:
    """Sorted orders of ids; cells of a language nearly always list their examples alike, so each is found once."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, ...], tuple[list[int], tuple[str, ...]]] = {}

    def _of(self, ids: tuple[str, ...]) -> tuple[list[int], tuple[str, ...]]:
        if ids not in self._orders:
            order = sorted(range(len(ids)), key=ids.__getitem__)
            self._orders[ids] = order, tuple(ids[place] for place in order)
        return self._orders[ids]

    def sorted_ids(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        return self._of(ids)[1]

    def sorted_rows(self, cell: Cell) -> FloatArray:
        return np.asarray(cell.rows, dtype=np.float64)[self._of(cell.ids)[0]]
