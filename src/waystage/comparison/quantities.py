"""What can be claimed about: weighted sums of the scores of languages on tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waystage.comparison.alignment import TaskGrid
from waystage.comparison.results import FloatArray


@dataclass(frozen=True, eq=False)
class Part:
    """The weights of one task's languages in a quantity.

    Attributes:
        place: of the task among the grids.
        weights: ``[n_languages]``.
        is_sampled: languages that stand for others like them where the claim is about languages in general,
            ``[n_languages]``. Their weights are equal.
    """

    place: int
    weights: FloatArray
    is_sampled: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Quantity:
    """One number that every run has: a score in a language, a mean over languages, a mean over tasks, a gap."""

    parts: tuple[Part, ...]


def one_language(place: int, grid: TaskGrid, language: str) -> Quantity:
    """The score in one language; it stands for no other."""
    weights = np.zeros(len(grid.languages))
    weights[grid.languages.index(language)] = 1.0
    return Quantity((Part(place, weights, np.zeros(len(weights), dtype=bool)),))


def mean_over(place: int, grid: TaskGrid, languages: Sequence[str]) -> Quantity:
    """The unweighted mean over some languages of a task."""
    is_sampled = np.isin(grid.languages, list(languages))
    return Quantity((Part(place, is_sampled / is_sampled.sum(), is_sampled),))


def transfer_gap(place: int, grid: TaskGrid) -> Quantity:
    """Score in the source language, which is given, minus the mean over target languages, which stand for others."""
    is_source = np.array([language == grid.source_language for language in grid.languages])
    weights = is_source.astype(np.float64) - ~is_source / (~is_source).sum()
    return Quantity((Part(place, weights, ~is_source),))


def mean_of(quantities: Sequence[Quantity]) -> Quantity:
    """The unweighted mean of quantities of different tasks."""
    parts = [part for quantity in quantities for part in quantity.parts]
    return Quantity(tuple(replace(part, weights=part.weights / len(quantities)) for part in parts))
