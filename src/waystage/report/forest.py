"""Geometry of the forest plots: where dots, whiskers and ticks stand, in percent of the width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from waystage.comparison.results import Difference, MeanScore

MARGIN = 4.0
"""Percent of the width left free at both ends."""


@dataclass(frozen=True, slots=True)
class ForestTick:
    """A line of the axis: its place in percent and its label in points."""

    place: float
    label: str
    is_zero: bool


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One sequence: dot, whisker ends in percent, and the difference itself."""

    sequence: str
    difference: Difference
    dot: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forest:
    """One plot; ``task`` is None for the mean over tasks."""

    task: str | None
    rows: tuple[ForestRow, ...]
    ticks: tuple[ForestTick, ...]


def forest(task: str | None, scores: Sequence[MeanScore]) -> Forest:
    """The plot of one task: every sequence but the baseline, on an axis that holds all intervals and zero."""
    shown = [(score.sequence, score.difference) for score in scores if score.difference is not None]
    ends = [0.0] + [100 * end for _, own in shown for end in (own.low, own.high)]
    step = _nice_step((max(ends) - min(ends)) or 1.0)
    low, high = math.floor(min(ends) / step) * step, math.ceil(max(ends) / step) * step
    high = high if high > low else low + step

    def place(value: float) -> float:
        return round(MARGIN + (100 - 2 * MARGIN) * (value - low) / (high - low), 2)

    rows = tuple(
        ForestRow(name, own, place(100 * own.value), place(100 * own.low), place(100 * own.high)) for name, own in shown
    )
    values = [low + number * step for number in range(round((high - low) / step) + 1)]
    ticks = tuple(ForestTick(place(value), _tick_label(value), abs(value) < step / 2) for value in values)
    return Forest(task, rows, ticks)


def _nice_step(width: float) -> float:
    """A round step that gives about four ticks.

    >>> _nice_step(1.0), _nice_step(7.3), _nice_step(60)
    (0.2, 2.0, 20.0)
    """
    magnitude = 10.0 ** math.floor(math.log10(width / 3))
    return min((factor * magnitude for factor in (1, 2, 5, 10)), key=lambda step: abs(width / step - 4))


def _tick_label(value: float) -> str:
    return f"{round(value, 6):+g}".replace("-", "\u2212") if round(value, 6) else "0"
