"""Naming the best sequence, only where it is shown to beat every other one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from waystage.comparison.adjustment import holm
from waystage.comparison.intervals import RunScores, difference, pooled_seed_variance
from waystage.comparison.results import Best, Difference, PairTest

LEVEL = 0.05


def find_best(task: str | None, runs: Mapping[str, RunScores], n_examples: int) -> Best:
    """Test the sequence with the highest mean against each other one, p adjusted by Holm.

    It is named only if every adjusted p is at most 0.05: one sequence that it is not shown to beat is
    enough for None.
    """
    highest = max(runs, key=lambda name: runs[name].mean)
    seeds = pooled_seed_variance(runs.values())
    others = sorted((name for name in runs if name != highest), key=lambda name: -runs[name].mean)
    tests = [difference(runs[highest], runs[name], seeds, n_examples) for name in others]
    adjusted = iter(holm([test.p for test in tests if test.p is not None]))
    pairs = tuple(
        PairTest(name, test if test.p is None else replace(test, p_adjusted=next(adjusted)))
        for name, test in zip(others, tests, strict=True)
    )
    sequence, reason = _judge(highest, pairs)
    return Best(task, sequence, highest, reason, pairs)


def _judge(highest: str, pairs: Sequence[PairTest]) -> tuple[str | None, str]:
    """The best sequence or None, and the reason as a sentence."""
    if not pairs:
        return None, "there is only one sequence, so nothing is compared"
    unknown = [pair for pair in pairs if not pair.difference.conclusive]
    if unknown:
        return None, f"{unknown[0].difference.note}; {highest} has the highest score"
    equal = [pair for pair in pairs if not is_shown(pair.difference)]
    if equal:
        shown = "; ".join(f"{pair.other} ({_points(pair.difference)})" for pair in equal)
        return None, f"no difference shown between {highest} and {shown}"
    nearest = pairs[0]
    lead = f"{nearest.other} ({_points(nearest.difference)})"
    return highest, f"{highest} beats every other sequence; the nearest is {lead}"


def is_shown(test: Difference) -> bool:
    """Whether the difference holds at the 5 % level after the correction for its family."""
    return test.p_adjusted is not None and test.p_adjusted <= LEVEL


def _points(test: Difference) -> str:
    """A difference in points with its interval, for a sentence."""
    low, high = (f"{100 * end:+.1f}" for end in (test.low, test.high))
    p = f", adjusted p = {test.p_adjusted:.2g}" if test.p_adjusted is not None else ""
    return f"{100 * test.value:+.1f} points, 95 % interval {low} to {high}{p}"
