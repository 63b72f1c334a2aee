"""The short form for the terminal: sequences by tasks, the cost, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from waystage.comparison.results import MeanScore
from waystage.report import wording
from waystage.report.record import RunRecord
from waystage.report.sections.summary import SummaryRow, summary_rows
from waystage.report.zero_shot import not_zero_shot

MAX_COLUMNS = 4
"""Columns of scores that fit beside the names and the cost in 100 columns."""


def comparison_table(run: RunRecord) -> RenderableType:
    """Scores in percent, differences to the baseline in points with their intervals, costs and the verdict.

    Made for 100 columns; more tasks than fit make further tables below the first.
    """
    rows = summary_rows(run)
    scopes: list[str | None] = list(run.comparison.tasks)
    if len(scopes) > 1:
        scopes.append(None)
    tables = [
        _table(rows, scopes[start : start + MAX_COLUMNS], with_cost=start == 0)
        for start in range(0, len(scopes), MAX_COLUMNS)
    ]
    note = f"mean over target languages, percent; difference to {run.comparison.baseline} in points [95 % interval]"
    verdict = Text(wording.verdict(run.comparison, run.comparison.best_overall), style="bold")
    notes = [Text(note, style="dim"), Text(_protocols(run), style="dim")]
    if said := not_zero_shot(run):
        notes.append(Text(said, style="yellow"))
    return Group(*tables, *notes, Padding(verdict, (1, 0, 0, 0)))


def _protocols(run: RunRecord) -> str:
    """Which protocol each task has, and how often it departs from that."""
    named = [
        f"{task.task} {wording.protocol_name(task.profile)} ({wording.counted(len(task.departures), 'departure')})"
        for task in run.protocol
    ]
    return f"protocol: {', '.join(named)}"


def _table(rows: Sequence[SummaryRow], scopes: Sequence[str | None], with_cost: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("sequence", min_width=12, max_width=14, overflow="fold")
    for scope in scopes:
        table.add_column(Text(wording.broken(scope or "all tasks")), justify="right", overflow="fold")
    if with_cost:
        table.add_column("cost", justify="right")
    for row in rows:
        cells = [_score_text(_scoped(row, scope), (scope, None) in row.best_on) for scope in scopes]
        if with_cost:
            cells.append(Text(wording.duration(row.cost.seconds) if row.cost else "not known", style="dim"))
        table.add_row(Text(wording.broken(row.sequence)), *cells)
    return table


def _scoped(row: SummaryRow, scope: str | None) -> MeanScore:
    return row.overall if scope is None else next(score for score in row.scores if score.task == scope)


def _score_text(score: MeanScore, is_best: bool) -> Text:
    """Score and difference above, interval below; the best one is marked by a star and by weight."""
    text = Text(f"{'★ ' if is_best else ''}{wording.percent(score.score)}", style="bold" if is_best else "")
    own = score.difference
    if own is None:
        return text.append("\nbaseline", style="not bold dim")
    colour = "dim"
    if own.conclusive and (own.low > 0 or own.high < 0):
        colour = "green" if own.low > 0 else "red"
    text.append(f"  {wording.points(own.value)}", style=f"{colour}")
    return text.append(f"\n{wording.interval(own)}", style="not bold dim")
