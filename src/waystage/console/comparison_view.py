"""A comparison in the terminal, short: the answer, differences by task, and what cannot be concluded."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from waystage.comparison.best import is_shown
from waystage.comparison.claims import THESE, Difference, Scope
from waystage.comparison.results import Comparison, MeanScore
from waystage.report import wording

MAX_SEQUENCES = 3
"""Columns of differences that fit beside the names of tasks in 100 columns."""


def comparison_view(comparison: Comparison, scopes: Sequence[Scope]) -> RenderableType:
    """The answer and the table of each scope, then power, orders and limits."""
    parts: list[RenderableType] = []
    for scope in scopes:
        parts.append(Text(comparison.recommendation(None, scope).sentence, style="bold"))
        parts += _tables(comparison, scope)
    parts += [_power(comparison, scope) for scope in scopes]
    if comparison.stochastic_orders:
        notes = dict.fromkeys(order.note for order in comparison.stochastic_orders if order.note is not None)
        parts += [_order_table(comparison), *(Text(note, style="dim") for note in notes)]
    parts += [Text(f"limit: {limit}", style="dim") for limit in comparison.limits]
    return Group(*parts)


def _tables(comparison: Comparison, scope: Scope) -> list[RenderableType]:
    others = [name for name in comparison.sequences if name != comparison.baseline]
    return [
        _table(comparison, others[start : start + MAX_SEQUENCES], scope)
        for start in range(0, len(others), MAX_SEQUENCES)
    ]


def _table(comparison: Comparison, sequences: Sequence[str], scope: Scope) -> Table:
    title = f"points above {comparison.baseline}, in {scope} [95 % interval]; * adjusted p at most 0.05"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(title), title_justify="left", title_style="dim")
    table.add_column("mean over", overflow="fold")
    for name in sequences:
        table.add_column(Text(wording.broken(name)), justify="right", overflow="fold")
    scores = (*comparison.task_scores, *comparison.category_scores, *comparison.overall_scores)
    rows: dict[tuple[str | None, str | None], dict[str, MeanScore]] = {}
    for score in scores:
        rows.setdefault((score.task, score.category), {})[score.sequence] = score
    for (task, category), row in rows.items():
        name = task or (f"tasks of {category}" if category else "all tasks")
        table.add_row(Text(name), *(_cell(row[sequence], scope) for sequence in sequences))
    return table


def _cell(score: MeanScore, scope: Scope) -> Text:
    own = _in_scope(score, scope)
    if own is None:
        return Text("baseline", style="dim")
    mark = "*" if is_shown(own) else " "
    style = "" if not is_shown(own) else "green" if own.value > 0 else "red"
    if not own.conclusive:
        mark, style = "?", "dim"
    return Text(f"{wording.points(own.value)} {wording.interval(own)}{mark}", style=style)


def _in_scope(score: MeanScore, scope: Scope) -> Difference | None:
    return score.difference if scope == THESE else score.general_difference


def _power(comparison: Comparison, scope: Scope) -> Text:
    """What could have been seen over all tasks, for the difference that could be seen worst."""
    tests = [test for score in comparison.overall_scores if (test := _in_scope(score, scope)) is not None]
    known = [test for test in tests if test.smallest_effect is not None]
    if not known:
        return Text(f"power over all tasks, in {scope}: not known", style="dim")
    worst = max(known, key=lambda test: test.smallest_effect or 0.0)
    seen = (
        f"over all tasks, in {scope}: a true difference of {100 * (worst.smallest_effect or 0.0):.1f} points is shown"
    )
    needed = ", ".join(f"{100 * need.effect:g}: {need.n_seeds or 'not by seeds alone'}" for need in worst.seeds_needed)
    seeds = f"; seeds needed by points of effect: {needed}" if needed else ""
    return Text(f"{seen} in 8 of 10 repetitions{seeds}", style="dim")


def _order_table(comparison: Comparison) -> Table:
    title = "almost stochastic order of seeds; below 0.5 the first dominates the second"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(title), title_justify="left", title_style="dim")
    for heading in ("first", "second", "mean over", "epsilon min"):
        table.add_column(heading, overflow="fold")
    for order in comparison.stochastic_orders:
        bound = "not known" if order.epsilon_min is None else f"{order.epsilon_min:.2f}"
        names = (order.first, order.second, order.task or "all tasks", bound)
        table.add_row(*(Text(name) for name in names))
    return table
