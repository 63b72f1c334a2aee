"""Scores laid out for comparison: refused with every reason named, or aligned example by example."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from waystage.comparison.errors import ComparisonError
from waystage.comparison.results import CellScores, FloatArray
from waystage.errors import Problem, nearest_name
from waystage.metrics.metric import Metric

WHERE = "scores"
Run: TypeAlias = tuple[str, int | None]
"""A sequence and a seed."""


@dataclass(frozen=True, eq=False)
class TaskGrid:
    """All scores of one task, aligned.

    Attributes:
        runs: one entry a sequence and seed, in the order of the second axis of ``statistics``.
        statistics: language to float64 ``[n_examples, n_runs, n_columns]``; rows in sorted order of the ids.
        positions: language to the place of its rows among the ``n_ids`` distinct ids of the task, so that
            the same example keeps one weight in every language of a parallel test set.
    """

    task: str
    runs: tuple[Run, ...]
    languages: tuple[str, ...]
    source_language: str
    statistics: dict[str, FloatArray]
    positions: dict[str, NDArray[np.intp]]
    n_ids: int

    @property
    def target_places(self) -> list[int]:
        """Places in ``languages`` of those that are not the source language."""
        return [place for place, language in enumerate(self.languages) if language != self.source_language]


def align(
    cells: Sequence[CellScores],
    metrics: Mapping[str, Metric],
    baseline: str,
    source_languages: Mapping[str, str],
) -> tuple[TaskGrid, ...]:
    """One grid a task, in the order in which tasks appear; runs and languages keep their order too.

    Raises:
        ComparisonError: the cells cannot be compared; every problem is named.
    """
    if not cells:
        raise ComparisonError("no scores: nothing to compare")
    problems = [
        *_baseline_problems(cells, baseline),
        *(problem for cell in cells for problem in _cell_problems(cell, metrics, source_languages)),
        *_completeness_problems(cells),
        *_seed_problems(cells),
        *_id_problems(cells),
        *_protocol_problems(cells),
        *_target_problems(cells, source_languages),
    ]
    if problems:
        raise ComparisonError(problems)
    grids = tuple(
        _grid(task, [cell for cell in cells if cell.task == task], source_languages[task])
        for task in dict.fromkeys(cell.task for cell in cells)
    )
    empty = [problem for grid in grids for problem in _score_problems(grid, metrics[grid.task])]
    if empty:
        raise ComparisonError(empty)
    return grids


def _baseline_problems(cells: Sequence[CellScores], baseline: str) -> Iterator[Problem]:
    sequences = list(dict.fromkeys(cell.sequence for cell in cells))
    if baseline not in sequences:
        found = f"no scores of the baseline '{baseline}'"
        yield Problem(WHERE, None, None, found, f"one of {_listed(sequences)}", nearest_name(baseline, sequences))


def _cell_problems(
    cell: CellScores, metrics: Mapping[str, Metric], source_languages: Mapping[str, str]
) -> Iterator[Problem]:
    if cell.task not in source_languages:
        yield Problem(WHERE, None, cell.place, "the task has no source language")
    metric = metrics.get(cell.task)
    if metric is None:
        yield Problem(WHERE, None, cell.place, "the task has no metric")
    elif (cell.metric_name, cell.columns) != (metric.name, metric.columns):
        found = f"scored with {cell.metric_name} ({', '.join(cell.columns)})"
        yield Problem(WHERE, None, cell.place, found, f"{metric.name} ({', '.join(metric.columns)})")
    shape = (len(cell.ids), len(cell.columns))
    if cell.statistics.shape != shape:
        yield Problem(WHERE, None, cell.place, f"statistics of shape {cell.statistics.shape}", f"{shape}")
    elif not np.isfinite(cell.statistics).all():
        yield Problem(WHERE, None, cell.place, "statistics that are not finite numbers")
    if len(set(cell.ids)) != len(cell.ids):
        yield Problem(WHERE, None, cell.place, "the same example id more than once")
    if len(cell.ids) < 2:
        yield Problem(WHERE, None, cell.place, f"{len(cell.ids)} examples", "at least 2")


def _completeness_problems(cells: Sequence[CellScores]) -> Iterator[Problem]:
    """Every sequence needs every language of every task, once a seed."""
    seen: set[tuple[str, str, str, int | None]] = set()
    languages: dict[str, dict[str, None]] = defaultdict(dict)
    for cell in cells:
        key = (cell.sequence, cell.task, cell.language, cell.seed)
        if key in seen:
            yield Problem(WHERE, None, cell.place, "scored twice")
        seen.add(key)
        languages[cell.task][cell.language] = None
    present = {key[:3] for key in seen}
    for sequence in dict.fromkeys(cell.sequence for cell in cells):
        for task, names in languages.items():
            missing = [name for name in names if (sequence, task, name) not in present]
            if missing:
                found = f"no scores in {_listed(missing)}"
                yield Problem(WHERE, None, f"{sequence} / {task}", found, "the languages of the other sequences")


def _seed_problems(cells: Sequence[CellScores]) -> Iterator[Problem]:
    """A sequence has all the seeds on a task, or none because nothing there is random."""
    all_seeds = {cell.seed for cell in cells if cell.seed is not None}
    by_task: dict[tuple[str, str], dict[str, set[int | None]]] = defaultdict(lambda: defaultdict(set))
    for cell in cells:
        by_task[cell.sequence, cell.task][cell.language].add(cell.seed)
    for (sequence, task), by_language in by_task.items():
        if all(seeds == {None} for seeds in by_language.values()):
            continue
        for language, seeds in by_language.items():
            place = f"{sequence} / {task} / {language}"
            if None in seeds:
                yield Problem(WHERE, None, place, "a score without a seed among scores with seeds")
            missing = sorted(all_seeds - {seed for seed in seeds if seed is not None})
            if missing:
                yield Problem(WHERE, None, place, f"no scores of seed {_listed(missing)}", f"{sorted(all_seeds)}")


def _id_problems(cells: Sequence[CellScores]) -> Iterator[Problem]:
    """The same examples in every sequence and seed; the first cell of a task and language sets the norm."""
    first: dict[tuple[str, str], CellScores] = {}
    for cell in cells:
        norm = first.setdefault((cell.task, cell.language), cell)
        if cell.ids == norm.ids:
            continue
        n_missing, n_other = len(set(norm.ids) - set(cell.ids)), len(set(cell.ids) - set(norm.ids))
        if n_missing or n_other:
            found = f"other examples: {n_missing} missing, {n_other} not in the other"
            yield Problem(WHERE, None, cell.place, found, f"the {len(norm.ids)} examples of {norm.place}")


def _protocol_problems(cells: Sequence[CellScores]) -> Iterator[Problem]:
    """One protocol a task; the first cell that names one sets the norm, and each other one is named once."""
    first: dict[str, CellScores] = {}
    named: set[tuple[str, str, str]] = set()
    for cell in cells:
        if cell.protocol is None:
            continue
        norm = first.setdefault(cell.task, cell)
        if cell.protocol != norm.protocol and (cell.task, cell.sequence, cell.protocol) not in named:
            named.add((cell.task, cell.sequence, cell.protocol))
            yield Problem(WHERE, None, cell.place, f"protocol {cell.protocol}", f"{norm.protocol}, as {norm.place}")


def _target_problems(cells: Sequence[CellScores], source_languages: Mapping[str, str]) -> Iterator[Problem]:
    for task in dict.fromkeys(cell.task for cell in cells):
        if {cell.language for cell in cells if cell.task == task} == {source_languages.get(task)}:
            yield Problem(WHERE, None, task, "scored in its source language only", "at least one target language")


def _grid(task: str, cells: Sequence[CellScores], source_language: str) -> TaskGrid:
    runs = tuple(dict.fromkeys((cell.sequence, cell.seed) for cell in cells))
    by_place = {(cell.language, cell.sequence, cell.seed): cell for cell in cells}
    union = {name: place for place, name in enumerate(sorted({name for cell in cells for name in cell.ids}))}
    languages = tuple(dict.fromkeys(cell.language for cell in cells))
    statistics, positions = {}, {}
    for language in languages:
        orders: dict[tuple[str, ...], list[int]] = {}  # nearly always one: runs list examples in the same order
        for run in runs:
            ids = by_place[language, *run].ids
            if ids not in orders:
                orders[ids] = sorted(range(len(ids)), key=ids.__getitem__)
        aligned = [_sorted_rows(by_place[language, *run], orders) for run in runs]
        statistics[language] = np.stack(aligned, axis=1)
        positions[language] = np.array([union[name] for name in sorted(ids)], dtype=np.intp)
    return TaskGrid(task, runs, languages, source_language, statistics, positions, len(union))


def _sorted_rows(cell: CellScores, orders: Mapping[tuple[str, ...], list[int]]) -> FloatArray:
    return np.asarray(cell.statistics, dtype=np.float64)[orders[cell.ids]]


def _score_problems(grid: TaskGrid, metric: Metric) -> Iterator[Problem]:
    for language in grid.languages:
        undefined = np.isnan(metric.score(grid.statistics[language].sum(axis=0)))
        for place in np.flatnonzero(undefined):
            sequence, seed = grid.runs[place]
            found = f"no {metric.name}: there is nothing to score"
            yield Problem(WHERE, None, f"{sequence} / {grid.task} / {language} / seed {seed}", found)


def _listed(names: Sequence[object]) -> str:
    return ", ".join(str(name) for name in names)
