"""Studies with random outcomes, as cells of both ways of comparing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from waystage.comparison.results import CellScores
from waystage.record.independent.evidence import Cell, Method

COLUMNS = {
    "accuracy": ("correct", "n"),
    "retrieval-accuracy": ("correct", "n"),
    "span-f1": ("true_positives", "predicted_spans", "gold_spans"),
    "answer-f1-em": ("exact_match", "f1", "n"),
    "macro-f1": ("tp:a", "tp:b", "fp:a", "fp:b", "fn:a", "fn:b"),
}


def statistics(metric: str, generator: np.random.Generator, rate: float, n_examples: int) -> np.ndarray:
    """Rows of statistics that a metric could have given, right about as often as ``rate``."""
    right = (generator.random(n_examples) < rate).astype(float)
    if metric == "span-f1":
        gold, predicted = generator.integers(1, 6, n_examples), generator.integers(1, 6, n_examples)
        return np.column_stack([np.minimum(gold, predicted) * right, predicted, gold]).astype(float)
    if metric == "answer-f1-em":
        partial = np.where(right > 0, 1.0, generator.random(n_examples) * 0.7)
        return np.column_stack([right, partial, np.ones(n_examples)])
    if metric == "macro-f1":
        is_a = generator.random(n_examples) < 0.6
        gold, other = np.column_stack([is_a, ~is_a]), np.column_stack([~is_a, is_a])
        wrong = 1 - right[:, None]
        return np.column_stack([gold * right[:, None], other * wrong, gold * wrong]).astype(float)
    return np.column_stack([right, np.ones(n_examples)])


def random_cells(
    tasks: Mapping[str, str],
    rates: Mapping[str, float],
    *,
    languages: Sequence[str] = ("en", "de", "sw", "fi"),
    seeds: Sequence[int] = (1, 2, 3),
    n_examples: int = 80,
    seed: int = 5,
) -> list[CellScores]:
    """One cell a sequence, task, language and seed. Tasks of retrieval have no seeds for the sequence ``base``;
    ``de`` and ``sw`` hold the same examples, ``fi`` shares half of them, ``en`` has its own.
    """
    generator = np.random.default_rng(seed)
    names = {"de": range(n_examples), "sw": range(n_examples), "fi": range(n_examples // 2, n_examples + 5)}
    cells = []
    for task, metric in tasks.items():
        for sequence, rate in rates.items():
            is_fixed = metric == "retrieval-accuracy" and sequence == "base"
            for own in [None] if is_fixed else seeds:
                shift = generator.normal(0, 0.02)
                for language in languages:
                    ids = tuple(
                        f"{language if language not in names else 'x'}{n}"
                        for n in names.get(language, range(n_examples))
                    )
                    rows = statistics(metric, generator, rate + shift, len(ids))
                    cells.append(CellScores(sequence, task, language, own, metric, COLUMNS[metric], ids, rows))
    return cells


def as_cells(cells: Sequence[CellScores]) -> list[Cell]:
    """The same for the independent way."""
    return [Cell(c.sequence, c.task, c.language, c.seed, c.metric_name, c.columns, c.ids, c.statistics) for c in cells]


def method(cells: Sequence[CellScores], n_resamples: int = 200, *, pairs_seeds: bool = False) -> Method:
    """Compared to ``base``, learned in English."""
    metrics = {cell.task: cell.metric_name for cell in cells}
    return Method("base", metrics, dict.fromkeys(metrics, "en"), n_resamples, 7, pairs_seeds)
