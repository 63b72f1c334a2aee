"""Cost against score: what each sequence takes, and which ones nothing beats at their cost."""

from __future__ import annotations

from waystage.comparison.claims import CostGain
from waystage.comparison.results import Comparison
from waystage.report import wording
from waystage.report.axis import Axis, even_axis, log_axis, plain
from waystage.report.scatter import BOTTOM, LEFT, RIGHT, TOP, Point, Scatter, place_points, with_front

_FAR_APART = 8.0
"""Costs that lie further apart than this factor stand on an axis of powers."""


def pareto_plot(comparison: Comparison) -> Scatter | None:
    """Time against the mean over all tasks, or operations where times are not known; None without either."""
    gains = comparison.cost_gains
    if len(gains) < 2:
        return None
    for values, is_on_front, unit in (
        ([own.seconds for own in gains], [own.on_front_by_seconds for own in gains], "seconds"),
        ([own.flops for own in gains], [own.on_front_by_flops for own in gains], "operations"),
    ):
        known = [value for value in values if value is not None and value > 0]
        if len(known) == len(values):
            return _plot(comparison, gains, known, [bool(own) for own in is_on_front], unit)
    return None


def _plot(
    comparison: Comparison, gains: tuple[CostGain, ...], costs: list[float], is_on_front: list[bool], unit: str
) -> Scatter:
    label = wording.short_duration if unit == "seconds" else wording.operations
    points = [
        Point(cost, 100 * own.score, own.sequence, comparison.sequences.index(own.sequence), label(cost))
        for cost, own in zip(costs, gains, strict=True)
    ]
    x_axis = _cost_axis(costs, unit)
    y_axis = even_axis([point.y for point in points], BOTTOM, TOP, plain)
    x_title = "Training, all seeds together" + ("" if unit == "seconds" else ", floating-point operations")
    y_title = "Mean over all tasks, %" if len(comparison.tasks) > 1 else "Mean of target languages, %"
    plot = Scatter("Cost and score", x_title, y_title, x_axis, y_axis, place_points(points, x_axis, y_axis))
    return with_front(plot, [point for point, is_on in zip(points, is_on_front, strict=True) if is_on])


def _cost_axis(costs: list[float], unit: str) -> Axis:
    """From nothing where costs are alike, of powers where they are far apart."""
    label = wording.short_duration if unit == "seconds" else wording.operations
    if max(costs) > _FAR_APART * min(costs):
        return log_axis(costs, LEFT, RIGHT, label)
    return even_axis([0.0, *costs], LEFT, RIGHT, label)
