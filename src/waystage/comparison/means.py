"""Means over languages and tasks, and single languages: scores, differences to the baseline, the best sequence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from waystage.comparison.adjustment import benjamini_hochberg, holm
from waystage.comparison.best import find_best
from waystage.comparison.claims import LIKE_THESE, THESE, Scope
from waystage.comparison.quantities import Quantity, one_language
from waystage.comparison.results import Best, LanguageScore, MeanScore
from waystage.comparison.testing import Measured, Tester, adjusted

SCOPES: tuple[Scope, ...] = (THESE, LIKE_THESE)


@dataclass(frozen=True, eq=False)
class Means:
    """All that is claimed about one mean: of a task, of a category, or of all tasks (both None)."""

    task: str | None
    category: str | None
    measured: Measured
    scores: tuple[MeanScore, ...]
    best: dict[Scope, Best]

    @classmethod
    def of(cls, tester: Tester, task: str | None, category: str | None, quantity: Quantity) -> Means:
        """Test every sequence against the baseline, and the highest against every other, in both scopes."""
        measured = tester.measure(quantity)
        best = {
            scope: find_best(task, category, scope, measured.means, partial(measured.test, scope=scope))
            for scope in SCOPES
        }
        return cls(task, category, measured, _mean_scores(tester, task, category, measured), best)


def _mean_scores(tester: Tester, task: str | None, category: str | None, measured: Measured) -> tuple[MeanScore, ...]:
    means, moments = measured.means, measured.moments
    by_scope = {}
    for scope in SCOPES:
        tests = measured.to_baseline(partial(measured.test, scope=scope, is_main=True))
        by_scope[scope] = dict(zip(tests, adjusted(list(tests.values()), holm), strict=True))
    sources = source_scores(tester, task) if task is not None else dict.fromkeys(means)
    n_languages = int(measured.quantity.parts[0].is_sampled.sum()) if task is not None else None
    return tuple(
        MeanScore(
            sequence=name,
            task=task,
            score=mean,
            seeds=moments.seeds(name),
            seed_scores=tuple(moments.of(name).tolist()),
            source_score=sources[name],
            n_languages=n_languages,
            difference=by_scope[THESE][name],
            general_difference=by_scope[LIKE_THESE][name],
            category=category,
        )
        for name, mean in means.items()
    )


def source_scores(tester: Tester, task: str) -> dict[str, float | None]:
    """Sequence to its score in the task's source language; None where that is not in the test data."""
    evidence = tester.evidence
    place = next(place for place, grid in enumerate(evidence.grids) if grid.task == task)
    grid = evidence.grids[place]
    if grid.source_language not in grid.languages:
        return dict.fromkeys(evidence.layout.seeds)
    measured = tester.measure(one_language(place, grid, grid.source_language))
    return dict(measured.means)


def language_scores(tester: Tester) -> tuple[LanguageScore, ...]:
    """Every sequence, task and language, p adjusted over all of them."""
    scores: list[LanguageScore] = []
    for place, grid in enumerate(tester.evidence.grids):
        for language in grid.languages:
            measured = tester.measure(one_language(place, grid, language))
            moments = measured.moments
            scores += [
                LanguageScore(
                    sequence=name,
                    task=grid.task,
                    language=language,
                    is_source=language == grid.source_language,
                    n_examples=moments.n_examples,
                    score=moments.mean(name),
                    seeds=moments.seeds(name),
                    seed_scores=tuple(moments.of(name).tolist()),
                    difference=test,
                )
                for name, test in measured.to_baseline(measured.test).items()
            ]
    corrected = adjusted([score.difference for score in scores], benjamini_hochberg)
    return tuple(replace(score, difference=own) for score, own in zip(scores, corrected, strict=True))
