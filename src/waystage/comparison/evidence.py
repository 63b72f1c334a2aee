"""All that a claim rests on: scores of every run, and how they vary with examples, seeds and languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from waystage.comparison.alignment import TaskGrid
from waystage.comparison.quantities import Part, Quantity
from waystage.comparison.resampling import Pair, TaskSamples
from waystage.comparison.results import FloatArray


@dataclass(frozen=True, eq=False)
class Layout:
    """The runs of a study in one order for all tasks: sequences in their order, seeds ascending.

    A task without randomness has one run a sequence, which stands for every seed.

    Attributes:
        seeds: sequence to its seeds; empty where nothing is random on any task.
        places: task, by its place, to the run of its grid for each run of the study, ``[n_runs]``.
        is_random: task, by its place, to the sequences with seeds on it.
    """

    seeds: Mapping[str, tuple[int, ...]]
    places: tuple[NDArray[np.intp], ...]
    is_random: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, grids: Sequence[TaskGrid], sequences: Sequence[str]) -> Layout:
        """The layout of aligned grids."""
        found = {
            name: sorted({seed for grid in grids for own, seed in grid.runs if own == name and seed is not None})
            for name in sequences
        }
        seeds = {name: tuple(own) for name, own in found.items()}
        runs: list[tuple[str, int | None]] = [(name, seed) for name in sequences for seed in seeds[name] or (None,)]
        places = []
        for grid in grids:
            by_run = {run: place for place, run in enumerate(grid.runs)}
            own = [by_run[run if run in by_run else (run[0], None)] for run in runs]
            places.append(np.array(own, dtype=np.intp))
        is_random = tuple(frozenset(name for name, seed in grid.runs if seed is not None) for grid in grids)
        return cls(seeds, tuple(places), is_random)

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Sequence to its runs."""
        ends = np.cumsum([max(1, len(own)) for own in self.seeds.values()]).tolist()
        starts = [0, *ends[:-1]]
        return {name: slice(start, end) for name, start, end in zip(self.seeds, starts, ends, strict=True)}


@dataclass(frozen=True, eq=False)
class LanguageSpread:
    """How a quantity's languages scatter: the sum of the squares of ``rows`` is the variance of their mean.

    Attributes:
        rows: each language's distance from its task's mean, weighted, ``[n_languages, n_runs]``.
        covariance: what of that scatter comes from the sample of examples, ``[n_runs, n_runs]``.
        n_languages: as many languages of equal weight scatter as much; not whole where tasks differ.
    """

    rows: FloatArray
    covariance: FloatArray
    n_languages: float


@dataclass(frozen=True, eq=False)
class Moments:
    """One quantity: its value in every run and how these vary.

    Attributes:
        values: ``[n_runs]``, in the order of ``layout``.
        covariance: between runs, from the sample of examples, ``[n_runs, n_runs]``.
        languages: None where some task has fewer than two languages that stand for others.
        random: sequences in which training is random.
        n_examples: size of the smallest test set that takes part.
    """

    layout: Layout
    values: FloatArray
    covariance: FloatArray
    languages: LanguageSpread | None
    random: frozenset[str]
    n_examples: int

    def of(self, sequence: str) -> FloatArray:
        """The values of one sequence: one a seed, or one where nothing is random."""
        own = self.values[self.layout.slices[sequence]]
        return own if sequence in self.random else own[:1]

    def mean(self, sequence: str) -> float:
        """Mean over seeds."""
        return float(self.of(sequence).mean())

    def seeds(self, sequence: str) -> tuple[int, ...]:
        """The seeds behind the values; empty where nothing is random."""
        return self.layout.seeds[sequence] if sequence in self.random else ()


@dataclass(frozen=True, eq=False)
class Evidence:
    """Scores and their samples, task by task.

    Attributes:
        points: task, by its place, to its scores ``[n_languages, n_runs of its grid]``.
        pairs: pairs of sequences whose examples were exchanged.
    """

    grids: tuple[TaskGrid, ...]
    layout: Layout
    points: tuple[FloatArray, ...]
    samples: tuple[TaskSamples, ...]
    pairs: tuple[Pair, ...]

    def moments(self, quantity: Quantity) -> Moments:
        """Value and variation of a quantity."""
        covariances = [self._between_runs(part.place, np.outer(part.weights, part.weights)) for part in quantity.parts]
        used = [np.flatnonzero(part.weights) for part in quantity.parts]
        sizes = [
            len(self.grids[part.place].positions[self.grids[part.place].languages[language]])
            for part, languages in zip(quantity.parts, used, strict=True)
            for language in languages
        ]
        return Moments(
            self.layout,
            quantity_values(quantity, self.points, self.layout),
            np.sum(covariances, axis=0),
            self._language_spread(quantity),
            frozenset().union(*(self.layout.is_random[part.place] for part in quantity.parts)),
            min(sizes),
        )

    def exchanged(self, quantity: Quantity, pair: Pair) -> FloatArray | None:
        """Differences of the quantity with examples exchanged, ``[n_resamples]``; None for a pair without any."""
        flipped = pair[::-1] in self.pairs
        if pair not in self.pairs and not flipped:
            return None
        number = self.pairs.index(pair[::-1] if flipped else pair)
        own = [self.samples[part.place].exchanged[:, :, number] @ part.weights for part in quantity.parts]
        return np.asarray(np.sum(own, axis=0) * (-1.0 if flipped else 1.0))

    def _between_runs(self, place: int, products: FloatArray) -> FloatArray:
        """Covariance between the study's runs, for products of weights ``[n_languages, n_languages]``."""
        covariance = self.samples[place].covariance
        n_languages, _, n_runs, _ = covariance.shape
        own = products.reshape(-1) @ covariance.reshape(n_languages**2, -1)
        runs = self.layout.places[place]
        return np.asarray(own.reshape(n_runs, n_runs)[np.ix_(runs, runs)])

    def _language_spread(self, quantity: Quantity) -> LanguageSpread | None:
        if any(part.is_sampled.sum() < 2 for part in quantity.parts):
            return None
        names = sorted({name for part in quantity.parts for name in self.grids[part.place].languages})
        rows, shares = np.zeros((len(names), len(self.layout.places[0]))), np.zeros(len(names))
        covariances = []
        for part in quantity.parts:
            own = [names.index(name) for name in self.grids[part.place].languages]
            distances = _distances(part)
            rows[own] += distances @ self.points[part.place][:, self.layout.places[part.place]]
            shares[own] += np.abs(part.weights) * part.is_sampled
            covariances.append(self._between_runs(part.place, distances.T @ distances))
        n_languages = float(shares.sum() ** 2 / (shares**2).sum())
        return LanguageSpread(rows, np.sum(covariances, axis=0), n_languages)


def quantity_values(quantity: Quantity, points: Sequence[FloatArray], layout: Layout) -> FloatArray:
    """The quantity in every run of the study, ``[n_runs]``."""
    own = [part.weights @ points[part.place][:, layout.places[part.place]] for part in quantity.parts]
    return np.asarray(np.sum(own, axis=0))


def _distances(part: Part) -> FloatArray:
    """The matrix that turns scores into weighted distances from their mean, ``[n_languages, n_languages]``.

    For n languages of weight 1/n the squares of the distances sum to the variance of their mean, s²/n.
    """
    n_sampled = int(part.is_sampled.sum())
    centre = np.eye(len(part.weights)) - part.is_sampled / n_sampled
    scaled = part.weights * part.is_sampled * np.sqrt(n_sampled / (n_sampled - 1))
    return np.asarray(scaled[:, None] * centre)
