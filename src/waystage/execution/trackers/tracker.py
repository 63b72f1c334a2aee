"""The interface of trackers, and the watcher that feeds them from the logs of jobs, whatever executor ran these."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from waystage.errors import StudyError
from waystage.execution.job_log import attempt_path
from waystage.execution.log_lines import LineReader
from waystage.execution.outcome import State
from waystage.plan.nodes import Node

_VALUES = ("loss", "n_text_tokens")


class Tracker(Protocol):
    """Takes points of curves, and scores. It writes to files and to nowhere else."""

    def point(self, name: str, step: int, value: float) -> None:
        """A value of the curve ``name`` at an optimiser step."""

    def close(self) -> None:
        """Write what is left."""


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """What a tracker is told when it is opened.

    Attributes:
        folder: the tracker's own; created when missing.
        name: the study's.
        facts: of the run, flat.
    """

    folder: Path
    name: str
    facts: Mapping[str, str]


Opener = Callable[[TrackedRun], Tracker]


def _tensorboard(run: TrackedRun) -> Tracker:
    from waystage.execution.trackers.tensorboard import TensorBoard

    return TensorBoard(run)


def _mlflow(run: TrackedRun) -> Tracker:
    from waystage.execution.trackers.mlflow import MlFlow

    return MlFlow(run)


def _wandb(run: TrackedRun) -> Tracker:
    from waystage.execution.trackers.wandb import WeightsAndBiases

    return WeightsAndBiases(run)


TRACKERS: Mapping[str, Opener] = {"tensorboard": _tensorboard, "mlflow": _mlflow, "wandb": _wandb}
"""Trackers by the names that ``--track`` takes; their libraries are imported when one is opened."""


def open_trackers(names: Iterable[str], folder: Path, name: str, facts: Mapping[str, str]) -> list[Tracker]:
    """Open each tracker in a folder of its own below ``folder``.

    Raises:
        StudyError: an unknown name, or a library that is not installed.
    """
    unknown = [one for one in names if one not in TRACKERS]
    if unknown:
        raise StudyError(f"no tracker {unknown[0]!r}; there are {', '.join(TRACKERS)}")
    return [TRACKERS[one](TrackedRun(folder / one, name, facts)) for one in dict.fromkeys(names)]


def curve_name(label: str, value: str) -> str:
    """A name of letters, digits and ``_-./`` alone, which every tracker takes.

    >>> curve_name("mlm → mood (seed 1)", "loss"), curve_name("scores", "a+b/mrr@20")
    ('mlm-mood-seed-1/loss', 'scores/a-b/mrr-20')
    """
    stage, rest = re.sub(r"[^\w.]+", "-", label, flags=re.ASCII), re.sub(r"[^\w./]+", "-", value, flags=re.ASCII)
    return f"{stage.strip('-')}/{rest}"


class TrackingWatcher:
    """Passes what trainings write into their logs on to trackers."""

    def __init__(self, trackers: Iterable[Tracker], run_dir: Path) -> None:
        self._trackers, self._run_dir = list(trackers), run_dir
        self._attempts: dict[str, int] = {}
        self._readers: dict[str, LineReader] = {}

    def started(self, node: Node) -> None:
        """Follow the log of this attempt."""
        self._attempts[node.id] = self._attempts.get(node.id, 0) + 1
        path = attempt_path(self._run_dir, node.id, self._attempts[node.id])
        self._readers[node.id] = LineReader(path)

    def advanced(self, node: Node, fraction: float) -> None:
        """Pass on what is new."""
        self._read(node)

    def lost(self, node: Node, how: str) -> None:
        """Pass on what it still wrote."""
        self._read(node)

    def ended(self, node: Node, state: State) -> None:
        """Pass on the rest."""
        if node.id in self._readers:
            self._read(node)

    def _read(self, node: Node) -> None:
        if node.kind != "train":
            return
        for line in self._readers[node.id].new_lines():
            for value in _VALUES:
                if isinstance(line.get("step"), int) and isinstance(line.get(value), int | float):
                    self._tell(curve_name(node.label, value), line["step"], float(line[value]))

    def _tell(self, name: str, step: int, value: float) -> None:
        for tracker in self._trackers:
            tracker.point(name, step, value)
