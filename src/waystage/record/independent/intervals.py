"""A difference of two sequences with its interval, put together from its parts as docs/decisions/0010 defines them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from waystage.record.independent.evidence import Evidence, FloatArray
from waystage.record.independent.resampling import CovarianceOf, resampled_covariance, task_scores

LEVEL = 0.95
_UPPER = 0.5 + LEVEL / 2


@dataclass(frozen=True, slots=True)
class Weighted:
    """What one language of a task counts in a mean; ``is_sampled``: it stands for others like it."""

    task: str
    language: str
    weight: float
    is_sampled: bool = True


Mean = tuple[Weighted, ...]
"""A weighted sum of scores. The sampled languages of one task have equal weights."""


def mean_over(languages: Sequence[tuple[str, Sequence[str]]]) -> Mean:
    """Unweighted over the languages of each task, then over tasks."""
    n_tasks = len(languages)
    return tuple(Weighted(task, name, 1 / (len(own) * n_tasks)) for task, own in languages for name in own)


def one_language(task: str, language: str) -> Mean:
    """The score in one language, which stands for no other."""
    return (Weighted(task, language, 1.0, is_sampled=False),)


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference. Fractions; ``p`` is None where a part of the error is unknown or there is no spread.

    Attributes:
        seed_error: None with one seed.
        language_error: None in these languages, or with one of them.
        missing: why nothing can be concluded; empty where something can.
    """

    value: float
    low: float
    high: float
    standard_error: float
    seed_error: float | None
    example_error: float
    language_error: float | None
    degrees_of_freedom: float
    p: float | None
    missing: tuple[str, ...]


class Measured:
    """Scores of all runs and how they vary, computed once; differences of any mean from them."""

    def __init__(self, evidence: Evidence, covariance_of: CovarianceOf = resampled_covariance) -> None:
        self.evidence = evidence
        n_runs = len(evidence.sequences) * evidence.n_seeds
        self._scores = {block.task: task_scores(block) for block in evidence.blocks}
        self._covariances = {block.task: covariance_of(block, evidence.method) for block in evidence.blocks}
        self._languages = {block.task: block.languages for block in evidence.blocks}
        self._n_runs = n_runs

    def spreads(self, task: str) -> FloatArray:
        """Standard errors of scores that come from the sample of examples, ``[n_languages, n_runs]``."""
        covariance = self._covariances[task]
        return np.asarray(np.sqrt(np.maximum(np.einsum("lala->la", covariance), 0.0)))

    def values(self, mean: Mean) -> FloatArray:
        """The mean in every run, ``[n_sequences, n_seeds]``."""
        total = np.zeros((len(self.evidence.sequences), self.evidence.n_seeds))
        for own in mean:
            total += own.weight * self._scores[own.task][self._languages[own.task].index(own.language)]
        return total

    def seed_values(self, mean: Mean, sequence: str) -> FloatArray:
        """One a seed; one in all where nothing is random."""
        own: FloatArray = self.values(mean)[self.evidence.sequences.index(sequence)]
        return own if self._is_random(mean, sequence) else own[:1]

    def difference(
        self, mean: Mean, first: str, second: str | None, *, is_general: bool, limit: float = 1.0
    ) -> Interval:
        """First minus second (or the first alone) in these languages, or in languages like these (``is_general``)."""
        parts = _Parts(self, mean, first, second)
        value = parts.value
        variances = [(parts.example_variance, min(self._sizes(mean)) - 1.0)]
        missing = []
        language_variance = None
        if is_general:
            language = parts.language_variance()
            if language is None:
                missing.append("one language")
            else:
                language_variance = language[0]
                variances.append(language)
        seed_error: float | None = 0.0
        if parts.random:
            if self.evidence.n_seeds < 2:
                missing.insert(0, "one seed")
                seed_error = None
            else:
                seed = parts.seed_variance(self.values(mean)[None])
                seed_error = math.sqrt(seed)
                variances.append((seed, parts.seed_degrees))
        error = math.sqrt(sum(variance for variance, _ in variances))
        degrees = combined_degrees(variances)
        p = None if missing else _p(value, error, degrees)
        if p is None and not missing:
            missing.append("no spread")
        margin = _quantile(degrees) * error
        return Interval(
            value,
            max(value - margin, -limit),
            min(value + margin, limit),
            error,
            seed_error,
            math.sqrt(parts.example_variance),
            None if language_variance is None else math.sqrt(language_variance),
            degrees,
            p,
            tuple(missing),
        )

    def _is_random(self, mean: Mean, sequence: str) -> bool:
        place = self.evidence.sequences.index(sequence)
        return any(self.evidence.block(task).is_random[place] for task in {own.task for own in mean})

    def _sizes(self, mean: Mean) -> list[int]:
        return [len(self.evidence.block(own.task).ids[own.language]) for own in mean if own.weight != 0.0]


class _Parts:
    """The parts of one difference's squared error."""

    def __init__(self, measured: Measured, mean: Mean, first: str, second: str | None) -> None:
        evidence = measured.evidence
        self._measured, self._mean = measured, mean
        self._n_seeds = evidence.n_seeds
        names = (first,) if second is None else (first, second)
        self._places = [evidence.sequences.index(name) for name in names]
        self._signs = [1.0, -1.0][: len(names)]
        self._all_random = [place for place, name in enumerate(evidence.sequences) if measured._is_random(mean, name)]
        self.random = [place for place in self._places if place in self._all_random]
        self._is_paired = evidence.method.pairs_seeds and len(self.random) == 2
        per_sequence = measured.values(mean).mean(axis=1)
        self.value = float(sum(s * per_sequence[p] for s, p in zip(self._signs, self._places, strict=True)))
        self.example_variance = max(self._shared(self._covariance(self._outer_weights())), 0.0)

    @property
    def seed_degrees(self) -> float:
        n_sequences = len(self._all_random) - (1 if self._is_paired else 0)
        return float((self._n_seeds - 1) * n_sequences)

    def seed_variance(self, values: FloatArray) -> float:
        """Of the difference of means over seeds; ``values`` is ``[n_rows, n_sequences, n_seeds]``, rows are summed."""
        own = values[:, self._all_random]
        residuals = own - own.mean(axis=2, keepdims=True)
        if self._is_paired:
            residuals = residuals - residuals.mean(axis=1, keepdims=True)
        one_run = float(np.square(residuals).sum()) / self.seed_degrees * len(self.random)
        return one_run / self._n_seeds

    def language_variance(self) -> tuple[float, float] | None:
        """With its degrees of freedom; None where a task has fewer than two languages that stand for others."""
        by_task = {task: [own for own in self._mean if own.task == task] for task in {own.task for own in self._mean}}
        if any(sum(own.is_sampled for own in part) < 2 for part in by_task.values()):
            return None
        evidence = self._measured.evidence
        shape = (len(evidence.sequences), self._n_seeds)
        rows: dict[str, FloatArray] = {}
        shares: dict[str, float] = {}
        products: dict[str, FloatArray] = {}
        for task, part in by_task.items():
            languages = self._measured._languages[task]
            sampled = [own for own in part if own.is_sampled]
            inflated = math.sqrt(len(sampled) / (len(sampled) - 1))
            scores = self._measured._scores[task]
            centre = np.mean([scores[languages.index(own.language)] for own in sampled], axis=0)
            distances = np.zeros((len(sampled), len(languages)))
            for row, own in enumerate(sampled):
                scaled = own.weight * inflated
                place = languages.index(own.language)
                own_row = scaled * (scores[place] - centre)
                rows[own.language] = rows.get(own.language, np.zeros(shape)) + own_row
                shares[own.language] = shares.get(own.language, 0.0) + abs(own.weight)
                distances[row, [languages.index(other.language) for other in sampled]] -= scaled / len(sampled)
                distances[row, place] += scaled
            products[task] = distances.T @ distances
        stacked = np.stack(list(rows.values()))
        contrast = sum(s * stacked[:, p].mean(axis=1) for s, p in zip(self._signs, self._places, strict=True))
        scatter = float(np.square(contrast).sum())
        within = max(self._shared(self._covariance(products)), 0.0)
        if self.random and self._n_seeds >= 2:
            within += self.seed_variance(stacked)
        counted = np.array(list(shares.values()))
        n_languages = float(counted.sum() ** 2 / np.square(counted).sum())
        return max(scatter - within, 0.0), n_languages - 1

    def _outer_weights(self) -> dict[str, FloatArray]:
        products = {}
        for task in dict.fromkeys(own.task for own in self._mean):
            languages = self._measured._languages[task]
            weights = np.zeros(len(languages))
            for own in self._mean:
                if own.task == task:
                    weights[languages.index(own.language)] += own.weight
            products[task] = np.outer(weights, weights)
        return products

    def _covariance(self, products: dict[str, FloatArray]) -> FloatArray:
        """Between runs, summed over tasks: they share no example."""
        n_runs = self._measured._n_runs
        total = np.zeros((n_runs, n_runs))
        for task, product in products.items():
            total += np.einsum("lm,lamb->ab", product, self._measured._covariances[task])
        return total

    def _shared(self, covariance: FloatArray) -> float:
        """The variance of the difference without what an example does with one seed only: seeds show that already."""
        n_seeds = self._n_seeds
        weights = np.zeros(len(covariance))
        for sign, place in zip(self._signs, self._places, strict=True):
            weights[place * n_seeds : (place + 1) * n_seeds] = sign / n_seeds
        total = float(weights @ covariance @ weights)
        if n_seeds < 2:
            return total
        for place in self.random:
            own = covariance[place * n_seeds : (place + 1) * n_seeds, place * n_seeds : (place + 1) * n_seeds]
            total -= (float(np.trace(own)) / n_seeds - float(own.mean())) / (n_seeds - 1)
        return total


def combined_degrees(parts: Sequence[tuple[float, float]]) -> float:
    """Degrees of freedom of a sum of variances (Cochran 1964): those whose quantile is the parts' weighted mean."""
    from scipy.optimize import brentq

    total = sum(variance for variance, _ in parts)
    smallest, largest = min(own for _, own in parts), max(own for _, own in parts)
    if total == 0.0 or len(parts) == 1 or smallest == largest:
        return smallest
    quantile = sum(variance / total * _quantile(own) for variance, own in parts)
    if quantile >= _quantile(smallest):
        return smallest
    if quantile <= _quantile(largest):
        return largest
    return float(brentq(lambda degrees: _quantile(degrees) - quantile, smallest, largest, xtol=1e-12, rtol=1e-14))


@lru_cache(maxsize=4096)
def _quantile(degrees: float) -> float:
    from scipy.stats import t

    return float(t.ppf(_UPPER, degrees))


def _p(value: float, error: float, degrees: float) -> float | None:
    from scipy.stats import t

    if value == 0.0:
        return 1.0
    if error == 0.0:
        return None
    return float(min(1.0, 2 * t.sf(abs(value) / error, degrees)))
