"""Sequences compared: means, differences with intervals, and the best one where that is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from waystage.comparison.alignment import TaskGrid, align
from waystage.comparison.best import LEVEL, highest_of
from waystage.comparison.breakdown import group_scores, transfer_gaps
from waystage.comparison.claims import LIKE_THESE, THESE
from waystage.comparison.context import DEFAULT_OPTIONS, NOTHING_MORE_KNOWN, Context, Options
from waystage.comparison.costs import cost_gains
from waystage.comparison.evidence import Evidence, Layout, quantity_values
from waystage.comparison.grouping import language_groups
from waystage.comparison.means import Means, language_scores
from waystage.comparison.order import with_stochastic_orders
from waystage.comparison.quantities import Quantity, mean_of, mean_over
from waystage.comparison.recommend import recommend
from waystage.comparison.resampling import Pair, point_scores, sample_examples
from waystage.comparison.results import CellScores, Comparison, MeanScore
from waystage.comparison.testing import Tester
from waystage.metrics.metric import Metric


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
    if options.n_resamples < 2:
        raise ValueError(f"{options.n_resamples} resamples; at least 2 are needed to see a spread")
    grids = align(cells, metrics, baseline, source_languages)
    sequences = tuple(dict.fromkeys(cell.sequence for cell in cells))
    languages = list(dict.fromkeys(language for grid in grids for language in _targets(grid)))
    groups = language_groups(context, languages)
    means = _means(grids, context)
    evidence = _evidence(grids, metrics, sequences, baseline, list(means.values()), options)
    tester = Tester(evidence, baseline, options)
    found = {key: Means.of(tester, *key, quantity) for key, quantity in means.items()}
    by_task = [own for (task, _), own in found.items() if task is not None]
    by_category = [own for (_, category), own in found.items() if category is not None]
    overall = found[None, None]
    scores = {score.sequence: score for score in overall.scores}
    comparison = Comparison(
        baseline=baseline,
        sequences=sequences,
        tasks=tuple(grid.task for grid in grids),
        seeds=tuple(sorted({cell.seed for cell in cells if cell.seed is not None})),
        task_scores=tuple(score for own in by_task for score in own.scores),
        overall_scores=overall.scores,
        language_scores=language_scores(tester),
        best_by_task=tuple(own.best[THESE] for own in by_task),
        best_overall=overall.best[THESE],
        n_resamples=options.n_resamples,
        resampling_seed=options.seed,
        category_scores=tuple(score for own in by_category for score in own.scores),
        best_by_category=tuple(own.best[THESE] for own in by_category),
        general_best_by_task=tuple(own.best[LIKE_THESE] for own in by_task),
        general_best_by_category=tuple(own.best[LIKE_THESE] for own in by_category),
        general_best_overall=overall.best[LIKE_THESE],
        group_scores=group_scores(tester, groups),
        transfer_gaps=transfer_gaps(tester),
        cost_gains=cost_gains(context.costs, scores, baseline),
        recommendations=tuple(
            recommend(own.best[scope], own.scores, baseline)
            for scope in (THESE, LIKE_THESE)
            for own in (overall, *by_category, *by_task)
        ),
        limits=_limits(found.values()),
        seeds_paired=options.pairs_seeds,
    )
    return with_stochastic_orders(comparison) if options.with_stochastic_order else comparison


def _targets(grid: TaskGrid) -> list[str]:
    return [language for language in grid.languages if language != grid.source_language]


def _means(grids: Sequence[TaskGrid], context: Context) -> dict[tuple[str | None, str | None], Quantity]:
    """Task and category (both None: all tasks) to what is averaged, unweighted over languages and then tasks."""
    by_task = {grid.task: mean_over(place, grid, _targets(grid)) for place, grid in enumerate(grids)}
    members: dict[str, list[Quantity]] = {}
    for task, quantity in by_task.items():
        category = context.categories.get(task)
        if category is not None:
            members.setdefault(category, []).append(quantity)
    means: dict[tuple[str | None, str | None], Quantity] = {(task, None): own for task, own in by_task.items()}
    means |= {(None, category): mean_of(own) for category, own in members.items()}
    return means | {(None, None): mean_of(list(by_task.values()))}


def _evidence(
    grids: tuple[TaskGrid, ...],
    metrics: Mapping[str, Metric],
    sequences: Sequence[str],
    baseline: str,
    means: Sequence[Quantity],
    options: Options,
) -> Evidence:
    """Resample every task; examples are exchanged between the pairs of sequences that will be tested."""
    layout = Layout.of(grids, sequences)
    points = tuple(point_scores(grid, metrics[grid.task]) for grid in grids)
    pairs: dict[Pair, None] = dict.fromkeys((name, baseline) for name in sequences if name != baseline)
    for quantity in means:
        values = quantity_values(quantity, points, layout)
        highest = highest_of({name: float(values[layout.slices[name]].mean()) for name in sequences})
        wanted = ((highest, name) for name in sequences if name != highest)
        pairs |= dict.fromkeys(pair for pair in wanted if pair not in pairs and pair[::-1] not in pairs)
    samples = tuple(
        sample_examples(grid, metrics[grid.task], list(pairs), options.n_resamples, options.seed) for grid in grids
    )
    return Evidence(grids, layout, points, samples, tuple(pairs))


def _limits(found: Iterable[Means]) -> tuple[str, ...]:
    """What cannot be concluded, each limit once, with the tasks that it holds on."""
    places: dict[str, list[str]] = {}
    for own in found:
        name = own.task or (f"tasks of {own.category}" if own.category else "all tasks")
        for limit in dict.fromkeys(limit for score in own.scores for limit in _limits_of(score)):
            places.setdefault(limit, []).append(name)
    return tuple(f"{limit} (on {', '.join(names)})" for limit, names in places.items())


def _limits_of(score: MeanScore) -> Iterator[str]:
    for test in (score.difference, score.general_difference):
        if test is None:
            continue
        if test.note is not None:
            yield from test.note.split("; ")
        for permutation in test.permutations:
            if permutation.smallest_p > LEVEL:
                seen = f"exchanging {permutation.exchanged} cannot give a p below {permutation.smallest_p:.2g}"
                yield f"{seen}: there are too few of them"
