"""The table of sequences by tasks, and what is said about each task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from waystage.comparison.claims import THESE, Difference
from waystage.comparison.results import Best, Comparison, MeanScore, SequenceCost
from waystage.report import wording
from waystage.report.record import RunRecord


@dataclass(frozen=True, slots=True)
class Scope:
    """A column of the table: a task, the tasks of a category, or all tasks (both None), with a score a sequence.

    ``n_languages`` and ``n_tasks`` are None where they say nothing.
    """

    task: str | None
    category: str | None
    n_languages: int | None
    n_tasks: int | None
    scores: dict[str, MeanScore]

    @property
    def name(self) -> str:
        """For tables of text."""
        return self.task or self.category or "all tasks"


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One sequence: its steps, its score on every task, its mean over the tasks and its cost.

    ``best_on`` holds the tasks and categories on which it is shown to be best.
    """

    sequence: str
    steps: tuple[str, ...]
    is_baseline: bool
    scores: tuple[MeanScore, ...]
    overall: MeanScore
    cost: SequenceCost | None
    best_on: frozenset[tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said about a task, a category or all tasks, in one sentence."""

    task: str | None
    category: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A difference of a sequence to the baseline, with the name of what it is about."""

    task: str
    sequence: str
    difference: Difference


def scopes(comparison: Comparison) -> tuple[Scope, ...]:
    """All tasks together first (where there are several), then categories of several tasks, then single tasks."""
    found = []
    if len(comparison.tasks) > 1:
        found.append(Scope(None, None, None, len(comparison.tasks), _by_sequence(comparison.overall_scores)))
    for category in _categories(comparison):
        own = [score for score in comparison.category_scores if score.category == category]
        found.append(Scope(None, category, None, None, _by_sequence(own)))
    for task in comparison.tasks:
        own = [score for score in comparison.task_scores if score.task == task]
        found.append(Scope(task, None, own[0].n_languages, None, _by_sequence(own)))
    return tuple(found)


def summary_rows(record: RunRecord) -> tuple[SummaryRow, ...]:
    """The table of sequences by tasks, in the order of the study."""
    comparison = record.comparison
    steps = {entry.sequence: entry.steps for entry in record.sequences}
    verdicts = (*comparison.best_by_task, *comparison.best_by_category, comparison.best_overall)
    return tuple(
        SummaryRow(
            sequence=name,
            steps=steps.get(name, ()),
            is_baseline=name == comparison.baseline,
            scores=tuple(comparison.mean_score(name, task) for task in comparison.tasks),
            overall=comparison.mean_score(name, None),
            cost=record.cost(name),
            best_on=frozenset((best.task, best.category) for best in verdicts if best.sequence == name),
        )
        for name in comparison.sequences
    )


def verdicts(comparison: Comparison) -> tuple[Verdict, ...]:
    """For these languages, all tasks together first (where there are several)."""
    said = [
        Verdict(own.task, own.category, own.sentence) for own in comparison.recommendations if own.scope == THESE
    ] or [Verdict(best.task, best.category, wording.verdict(comparison, best)) for best in _bests(comparison)]
    categories = _categories(comparison)
    if len(comparison.tasks) == 1:
        return tuple(own for own in said if own.task is not None)
    return tuple(own for own in said if own.category is None or own.category in categories)


def claims(comparison: Comparison) -> Iterator[Claim]:
    """Every difference of means, in both scopes, in the order of the table's columns."""
    for scope in scopes(comparison):
        for sequence, score in scope.scores.items():
            for own in (score.difference, score.general_difference):
                if own is not None:
                    yield Claim(scope.name, sequence, own)


def languages_of(comparison: Comparison) -> tuple[str, ...]:
    """Target languages of any task."""
    found = (score.language for score in comparison.language_scores if not score.is_source)
    return tuple(dict.fromkeys(found))


def _bests(comparison: Comparison) -> Iterable[Best]:
    if len(comparison.tasks) > 1:
        yield comparison.best_overall
    yield from comparison.best_by_task


def _by_sequence(scores: Iterable[MeanScore]) -> dict[str, MeanScore]:
    return {score.sequence: score for score in scores}


def _categories(comparison: Comparison) -> tuple[str | None, ...]:
    """Categories that say something new: not those of a single task, nor the one that all tasks are in."""

    def values(scores: Iterable[MeanScore]) -> tuple[float, ...]:
        return tuple(score.score for score in scores)

    known = {values(own for own in comparison.task_scores if own.task == task) for task in comparison.tasks}
    known.add(values(comparison.overall_scores))
    by_category: dict[str | None, list[MeanScore]] = {}
    for score in comparison.category_scores:
        by_category.setdefault(score.category, []).append(score)
    return tuple(category for category, own in by_category.items() if values(own) not in known)
