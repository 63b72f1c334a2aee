"""Metrics and made-up scores that the tests of comparison share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from waystage.comparison.results import CellScores, FloatArray
from waystage.data.examples import Example
from waystage.metrics.metric import Prediction


@dataclass(frozen=True)
class RightOrWrong:
    """Share of examples that are right."""

    name: str = "accuracy"
    columns: tuple[str, ...] = ("correct", "total")

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        raise NotImplementedError

    def score(self, sums: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return sums[..., 0] / sums[..., 1]


@dataclass(frozen=True)
class SpanF1:
    """Micro F1 of counts."""

    name: str = "span-f1"
    columns: tuple[str, ...] = ("true_positives", "predicted", "gold")

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        raise NotImplementedError

    def score(self, sums: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return 2 * sums[..., 0] / (sums[..., 1] + sums[..., 2])


METRICS = {"intents": RightOrWrong(), "slots": SpanF1(), "retrieval": RightOrWrong()}
SOURCES = dict.fromkeys(METRICS, "en")


def cell(
    sequence: str,
    task: str,
    language: str,
    seed: int | None,
    correct: Sequence[float] | FloatArray,
    ids: Sequence[str] | None = None,
) -> CellScores:
    """A cell of right-or-wrong statistics."""
    statistics = np.column_stack([np.asarray(correct, dtype=np.float64), np.ones(len(correct))])
    names = tuple(ids) if ids is not None else tuple(f"x{number}" for number in range(len(correct)))
    metric = RightOrWrong()
    return CellScores(sequence, task, language, seed, metric.name, metric.columns, names, statistics)


def random_cells(
    rates: Mapping[str, float],
    languages: Sequence[str] = ("en", "de", "sw"),
    seeds: Sequence[int | None] = (1, 2),
    n_examples: int = 200,
    task: str = "intents",
    seed_effect: float = 0.01,
) -> list[CellScores]:
    """Cells with a right rate a sequence; examples have a shared difficulty, seeds their own effects."""
    generator = np.random.default_rng(7)
    difficulty = generator.random(n_examples)
    cells = []
    for sequence, rate in rates.items():
        for seed in seeds:
            shift = rate + (generator.normal(0, seed_effect) if seed is not None else 0.0)
            for language in languages:
                noise = generator.random(n_examples)
                right = 0.7 * difficulty + 0.3 * noise < shift
                cells.append(cell(sequence, task, language, seed, right.astype(float)))
    return cells
