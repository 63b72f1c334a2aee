"""The tables of a run for papers: values with a form for people (LaTeX) and one for machines (CSV)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from waystage.comparison.claims import Difference
from waystage.comparison.results import MeanScore
from waystage.languages.language import language_name
from waystage.report import wording
from waystage.report.record import RunRecord
from waystage.report.sections.groups import UNKNOWN
from waystage.report.sections.guide import guide
from waystage.report.sections.summary import claims, scopes
from waystage.report.zero_shot import mean_words, not_zero_shot


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        heading: for people.
        names: of the columns of the CSV file that it becomes.
        shown: the value for people; None is shown as a dash before it is asked.
        parts: the value for machines, one part a name; scores and differences are fractions there.
    """

    heading: str
    names: tuple[str, ...]
    shown: Callable[[Any], str] = str
    parts: Callable[[Any], Sequence[object]] = lambda value: (value,)
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``name`` is that of its files. A value that is None is not known, or there is none."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]


def tables(run: RunRecord) -> Iterator[Table]:
    """The tables that the run has data for."""
    made = (_scores(run), _differences(run), _languages(run), _groups(run), _gaps(run), _selection(run), _costs(run))
    yield from (table for table in made if table.rows)


def _text(heading: str, name: str) -> Column:
    return Column(heading, (name,), is_number=False)


def _percent(heading: str, name: str) -> Column:
    return Column(heading, (name,), wording.percent)


def _count(heading: str, name: str) -> Column:
    return Column(heading, (name,), wording.count)


def _p(heading: str, name: str) -> Column:
    return Column(heading, (name,), wording.p_value)


def _difference(heading: str, name: str) -> Column:
    """A difference with its interval."""
    return Column(
        heading,
        (name, f"{name}_low", f"{name}_high"),
        lambda own: f"{wording.points(own.value)} {wording.interval(own)}",
        lambda own: (own.value, own.low, own.high),
    )


_SEQUENCE, _TASK = _text("Sequence", "sequence"), _text("Task", "task")


def _scores(run: RunRecord) -> Table:
    """Sequences by tasks."""
    comparison = run.comparison
    columns = [_SEQUENCE]
    for scope in scopes(comparison):
        names = tuple(
            f"{scope.name} {part}".strip() for part in ("", "difference", "difference low", "difference high")
        )
        columns.append(Column(scope.name, names, _score_shown, _score_parts))
    rows = tuple((name, *(scope.scores.get(name) for scope in scopes(comparison))) for name in comparison.sequences)
    caption = (
        f"{mean_words(run)}s over the target languages, in percent, and differences to {comparison.baseline} in points "
        "with 95 % intervals for these languages."
    )
    caption = f"{caption} {not_zero_shot(run)}".rstrip()
    return Table("scores", caption, tuple(columns), rows)


def _score_shown(score: MeanScore) -> str:
    own = score.difference
    text = wording.percent(score.score)
    return text if own is None else f"{text} ({wording.points(own.value)} {wording.interval(own)})"


def _score_parts(score: MeanScore) -> Sequence[object]:
    own = score.difference
    return (score.score, *((None, None, None) if own is None else (own.value, own.low, own.high)))


def _differences(run: RunRecord) -> Table:
    columns = (
        _TASK,
        _SEQUENCE,
        _text("Scope", "scope"),
        _difference("Difference", "difference"),
        _p("$p$", "p"),
        _p("$p$ (Holm)", "p_holm"),
        Column("P(better)", ("probability_better",), wording.probability),
        _percent("Could see", "smallest_effect"),
    )
    rows = tuple(
        (claim.task, claim.sequence, own.scope, own, own.p, own.p_adjusted, own.probability_better, own.smallest_effect)
        for claim in claims(run.comparison)
        for own in (claim.difference,)
    )
    caption = (
        f"Differences to {run.comparison.baseline} in points with 95 % intervals; the smallest true difference that "
        "would have been shown with 80 % power."
    )
    return Table("differences", caption, columns, rows)


def _languages(run: RunRecord) -> Table:
    columns = (
        _TASK,
        _text("Language", "language_name"),
        _text("Code", "language"),
        _SEQUENCE,
        _count("Examples", "n_examples"),
        _percent("Score", "score"),
        _difference("Difference", "difference"),
        _p("$p$ (BH)", "p_benjamini_hochberg"),
    )
    rows = tuple(
        (
            own.task, language_name(own.language), own.language, own.sequence, own.n_examples, own.score,
            own.difference, own.difference.p_adjusted if own.difference else None,
        )
        for own in run.comparison.language_scores
    )  # fmt: skip
    return Table("languages", "Scores in single languages, in percent; differences in points.", columns, rows)


def _groups(run: RunRecord) -> Table:
    columns = (
        _text("Property", "property"),
        _text("Group", "group"),
        _TASK,
        _SEQUENCE,
        _text("Languages", "languages"),
        _percent("Score", "score"),
        _difference("These languages", "difference"),
        _difference("Languages like these", "general_difference"),
    )
    rows = tuple(
        (
            own.property, own.group if own.group is not None else UNKNOWN, own.task or "all tasks", own.sequence,
            " ".join(own.languages), own.score, own.difference, own.general_difference,
        )
        for own in run.comparison.group_scores
    )  # fmt: skip
    return Table("groups", "Means over groups of languages, in percent; differences in points.", columns, rows)


def _gaps(run: RunRecord) -> Table:
    columns = (
        _TASK,
        _SEQUENCE,
        _percent("Source", "source_score"),
        _percent("Targets", "target_score"),
        _difference("Gap", "gap"),
        _difference("Change", "difference"),
    )
    rows: tuple[tuple[str | float | Difference | None, ...], ...] = tuple(
        (own.task or "all tasks", own.sequence, own.source_score, own.target_score, own.gap, own.difference)
        for own in run.comparison.transfer_gaps
    )
    caption = "Score in the source language minus the mean over target languages, in points with 95 % intervals."
    return Table("transfer-gap", caption, columns, rows)


def _selection(run: RunRecord) -> Table:
    columns = (
        _TASK,
        _text("Guide", "guide"),
        _text("It picks", "picked"),
        _text("Highest in target languages", "highest"),
        _percent("Lost", "loss"),
        _count("Pairs alike", "n_alike"),
        _count("Pairs", "n_pairs"),
    )
    found = guide(run)
    rows = tuple(
        (own.task, own.basis, own.picked, own.highest, own.loss, own.n_alike, own.n_pairs)
        for own in (found.rows if found else ())
    )
    return Table("selection", "The choice by the source language against the target languages.", columns, rows)


def _costs(run: RunRecord) -> Table:
    columns = (
        _SEQUENCE,
        Column("Time", ("seconds",), wording.duration),
        _count("Tokens", "n_tokens"),
        Column("Operations", ("flops",), wording.operations),
        _count("Stages", "n_stages"),
    )
    rows = tuple((own.sequence, own.seconds, own.n_tokens, own.flops, own.n_stages) for own in run.costs)
    return Table("cost", "What each sequence takes by itself, with all its targets and seeds.", columns, rows)
