"""Naming the best sequence, only where it is shown to beat every other one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from waystage.comparison.adjustment import holm
from waystage.comparison.claims import Scope
from waystage.comparison.results import Best, Difference, PairTest

LEVEL = 0.05


def find_best(
    task: str | None,
    category: str | None,
    scope: Scope,
    means: Mapping[str, float],
    test: Callable[[str, str], Difference],
) -> Best:
    """Test the sequence with the highest mean against each other one, p adjusted by Holm.

    It is named only if every adjusted p is at most 0.05: one sequence that it is not shown to beat is
    enough for None. ``test`` gives the first sequence minus the second.
    """
    highest = highest_of(means)
    others = sorted((name for name in means if name != highest), key=lambda name: -means[name])
    tests = [test(highest, name) for name in others]
    adjusted = iter(holm([own.p for own in tests if own.p is not None]))
    pairs = tuple(
        PairTest(name, own if own.p is None else replace(own, p_adjusted=next(adjusted)))
        for name, own in zip(others, tests, strict=True)
    )
    sequence, reason = _judge(highest, pairs)
    return Best(task, sequence, highest, reason, pairs, category, scope)


def highest_of(means: Mapping[str, float]) -> str:
    """The sequence with the highest mean; the first of equals."""
    return max(means, key=lambda name: means[name])


def _judge(highest: str, pairs: Sequence[PairTest]) -> tuple[str | None, str]:
    """The best sequence or None, and the reason as a sentence."""
    if not pairs:
        return None, "there is only one sequence, so nothing is compared"
    unknown = [pair for pair in pairs if not pair.difference.conclusive]
    if unknown:
        return None, f"{unknown[0].difference.note}; {highest} has the highest score"
    equal = [pair for pair in pairs if not is_shown(pair.difference)]
    if equal:
        shown = "; ".join(f"{pair.other} ({in_points(pair.difference)})" for pair in equal)
        return None, f"no difference shown between {highest} and {shown}"
    nearest = pairs[0]
    lead = f"{nearest.other} ({in_points(nearest.difference)})"
    return highest, f"{highest} beats every other sequence; the nearest is {lead}"


def is_shown(test: Difference) -> bool:
    """Whether the difference holds at the 5 % level after the correction for its family."""
    return test.p_adjusted is not None and test.p_adjusted <= LEVEL


def in_points(test: Difference) -> str:
    """A difference in points with its interval, for a sentence."""
    low, high = (f"{100 * end:+.1f}" for end in (test.low, test.high))
    p = f", adjusted p = {test.p_adjusted:.2g}" if test.p_adjusted is not None else ""
    return f"{100 * test.value:+.1f} points, 95 % interval {low} to {high}{p}"
