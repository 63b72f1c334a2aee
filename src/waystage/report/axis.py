"""Axes: where values stand, in percent of a width or height, and the ticks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of an axis: its place in percent and its label."""

    place: float
    label: str
    is_zero: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from ``low`` to ``high``; they stand at ``first`` and ``last`` percent. ``is_log``: powers are even."""

    low: float
    high: float
    first: float
    last: float
    ticks: tuple[Tick, ...] = ()
    is_log: bool = False

    def place(self, value: float) -> float:
        """Percent at which a value stands; values beyond the ends stand at the ends."""
        low, high, at = (math.log(v) if self.is_log else v for v in (self.low, self.high, max(value, self.low)))
        share = min(max((at - low) / (high - low), 0.0), 1.0)
        return round(self.first + (self.last - self.first) * share, 2)


def even_axis(values: Iterable[float], first: float, last: float, label: Callable[[float], str]) -> Axis:
    """An axis with round ticks that holds all values.

    >>> [tick.label for tick in even_axis([-1.2, 2.7], 0, 100, signed).ticks]
    ['−2', '−1', '0', '+1', '+2', '+3']
    """
    own = list(values)
    step = _nice_step((max(own) - min(own)) or 1.0)
    low, high = math.floor(min(own) / step) * step, math.ceil(max(own) / step) * step
    high = high if high > low else low + step
    axis = Axis(low, high, first, last)
    places = [low + number * step for number in range(round((high - low) / step) + 1)]
    ticks = tuple(Tick(axis.place(value), label(value), abs(value) < step / 2) for value in places)
    return Axis(low, high, first, last, ticks)


def log_axis(values: Iterable[float], first: float, last: float, label: Callable[[float], str]) -> Axis:
    """An axis of powers for values above 0 that lie far apart; ticks at 1, 2 and 5 times a power of 10.

    >>> [tick.label for tick in log_axis([120, 2300], 0, 100, "{:g}".format).ticks]
    ['100', '200', '500', '1000', '2000', '5000']
    """
    own = list(values)
    # One power lower, since the logarithm of a value just below a power may be rounded up to it.
    powers = range(math.floor(math.log10(min(own))) - 1, math.ceil(math.log10(max(own))) + 1)
    round_values = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    low = max(value for value in round_values if value <= min(own))
    high = min([value for value in round_values if value > low and value >= max(own)] or [10 * low])
    axis = Axis(low, high, first, last, is_log=True)
    shown = [value for value in round_values if low <= value <= high]
    ticks = tuple(Tick(axis.place(value), label(value), False) for value in shown)
    return Axis(low, high, first, last, ticks, is_log=True)


def signed(value: float) -> str:
    """A label with its sign, for differences.

    >>> signed(-0.5), signed(0.0), signed(2.0)
    ('−0.5', '0', '+2')
    """
    return f"{round(value, 6):+g}".replace("-", MINUS) if round(value, 6) else "0"


def plain(value: float) -> str:
    """A label without a sign."""
    return f"{round(value, 6):g}".replace("-", MINUS)


def _nice_step(width: float) -> float:
    """A round step that gives about four ticks.

    >>> _nice_step(1.0), _nice_step(7.3), _nice_step(60)
    (0.2, 2.0, 20.0)
    """
    magnitude = 10.0 ** math.floor(math.log10(width / 3))
    return min((factor * magnitude for factor in (1, 2, 5, 10)), key=lambda step: abs(width / step - 4))
