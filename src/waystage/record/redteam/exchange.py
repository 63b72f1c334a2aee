"""Evidence that is not the record's: what a check is given to see whether it looks at its evidence at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from waystage.record.independent.evidence import Cell

# Columns that count what was asked, not what was answered: a useless answer leaves them as they are.
_ASKED = {"n", "n_words", "gold_spans", "gold_pairs"}


def swapped(cells: Iterable[Cell], first: str, second: str) -> list[Cell]:
    """The names of two sequences exchanged."""
    other = {first: second, second: first}
    return [replace(cell, sequence=other.get(cell.sequence, cell.sequence)) for cell in cells]


def dealt(cells: Sequence[Cell], first: str, second: str, generator: np.random.Generator) -> list[Cell]:
    """The two sequences' outcomes of each example dealt out at random, alike in all languages, seeds and metrics."""
    names = sorted({name for cell in cells for name in cell.ids})
    changes = dict(zip(names, generator.random(len(names)) < 0.5, strict=True))
    found = [cell for cell in cells if cell.sequence not in (first, second)]
    runs: dict[tuple[str, str, str], dict[str, dict[int | None, Cell]]] = {}
    for cell in cells:
        if cell.sequence in (first, second):
            own = runs.setdefault((cell.task, cell.language, cell.metric), {first: {}, second: {}})
            own[cell.sequence][cell.seed] = cell
    for by_sequence in runs.values():
        for left, right in _beside(by_sequence[first], by_sequence[second]):
            other = _in_order(right, left.ids)
            taken = np.array([changes[name] for name in left.ids])[:, None]
            seed = left.seed if left.seed is not None else right.seed
            found.append(replace(left, seed=seed, rows=np.where(taken, other, left.rows)))
            rows = np.where(taken, left.rows, other)
            found.append(replace(right, seed=seed, ids=left.ids, rows=rows))
    return found


def _beside(first: dict[int | None, Cell], second: dict[int | None, Cell]) -> Iterable[tuple[Cell, Cell]]:
    """Runs of two sequences seed beside seed; one without seeds stands beside every seed."""
    known: list[int | None] = [seed for seed in (*first, *second) if seed is not None]
    seeds = known or [None]
    for seed in dict.fromkeys(seeds):
        left, right = (runs.get(seed, runs.get(None)) for runs in (first, second))
        if left is not None and right is not None:
            yield left, right


def made_constant(cells: Sequence[Cell]) -> list[Cell]:
    """Every sequence answers every example as the first one did with its first seed: nothing is left to compare."""
    first: dict[tuple[str, str, str], Cell] = {}
    for cell in cells:
        first.setdefault((cell.task, cell.language, cell.metric), cell)
    return [
        replace(cell, ids=norm.ids, rows=norm.rows)
        for cell in cells
        for norm in [first[cell.task, cell.language, cell.metric]]
    ]


def made_useless(cells: Iterable[Cell], sequence: str) -> list[Cell]:
    """A sequence gets nothing right: all that it is credited with is 0, what was asked stays."""
    return [_useless(cell) if cell.sequence == sequence else cell for cell in cells]


def _useless(cell: Cell) -> Cell:
    columns = cell.columns
    if columns and columns[0].startswith("tp:"):
        n = len(columns) // 3
        right, wrong, missed = cell.rows[:, :n], cell.rows[:, n : 2 * n], cell.rows[:, 2 * n :]
        rows = np.hstack([np.zeros_like(right), wrong, missed + right])
        return replace(cell, rows=rows)
    kept = np.array([column in _ASKED for column in columns])
    return replace(cell, rows=np.where(kept, cell.rows, 0.0))


def without_seed(cells: Iterable[Cell], seed: int) -> list[Cell]:
    """All but the runs of one seed."""
    return [cell for cell in cells if cell.seed != seed]


def half(cells: Sequence[Cell], generator: np.random.Generator) -> list[Cell]:
    """Half of the examples of each task, the same in all languages that hold them, at least two in each."""
    by_task = defaultdict[str, set[str]](set)
    for cell in cells:
        by_task[cell.task].update(cell.ids)
    kept: dict[str, set[str]] = {}
    for task, names in sorted(by_task.items()):
        ordered = sorted(names)
        chosen = generator.permutation(len(ordered))[: (len(ordered) + 1) // 2]
        kept[task] = {ordered[place] for place in chosen}
    return [_only(cell, kept[cell.task]) for cell in cells]


def _only(cell: Cell, names: set[str]) -> Cell:
    places = [place for place, name in enumerate(cell.ids) if name in names]
    if len(places) < 2:
        return cell
    return replace(cell, ids=tuple(cell.ids[place] for place in places), rows=cell.rows[places])


def _in_order(cell: Cell, ids: tuple[str, ...]) -> np.ndarray:
    if cell.ids == ids:
        return cell.rows
    place_of = {name: place for place, name in enumerate(cell.ids)}
    return np.asarray(cell.rows[[place_of[name] for name in ids]])
