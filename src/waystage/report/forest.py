"""Geometry of the forest plots: where dots, whiskers and ticks stand, in percent of the width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waystage.comparison.claims import Difference
from waystage.comparison.results import MeanScore
from waystage.report.axis import Axis, even_axis, signed

MARGIN = 4.0
"""Percent of the width left free at both ends."""
_MOST = 1.5
"""An interval for languages like these may widen the axis by so many times the width of the others, then it is cut."""


@dataclass(frozen=True, slots=True)
class Whisker:
    """A difference on the axis: dot and ends in percent; ``is_cut_low``: the interval goes on beyond the axis."""

    difference: Difference
    dot: float
    low: float
    high: float
    is_cut_low: bool
    is_cut_high: bool


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One sequence: its difference in these languages, and in languages like these where that was computed."""

    sequence: str
    these: Whisker
    general: Whisker | None


@dataclass(frozen=True, slots=True)
class Forest:
    """One plot; ``task`` and ``category`` are None for the mean over all tasks."""

    task: str | None
    category: str | None
    rows: tuple[ForestRow, ...]
    axis: Axis


def forest(scores: Sequence[MeanScore]) -> Forest | None:
    """The plot of one task or mean: every sequence but the baseline; None where nothing is compared."""
    shown = [(own.sequence, own.difference, own.general_difference) for own in scores if own.difference is not None]
    if not shown:
        return None
    axis = difference_axis([(these, general) for _, these, general in shown])
    rows = tuple(
        ForestRow(name, whisker(axis, these), whisker(axis, general) if general else None)
        for name, these, general in shown
    )
    return Forest(scores[0].task, scores[0].category, rows, axis)


def difference_axis(pairs: Sequence[tuple[Difference, Difference | None]]) -> Axis:
    """An axis in points that holds zero and every interval for these languages, and what is not far beyond them."""
    ends = [0.0] + [100 * end for these, _ in pairs for end in (these.low, these.high)]
    spread = _MOST * (max(ends) - min(ends))
    low, high = min(ends) - spread, max(ends) + spread
    wider = [100 * end for _, general in pairs if general for end in (general.low, general.high, general.value)]
    return even_axis([*ends, *(min(max(end, low), high) for end in wider)], MARGIN, 100 - MARGIN, signed)


def whisker(axis: Axis, own: Difference) -> Whisker:
    """A difference on an axis in points."""
    low, high = 100 * own.low, 100 * own.high
    tolerance = 1e-9 * (axis.high - axis.low)
    places = (axis.place(100 * own.value), axis.place(low), axis.place(high))
    return Whisker(own, *places, low < axis.low - tolerance, high > axis.high + tolerance)
