"""The time that is left."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from waystage.console.progress import ProgressDisplay, RemainingTime, format_seconds

ESTIMATES = st.dictionaries(st.text(min_size=1, max_size=3), st.floats(0.01, 1e4), min_size=1, max_size=8)


@given(ESTIMATES, st.floats(0, 100))
def test_at_first_the_estimate_counts(estimates: dict[str, float], start_seconds: float) -> None:
    remaining = RemainingTime(estimates, start_seconds)
    assert remaining.seconds_left(0.0) == pytest.approx(sum(estimates.values()) + start_seconds)
    assert remaining.share_done == 0.0


@given(ESTIMATES, st.floats(0.1, 10))
def test_the_clock_corrects_the_estimate(estimates: dict[str, float], pace: float) -> None:
    """Halfway through every node, on a machine that is slower or faster by a factor."""
    remaining, total = RemainingTime(estimates, 5.0), sum(estimates.values())
    for node in estimates:
        remaining.advanced(node, 0.5)
    assert remaining.share_done == pytest.approx(0.5)
    assert remaining.seconds_left(5.0 + 0.5 * total * pace) == pytest.approx(0.5 * total * pace)


@given(ESTIMATES)
def test_nothing_is_left_when_all_is_done(estimates: dict[str, float]) -> None:
    remaining = RemainingTime(estimates, 5.0)
    for node in estimates:
        remaining.advanced(node, 0.3)
        remaining.done(node)
    assert remaining.share_done == 1.0
    assert remaining.seconds_left(100.0) == 0.0


def test_nothing_to_do() -> None:
    remaining = RemainingTime({}, 3.0)
    assert remaining.share_done == 1.0


def test_outside_a_terminal_there_is_a_line_at_once() -> None:
    text = io.StringIO()
    with ProgressDisplay(Console(file=text, width=100), first_guess_seconds=200.0) as display:
        display.preparing("reading data")
        display.expect({"a": 60.0, "b": 30.0}, 2.0)
    assert text.getvalue().splitlines() == ["reading data; about 3 min 20 s left", "2 jobs; about 1 min 32 s left"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599.7, "1 h 00 min"), (90061, "25 h 01 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text
