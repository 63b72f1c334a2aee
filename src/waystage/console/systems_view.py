"""A comparison of systems in the terminal: that of a run, the languages one by one, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from waystage.benchmark.paired import LeftOut
from waystage.comparison.claims import Difference, Scope
from waystage.comparison.results import LanguageScore
from waystage.comparison.systems import SystemComparison
from waystage.console.comparison_view import comparison_view
from waystage.report import wording


def systems_view(found: SystemComparison, scopes: Sequence[Scope], *, by_language: bool = False) -> RenderableType:
    """The answer, the tables, limits and notes; every language too with ``by_language``."""
    parts: list[RenderableType] = [comparison_view(found.comparison, scopes)]
    parts += [language_table(found)] if by_language else []
    parts += [Text(f"note: {note}") for note in found.notes]
    parts += _left_out(found.systems.left_out)
    return Group(*parts)


def language_table(found: SystemComparison) -> Table:
    """A row a task, language and system but the baseline: both scores, and the difference with its p values."""
    baseline = found.comparison.baseline
    title = f"points above {baseline} by language [95 % interval]; p adjusted over the whole map (Benjamini-Hochberg)"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(title), title_justify="left", title_style="dim")
    for heading in ("task", "lang", "system"):
        table.add_column(heading, overflow="fold")
    for heading in ("n", baseline, "score", "difference", "p", "adjusted p"):
        table.add_column(Text(heading), justify="right", no_wrap=heading == "difference", overflow="fold")
    scores = found.comparison.language_scores
    base = {(score.task, score.language): score.score for score in scores if score.sequence == baseline}
    for score in scores:
        if score.difference is not None:
            table.add_row(*map(Text, _row(score, base[score.task, score.language], score.difference)))
    return table


def _row(score: LanguageScore, base: float, difference: Difference) -> tuple[str, ...]:
    return (
        score.task,
        score.language,
        score.sequence,
        str(score.n_examples),
        wording.percent(base),
        wording.percent(score.score),
        f"{wording.points(difference.value)} {wording.interval(difference)}",
        _p(difference.p),
        _p(difference.p_adjusted),
    )


def _p(value: float | None) -> str:
    return "-" if value is None else "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _left_out(gaps: Sequence[LeftOut]) -> list[Text]:
    """A line for each task and cause, with the languages."""
    languages: dict[tuple[str, str], list[str]] = {}
    for gap in gaps:
        cause = gap.reason.replace(f"-{gap.language}.", "-{lang}.")
        languages.setdefault((gap.task, cause), []).append(gap.language)
    return [
        Text(f"left out for all systems: {task} {' '.join(own)}: {cause}", style="bold red")
        for (task, cause), own in languages.items()
    ]
