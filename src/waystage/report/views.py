"""The tables of the report, laid out: what stands in which cell, in which colour, before any HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from waystage.comparison.results import Best, Comparison, LanguageScore, MeanScore, SequenceCost
from waystage.languages.language import language_name
from waystage.report import colours
from waystage.report.record import RunRecord


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One sequence: its steps, its score on every task, its mean over the tasks and its cost."""

    sequence: str
    steps: tuple[str, ...]
    is_baseline: bool
    scores: tuple[MeanScore, ...]
    overall: MeanScore
    cost: SequenceCost | None
    best_on: frozenset[str | None]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A score and a difference with their steps on the colour scales."""

    score: float
    score_step: int
    difference: float | None
    difference_step: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One language, a cell a sequence."""

    language: str
    name: str
    is_source: bool
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """One task: rows of languages, ends of both scales, and the means over the target languages."""

    task: str
    rows: tuple[HeatRow, ...]
    low: float
    high: float
    largest: float
    means: tuple[MeanScore, ...]


def summary_rows(record: RunRecord) -> tuple[SummaryRow, ...]:
    """The table of sequences by tasks, in the order of the study."""
    comparison = record.comparison
    steps = {entry.sequence: entry.steps for entry in record.sequences}
    verdicts = (*comparison.best_by_task, comparison.best_overall)
    return tuple(
        SummaryRow(
            sequence=name,
            steps=steps.get(name, ()),
            is_baseline=name == comparison.baseline,
            scores=tuple(comparison.mean_score(name, task) for task in comparison.tasks),
            overall=comparison.mean_score(name, None),
            cost=record.cost(name),
            best_on=frozenset(best.task for best in verdicts if best.sequence == name),
        )
        for name in comparison.sequences
    )


def heat_map(comparison: Comparison, task: str) -> HeatMap:
    """Languages by sequences for one task, in the order of the English names, the source language first."""
    scores = [score for score in comparison.language_scores if score.task == task]
    low, high = min(score.score for score in scores), max(score.score for score in scores)
    largest = max((abs(score.difference.value) for score in scores if score.difference), default=0.0)
    by_language: dict[str, dict[str, LanguageScore]] = {}
    for score in scores:
        by_language.setdefault(score.language, {})[score.sequence] = score
    rows = [
        HeatRow(
            language=language,
            name=language_name(language),
            is_source=next(iter(row.values())).is_source,
            cells=tuple(_cell(row[name], low, high, largest) for name in comparison.sequences),
        )
        for language, row in by_language.items()
    ]
    rows.sort(key=lambda row: (not row.is_source, row.name))
    means = tuple(comparison.mean_score(name, task) for name in comparison.sequences)
    return HeatMap(task, tuple(rows), low, high, largest, means)


def _cell(score: LanguageScore, low: float, high: float, largest: float) -> HeatCell:
    difference = score.difference.value if score.difference else None
    return HeatCell(
        score=score.score,
        score_step=colours.score_step(score.score, low, high),
        difference=difference,
        difference_step=colours.difference_step(difference or 0.0, largest),
    )


def languages_of(comparison: Comparison) -> tuple[str, ...]:
    """Target languages of any task."""
    found = (score.language for score in comparison.language_scores if not score.is_source)
    return tuple(dict.fromkeys(found))


def best_by_scope(comparison: Comparison) -> Iterable[Best]:
    """The verdicts: all tasks together first (where there are several), then one by one."""
    if len(comparison.tasks) > 1:
        yield comparison.best_overall
    yield from comparison.best_by_task
