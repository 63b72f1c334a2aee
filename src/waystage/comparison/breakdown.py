"""Where a difference comes from: groups of languages, and the gap to the source language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from waystage.comparison.adjustment import benjamini_hochberg, holm
from waystage.comparison.claims import LIKE_THESE, THESE, GroupScore, TransferGap
from waystage.comparison.grouping import Group
from waystage.comparison.quantities import Quantity, mean_of, mean_over, one_language, transfer_gap
from waystage.comparison.testing import Tester, adjusted

GAP_LIMIT = 2.0
"""The largest difference of two gaps."""


def group_scores(tester: Tester, groups: Sequence[Group]) -> tuple[GroupScore, ...]:
    """Every group on every task that has any of its languages, and over those tasks; p adjusted by property."""
    scores: list[GroupScore] = []
    for _, own in groupby(groups, key=lambda group: group.property):
        rows = [row for group in own for row in _of_group(tester, group)]
        these = adjusted([row.difference for row in rows], benjamini_hochberg)
        general = adjusted([row.general_difference for row in rows], benjamini_hochberg)
        scores += [
            replace(row, difference=first, general_difference=second)
            for row, first, second in zip(rows, these, general, strict=True)
        ]
    return tuple(scores)


def _of_group(tester: Tester, group: Group) -> list[GroupScore]:
    by_task: dict[str | None, tuple[Quantity, tuple[str, ...]]] = {}
    for place, grid in enumerate(tester.evidence.grids):
        present = set(grid.languages) - {grid.source_language}
        languages = tuple(language for language in group.languages if language in present)
        if languages:
            by_task[grid.task] = mean_over(place, grid, languages), languages
    by_task[None] = mean_of([quantity for quantity, _ in by_task.values()]), group.languages
    rows = []
    for task, (quantity, languages) in by_task.items():
        measured = tester.measure(quantity)
        these = measured.to_baseline(partial(measured.estimate, scope=THESE))
        general = measured.to_baseline(partial(measured.estimate, scope=LIKE_THESE))
        rows += [
            GroupScore(
                group.property, group.name, group.bounds, name, task, languages, mean, these[name], general[name]
            )
            for name, mean in measured.means.items()
        ]
    return rows


def transfer_gaps(tester: Tester) -> tuple[TransferGap, ...]:
    """The gap of every sequence on every task that is tested in its source language, and their mean."""
    gaps: dict[str | None, tuple[Quantity, Quantity]] = {}
    for place, grid in enumerate(tester.evidence.grids):
        if grid.source_language in grid.languages:
            gaps[grid.task] = transfer_gap(place, grid), one_language(place, grid, grid.source_language)
    if gaps:
        own, sources = zip(*gaps.values(), strict=True)
        gaps[None] = mean_of(own), mean_of(sources)
    return tuple(row for task, (gap, source) in gaps.items() for row in _of_task(tester, task, gap, source))


def _of_task(tester: Tester, task: str | None, gap: Quantity, source: Quantity) -> list[TransferGap]:
    measured, source_means = tester.measure(gap), tester.measure(source).means
    by_scope = {}
    for scope in (THESE, LIKE_THESE):
        tests = measured.to_baseline(partial(measured.estimate, scope=scope, limit=GAP_LIMIT))
        by_scope[scope] = dict(zip(tests, adjusted(list(tests.values()), holm), strict=True))
    return [
        TransferGap(
            sequence=name,
            task=task,
            source_score=source_means[name],
            target_score=source_means[name] - mean,
            gap=measured.estimate(name, None, THESE),
            general_gap=measured.estimate(name, None, LIKE_THESE),
            difference=by_scope[THESE][name],
            general_difference=by_scope[LIKE_THESE][name],
        )
        for name, mean in measured.means.items()
    ]
