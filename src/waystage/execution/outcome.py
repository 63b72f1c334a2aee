"""What became of each node of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
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
    """

    states: dict[str, State] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    lost_inputs: set[str] = field(default_factory=set)
    is_interrupted: bool = False

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
