"""The simplest executor: one job at a time, in this process. The others give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import ClassVar, Self

from waystage.execution.attempt import attempt
from waystage.execution.executor import JobRequest, News, OnAdvanced, WorkerSetting
from waystage.execution.outcome import Outcome, Watcher
from waystage.execution.schedule import Guidance, run_nodes
from waystage.execution.worker import Control, Worker
from waystage.plan.plan import Plan
from waystage.store.store import Store


@dataclass(frozen=True, slots=True)
class InProcess:
    """Jobs run in this process, one after the other."""

    name: ClassVar[str] = "in-process"
    n_workers: ClassVar[int] = 1
    n_gpus: ClassVar[int] = 0
    n_machines: ClassVar[int] = 1

    def start(self, setting: WorkerSetting, should_stop: Callable[[], bool]) -> LocalExecutor:
        """The executor."""
        return LocalExecutor(setting, should_stop)


class LocalExecutor:
    """Holds one job, and does it when it is asked for news."""

    def __init__(self, setting: WorkerSetting, should_stop: Callable[[], bool]) -> None:
        self._setting, self._should_stop = setting, should_stop
        self._worker = Worker(setting.store, setting.n_threads, setting.trust_remote_code, setting.n_processes)
        self._held: JobRequest | None = None

    def offer(self, request: JobRequest) -> bool:
        """Hold a job, unless there is one."""
        if self._held is not None:
            return False
        self._held = request
        return True

    def news(self, on_advanced: OnAdvanced) -> Iterator[News]:
        """Do the job that is held."""
        if self._held is None:
            return
        request, self._held = self._held, None
        on_fraction = partial(on_advanced, request.node.id)
        yield self._do(request, Control(on_fraction, self._should_stop, self._setting.checkpoint_seconds))

    def _do(self, request: JobRequest, control: Control) -> News:
        return attempt(request, self._worker, control, self._setting)

    def ask_to_stop(self) -> None:
        """Nothing: a job asks ``should_stop`` itself."""

    def __enter__(self) -> Self:
        """Nothing to start."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end."""


def run_plan(
    plan: Plan,
    store: Store,
    watcher: Watcher,
    *,
    n_threads: int,
    should_stop: Callable[[], bool] = lambda: False,
    checkpoint_seconds: float = 20.0,
) -> Outcome:
    """Do every node of ``plan`` that the store does not hold, in this process, without logs; see :func:`run_nodes`."""
    setting = WorkerSetting(store, n_threads, plan.study.encoder.trust_remote_code, checkpoint_seconds)
    with LocalExecutor(setting, should_stop) as executor:
        return run_nodes(plan.nodes, store, executor, watcher, Guidance(should_stop=should_stop))
