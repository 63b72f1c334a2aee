"""Where it fails: examples that flip between the baseline and another sequence."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.languages.language import language_name
from waystage.report.record import FlippedExample, RunRecord


@dataclass(frozen=True, slots=True)
class FlipRow:
    """A task and a sequence, all languages together; ``worst`` is the language that loses most, if any does."""

    task: str
    second: str
    n_examples: int
    n_gained: int
    n_lost: int
    worst: str | None
    worst_net: int


@dataclass(frozen=True, slots=True)
class TaskFlips:
    """The kept examples of a task, by the names of their languages."""

    task: str
    n_flips: int
    examples: tuple[FlippedExample, ...]


def flip_rows(run: RunRecord) -> tuple[FlipRow, ...]:
    """Counts of a task and sequence, summed over languages."""
    keys = dict.fromkeys((own.task, own.second) for own in run.flip_counts)
    rows = []
    for task, second in keys:
        own = [count for count in run.flip_counts if (count.task, count.second) == (task, second)]
        worst = min(own, key=lambda count: count.n_gained - count.n_lost)
        net = worst.n_gained - worst.n_lost
        totals = (sum(c.n_examples for c in own), sum(c.n_gained for c in own), sum(c.n_lost for c in own))
        rows.append(FlipRow(task, second, *totals, worst.language if net < 0 else None, net))
    return tuple(rows)


def task_flips(run: RunRecord) -> tuple[TaskFlips, ...]:
    """The examples, grouped by task; tasks without one are left out."""
    grouped: dict[str, list[FlippedExample]] = {}
    for flip in run.flips:
        grouped.setdefault(flip.task, []).append(flip)
    counts = {task: sum(own.n_gained + own.n_lost for own in run.flip_counts if own.task == task) for task in grouped}
    return tuple(
        TaskFlips(task, counts[task], tuple(sorted(own, key=lambda flip: language_name(flip.language))))
        for task, own in grouped.items()
    )
