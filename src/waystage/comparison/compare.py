"""Sequences compared: means, differences with intervals, and the best one where that is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from waystage.comparison.adjustment import benjamini_hochberg, holm
from waystage.comparison.alignment import TaskGrid, align
from waystage.comparison.best import find_best
from waystage.comparison.context import DEFAULT_OPTIONS, NOTHING_MORE_KNOWN, Context, Options
from waystage.comparison.intervals import RunScores, difference, pooled_seed_variance
from waystage.comparison.resampling import point_scores, resampled_scores
from waystage.comparison.results import (
    CellScores,
    Comparison,
    Difference,
    FloatArray,
    LanguageScore,
    MeanScore,
)
from waystage.metrics.metric import Metric


@dataclass(frozen=True, eq=False)
class Quantity:
    """One number that every sequence has: a score in a language, a mean over languages, a mean over tasks."""

    runs: dict[str, RunScores]
    n_examples: int

    def differences(self, baseline: str) -> dict[str, Difference | None]:
        """Each sequence minus the baseline; None for the baseline itself."""
        seeds = pooled_seed_variance(self.runs.values())
        return {
            sequence: None if sequence == baseline else difference(run, self.runs[baseline], seeds, self.n_examples)
            for sequence, run in self.runs.items()
        }


def compare(
    cells: Sequence[CellScores],
    metrics: Mapping[str, Metric],
    baseline: str,
    source_languages: Mapping[str, str],
    context: Context = NOTHING_MORE_KNOWN,
    options: Options = DEFAULT_OPTIONS,
) -> Comparison:
    """Compare every sequence with the baseline, and the highest one with every other.

    Args:
        cells: one for each sequence, task, language and seed.
        metrics: task to its metric.
        baseline: the sequence that differences are taken to.
        source_languages: task to the language that it was learned in; left out of the mean over languages.
        context: categories of tasks, groups of languages, costs of sequences.
        options: how to compare.

    Raises:
        ComparisonError: the cells cannot be compared; every problem is named.
        ValueError: fewer than 2 resamples.
    """
    n_resamples, seed = options.n_resamples, options.seed
    if n_resamples < 2:
        raise ValueError(f"{n_resamples} resamples; at least 2 are needed to see a spread")
    grids = align(cells, metrics, baseline, source_languages)
    sequences = tuple(dict.fromkeys(cell.sequence for cell in cells))
    task_means: dict[str, Quantity] = {}
    task_scores: list[MeanScore] = []
    language_scores: list[LanguageScore] = []
    for grid in grids:
        points = point_scores(grid, metrics[grid.task])
        resampled = resampled_scores(grid, metrics[grid.task], n_resamples, seed)
        task_means[grid.task] = _mean_over_targets(grid, points, resampled)
        task_scores += _task_scores(grid, task_means[grid.task], points, baseline)
        language_scores += _language_scores(grid, points, resampled, baseline)
    overall = _mean_over_tasks(sequences, list(task_means.values()))
    overall_scores = _mean_scores(None, overall, baseline, dict.fromkeys(sequences), None)
    return Comparison(
        baseline=baseline,
        sequences=sequences,
        tasks=tuple(task_means),
        seeds=tuple(sorted({cell.seed for cell in cells if cell.seed is not None})),
        task_scores=tuple(task_scores),
        overall_scores=tuple(overall_scores),
        language_scores=tuple(language_scores),
        best_by_task=tuple(find_best(task, mean.runs, mean.n_examples) for task, mean in task_means.items()),
        best_overall=find_best(None, overall.runs, overall.n_examples),
        n_resamples=n_resamples,
        resampling_seed=seed,
    )


def _quantity(grid: TaskGrid, values: FloatArray, resampled: FloatArray, n_examples: int) -> Quantity:
    """Runs gathered by sequence, seeds ascending, from ``[n_runs]`` and ``[n_resamples, n_runs]``."""
    runs: dict[str, RunScores] = {}
    for sequence in dict.fromkeys(sequence for sequence, _ in grid.runs):
        own = [(seed, place) for place, (name, seed) in enumerate(grid.runs) if name == sequence]
        own.sort(key=lambda entry: -1 if entry[0] is None else entry[0])
        places = [place for _, place in own]
        seeds = tuple(seed for seed, _ in own if seed is not None)
        runs[sequence] = RunScores(seeds, values[places], resampled[:, places])
    return Quantity(runs, n_examples)


def _mean_over_targets(grid: TaskGrid, points: FloatArray, resampled: FloatArray) -> Quantity:
    targets = grid.target_places
    n_examples = min(len(grid.positions[grid.languages[place]]) for place in targets)
    return _quantity(grid, points[targets].mean(axis=0), resampled[:, targets].mean(axis=1), n_examples)


def _mean_over_tasks(sequences: Sequence[str], tasks: Sequence[Quantity]) -> Quantity:
    """Unweighted mean over tasks, seed by seed: tasks share stages, so their seed effects move together.

    A task without randomness has the same value for every seed.
    """
    runs: dict[str, RunScores] = {}
    for sequence in sequences:
        own = [task.runs[sequence] for task in tasks]
        seeds = max((run.seeds for run in own), key=len)
        n_seeds = max(1, len(seeds))
        values = np.mean([np.broadcast_to(run.values, n_seeds) for run in own], axis=0)
        shape = (own[0].resampled.shape[0], n_seeds)
        resampled = np.mean([np.broadcast_to(run.resampled, shape) for run in own], axis=0)
        runs[sequence] = RunScores(seeds, values, resampled)
    return Quantity(runs, min(task.n_examples for task in tasks))


def _task_scores(grid: TaskGrid, mean: Quantity, points: FloatArray, baseline: str) -> list[MeanScore]:
    source_scores: dict[str, float | None] = dict.fromkeys(mean.runs)
    if grid.source_language in grid.languages:
        row = points[grid.languages.index(grid.source_language)]
        for sequence in mean.runs:
            own = [value for (name, _), value in zip(grid.runs, row, strict=True) if name == sequence]
            source_scores[sequence] = float(np.mean(own))
    return _mean_scores(grid.task, mean, baseline, source_scores, len(grid.target_places))


def _mean_scores(
    task: str | None,
    mean: Quantity,
    baseline: str,
    source_scores: Mapping[str, float | None],
    n_languages: int | None,
) -> list[MeanScore]:
    differences = mean.differences(baseline)
    names = list(differences)
    adjusted = _adjusted([differences[name] for name in names], holm)
    return [
        MeanScore(
            sequence=name,
            task=task,
            score=mean.runs[name].mean,
            seeds=mean.runs[name].seeds,
            seed_scores=_floats(mean.runs[name].values),
            source_score=source_scores[name],
            n_languages=n_languages,
            difference=own,
        )
        for name, own in zip(names, adjusted, strict=True)
    ]


def _language_scores(grid: TaskGrid, points: FloatArray, resampled: FloatArray, baseline: str) -> list[LanguageScore]:
    scores: list[LanguageScore] = []
    for place, language in enumerate(grid.languages):
        n_examples = len(grid.positions[language])
        quantity = _quantity(grid, points[place], resampled[:, place], n_examples)
        differences = quantity.differences(baseline)
        scores += [
            LanguageScore(
                sequence=name,
                task=grid.task,
                language=language,
                is_source=language == grid.source_language,
                n_examples=n_examples,
                score=run.mean,
                seeds=run.seeds,
                seed_scores=_floats(run.values),
                difference=differences[name],
            )
            for name, run in quantity.runs.items()
        ]
    adjusted = _adjusted([score.difference for score in scores], benjamini_hochberg)
    return [replace(score, difference=own) for score, own in zip(scores, adjusted, strict=True)]


def _adjusted(
    family: Sequence[Difference | None], correction: Callable[[Sequence[float]], list[float]]
) -> list[Difference | None]:
    """The family with ``p_adjusted`` filled in where there is a p."""
    p_values = [own.p for own in family if own is not None and own.p is not None]
    adjusted = iter(correction(p_values))
    return [own if own is None or own.p is None else replace(own, p_adjusted=next(adjusted)) for own in family]


def _floats(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
