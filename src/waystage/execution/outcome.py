"""What became of each node of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from waystage.plan.nodes import Node


class State(Enum):
    """State of a node after a run. Failed and not run are different things."""

    FOUND = "found"
    RAN = "ran"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(slots=True)
class Outcome:
    """States by node id, and why nodes failed.

    ``lost_inputs`` are ids of prepared data that was damaged and moved aside; planning again reads it again.
    ``log_dir`` is the folder of the run's logs, None where it keeps none.
    """

    states: dict[str, State] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    lost_inputs: set[str] = field(default_factory=set)
    is_interrupted: bool = False
    log_dir: Path | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every node has its result."""
        done = {State.FOUND, State.RAN}
        return not self.is_interrupted and all(state in done for state in self.states.values())


class Watcher(Protocol):
    """Told what an executor does."""

    def started(self, node: Node) -> None:
        """A node begins."""

    def advanced(self, node: Node, fraction: float) -> None:
        """A share of a node is done."""

    def lost(self, node: Node, how: str) -> None:
        """Nobody does a job any more: its worker or its machine is gone. It is given out again or fails."""

    def ended(self, node: Node, state: State) -> None:
        """A node has its state."""


class SilentWatcher:
    """Watches nothing."""

    def started(self, node: Node) -> None:
        """Nothing."""

    def advanced(self, node: Node, fraction: float) -> None:
        """Nothing."""

    def ended(self, node: Node, state: State) -> None:
        """Nothing."""

    def lost(self, node: Node, how: str) -> None:
        """Nothing."""


class Watchers:
    """Several watchers as one."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def started(self, node: Node) -> None:
        """A node begins."""
        for watcher in self._watchers:
            watcher.started(node)

    def advanced(self, node: Node, fraction: float) -> None:
        """A share of a node is done."""
        for watcher in self._watchers:
            watcher.advanced(node, fraction)

    def lost(self, node: Node, how: str) -> None:
        """Nobody does a job any more."""
        for watcher in self._watchers:
            watcher.lost(node, how)

    def ended(self, node: Node, state: State) -> None:
        """A node has its state."""
        for watcher in self._watchers:
            watcher.ended(node, state)
