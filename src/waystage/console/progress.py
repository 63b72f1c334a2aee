"""A progress display with the time left from the first second."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from waystage.console.bar import TerminalBar
from waystage.execution.outcome import State
from waystage.plan.nodes import Node

# Until this share of the estimated work is done, the estimate is trusted more than the clock.
_TRUSTED_SHARE = 0.1


class RemainingTime:
    """Seconds left, from estimates per node that the clock corrects.

    >>> remaining = RemainingTime({"a": 10.0, "b": 10.0}, start_seconds=0.0)
    >>> remaining.seconds_left(0.0)
    20.0
    >>> remaining.done("a"); remaining.seconds_left(20.0)  # twice as slow as estimated
    20.0
    """

    def __init__(self, estimates: Mapping[str, float], start_seconds: float) -> None:
        self._left = dict(estimates)
        self._total = sum(estimates.values())
        self._start_seconds = start_seconds
        self._fractions: dict[str, float] = {}

    def advanced(self, node_id: str, fraction: float) -> None:
        """A share of a node is done."""
        self._fractions[node_id] = fraction

    def done(self, node_id: str) -> None:
        """A node is done."""
        self._left.pop(node_id, None)
        self._fractions.pop(node_id, None)

    @property
    def share_done(self) -> float:
        """Share of the estimated work that is done, in [0, 1]."""
        return 1.0 if self._total <= 0 else min(1.0, 1.0 - self._work_left() / self._total)

    def _work_left(self) -> float:
        return sum(seconds * (1.0 - self._fractions.get(node, 0.0)) for node, seconds in self._left.items())

    def seconds_left(self, elapsed_seconds: float) -> float:
        """Estimate of the seconds left after so many seconds."""
        share, left = self.share_done, self._work_left()
        if share <= 0:
            return left + max(0.0, self._start_seconds - elapsed_seconds)
        working = max(0.0, elapsed_seconds - self._start_seconds)
        pace = working / (self._total * share) if self._total > 0 else 1.0
        trust = min(1.0, share / _TRUSTED_SHARE)
        return left * (trust * pace + (1.0 - trust))


class _TimeLeftColumn(ProgressColumn):
    def __init__(self, display: ProgressDisplay) -> None:
        super().__init__()
        self._display = display

    def render(self, task: Task) -> Text:
        return Text(f"{format_seconds(self._display.seconds_left())} left", style="cyan")


class ProgressDisplay(TerminalBar):
    """Watches an executor: a live bar in a terminal, a line a stage elsewhere."""

    def __init__(self, console: Console, first_guess_seconds: float) -> None:
        self._console = console
        self._remaining = RemainingTime({"everything": first_guess_seconds}, 0.0)
        self._started_at = time.monotonic()
        self._node_started_at: dict[str, float] = {}
        self._n_nodes, self._n_done = 0, 0
        percent, description = TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.description}")
        super().__init__(console, "starting", 1.0, percent, _TimeLeftColumn(self), TimeElapsedColumn(), description)

    def preparing(self, what: str) -> None:
        """Something is done before the first node begins; the time left is that of the first guess."""
        self._bar.update(self._task, description=what)
        if not self._console.is_terminal:
            self._console.print(f"{what}; about {format_seconds(self.seconds_left())} left")

    def expect(self, estimates: Mapping[str, float], start_seconds: float) -> None:
        """The nodes that are to be done, with the estimated seconds of each; replaces the first guess."""
        self._remaining = RemainingTime(estimates, start_seconds)
        self._started_at = time.monotonic()
        self._n_nodes, self._n_done = len(estimates), 0
        if not self._console.is_terminal and self._n_nodes:
            self._console.print(f"{self._n_nodes} jobs; about {format_seconds(self.seconds_left())} left")

    def seconds_left(self) -> float:
        """Seconds left, as far as is known."""
        return self._remaining.seconds_left(time.monotonic() - self._started_at)

    def started(self, node: Node) -> None:
        """A node begins."""
        self._node_started_at[node.id] = time.monotonic()
        self._bar.update(self._task, description=Text(node.label).plain.replace("[", "("))

    def advanced(self, node: Node, fraction: float) -> None:
        """A share of a node is done."""
        self._remaining.advanced(node.id, fraction)
        self._bar.update(self._task, completed=self._remaining.share_done)

    def lost(self, node: Node, how: str) -> None:
        """Nobody does a job any more."""
        self._console.print(f"{node.label}: {how}", markup=False, highlight=False, soft_wrap=True)

    def ended(self, node: Node, state: State) -> None:
        """A node has its state."""
        self._remaining.done(node.id)
        self._n_done += state is not State.FOUND
        self._bar.update(self._task, completed=self._remaining.share_done)
        is_worth_a_line = state is State.RAN and node.kind in ("encoder", "train", "predict")
        if not self._console.is_terminal and is_worth_a_line:
            seconds = time.monotonic() - self._node_started_at[node.id]
            left = format_seconds(self.seconds_left())
            line = f"[{self._n_done}/{self._n_nodes}] {node.label}: {seconds:.1f} s; about {left} left"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def format_seconds(seconds: float) -> str:
    """A duration for people.

    >>> format_seconds(7.2), format_seconds(128), format_seconds(7300)
    ('7 s', '2 min 08 s', '2 h 01 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
