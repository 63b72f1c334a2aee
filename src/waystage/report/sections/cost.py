"""Cost against score: what each sequence takes, and which ones nothing beats at their cost."""

from __future__ import annotations

from collections.abc import Sequence

from waystage.comparison.results import Comparison
from waystage.report import wording
from waystage.report.axis import even_axis, log_axis, plain
from waystage.report.scatter import BOTTOM, LEFT, RIGHT, TOP, Point, Scatter, place_points, with_front

_FAR_APART = 8.0
"""Costs that lie further apart than this factor stand on an axis of powers."""


def pareto_plot(comparison: Comparison) -> Scatter | None:
    """Time against the mean over all tasks, or operations where times are not known; None without either."""
    gains = comparison.cost_gains
    if len(gains) < 2:
        return None
    seconds = [own.seconds for own in gains if own.seconds]
    if len(seconds) == len(gains):
        unit, length = wording.unit_of_time(max(seconds))
        costs = [value / length for value in seconds]
        return _plot(comparison, costs, [own.on_front_by_seconds for own in gains], f"Training of all seeds, {unit}")
    flops = [own.flops / 1e12 for own in gains if own.flops]
    if len(flops) == len(gains):
        return _plot(comparison, flops, [own.on_front_by_flops for own in gains], "Training of all seeds, TFLOP")
    return None


def _plot(comparison: Comparison, costs: Sequence[float], is_on_front: Sequence[bool | None], x_title: str) -> Scatter:
    points = [
        Point(cost, 100 * own.score, own.sequence, comparison.sequences.index(own.sequence))
        for cost, own in zip(costs, comparison.cost_gains, strict=True)
    ]
    is_far_apart = max(costs) > _FAR_APART * min(costs)
    x_axis = log_axis(costs, LEFT, RIGHT, plain) if is_far_apart else even_axis([0.0, *costs], LEFT, RIGHT, plain)
    y_axis = even_axis([point.y for point in points], BOTTOM, TOP, plain)
    y_title = "Mean over all tasks, %" if len(comparison.tasks) > 1 else "Mean of target languages, %"
    plot = Scatter("Cost and score", x_title, y_title, x_axis, y_axis, place_points(points, x_axis, y_axis))
    return with_front(plot, [point for point, is_on in zip(points, is_on_front, strict=True) if is_on])
