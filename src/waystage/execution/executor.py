"""The interface of executors: a planned stage goes in, word of its artefact comes out.

What is ready, and in which order it goes out, is decided once, in :mod:`waystage.execution.schedule`. An executor only
knows where jobs run: in this process, in worker processes, on Ray, on Slurm. Artefacts and checkpoints go through the
store and never through an executor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from waystage.execution.outcome import State
from waystage.execution.resources import Resources
from waystage.plan.nodes import Node
from waystage.store.store import Store


@dataclass(frozen=True, slots=True)
class WorkerSetting:
    """What every worker of a run needs to know.

    Attributes:
        store: goes to the workers; other machines have to see its folder under the same path.
        n_threads: threads of a worker; the same number gives the same bytes.
        checkpoint_seconds: time between two checkpoints inside a stage.
        log_seconds: time between two reports in a job's log, and between two looks at them.
        run_dir: where the run keeps its logs, one file an attempt at a job; None keeps none.
        n_processes: processes of each machine that train a stage together.
    """

    store: Store
    n_threads: int
    trust_remote_code: bool = False
    checkpoint_seconds: float = 20.0
    run_dir: Path | None = None
    log_seconds: float = 1.0
    n_processes: int = 1


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A planned stage that is given to an executor. ``attempt`` counts from 1."""

    node: Node
    needs: Resources = field(default_factory=Resources)
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a job.

    Attributes:
        reason: why it failed, for people.
        is_damaged: something that it reads is damaged, so it was not run.
        defect: the trace of an error that is no user's mistake.
    """

    node_id: str
    state: State
    reason: str | None = None
    is_damaged: bool = False
    defect: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody does a job any more: its process was killed, or its machine is gone. ``hint`` says what may be behind."""

    node_id: str
    how: str
    hint: str = ""


News: TypeAlias = Ended | Lost
OnAdvanced: TypeAlias = Callable[[str, float], None]
"""Told the id of a node and which share of it is done, in [0, 1]."""


class Executor(Protocol):
    """Does jobs somewhere. It is a context manager: leaving it ends what it has started."""

    def offer(self, request: JobRequest) -> bool:
        """Start a job if there is room for it now. False: ask again after the next news."""

    def news(self, on_advanced: OnAdvanced) -> Iterator[News]:
        """What has become of jobs; waits for a moment at most, unless jobs run in this process.

        Raises:
            StageError: the place where jobs run is gone for good.
        """

    def ask_to_stop(self) -> None:
        """Ask what is running to save a checkpoint and end; its news says "not run"."""

    def __enter__(self) -> Self:
        """The executor, ready for jobs."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything that was started."""


class Backend(Protocol):
    """Where jobs of a run go, as a user chooses it; holds settings and starts nothing."""

    @property
    def name(self) -> str:
        """What ``--executor`` calls it."""

    @property
    def n_workers(self) -> int:
        """Jobs that may run side by side."""

    @property
    def n_gpus(self) -> int:
        """GPUs that a job which runs a model asks for."""

    @property
    def n_machines(self) -> int:
        """Machines that train a stage together."""

    def start(self, setting: WorkerSetting, should_stop: Callable[[], bool]) -> Executor:
        """The executor.

        Raises:
            StudyError: a package that it needs is not installed, or a setting is not valid.
        """
