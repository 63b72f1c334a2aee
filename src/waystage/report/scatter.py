"""Geometry of the scatter plots: points with labels that keep apart, in percent of width and height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from waystage.report.axis import Axis

LEFT, RIGHT, TOP, BOTTOM = 12.0, 97.0, 9.0, 84.0
"""Percent at which the area of the points begins and ends."""
_ROW = 7.0
"""Percent of the height that a label takes."""
_REACH = 34.0
"""Percent of the width within which labels may touch."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point: value on each axis, what it is, and the number of its marker (by sequence)."""

    x: float
    y: float
    label: str
    marker: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlacedPoint:
    """A point in percent, with the end of its label that is anchored there (``start`` or ``end``)."""

    point: Point
    x: float
    y: float
    label_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """A plot. ``front`` are places of the corners of a line through points, empty where there is none."""

    title: str
    x_title: str
    y_title: str
    x_axis: Axis
    y_axis: Axis
    points: tuple[PlacedPoint, ...]
    front: tuple[tuple[float, float], ...] = ()


def place_points(points: Sequence[Point], x_axis: Axis, y_axis: Axis) -> tuple[PlacedPoint, ...]:
    """The points in percent; labels that would touch are moved down, those at the right end stand to the left."""
    placed: list[PlacedPoint] = []
    for point in sorted(points, key=lambda own: -own.y):
        x, y = x_axis.place(point.x), y_axis.place(point.y)
        taken = sorted(
            other.label_y for other in placed if other.point.label and abs(other.x - x) < _REACH and point.label
        )
        label_y = y
        for other in taken:
            if abs(other - label_y) < _ROW:
                label_y = other + _ROW
        placed.append(PlacedPoint(point, x, y, round(label_y, 2), "start" if x < (LEFT + RIGHT) / 2 else "end"))
    return tuple(placed)


def with_front(plot: Scatter, points: Sequence[Point]) -> Scatter:
    """The plot with a line of steps through the points, from the cheapest to the dearest."""
    corners: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda own: own.x):
        x, y = plot.x_axis.place(point.x), plot.y_axis.place(point.y)
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return replace(plot, front=tuple(corners))
