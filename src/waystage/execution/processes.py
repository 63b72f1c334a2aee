"""Worker processes on this machine: as many jobs at once as there are workers, each with threads of its own.

Artefacts go through the store. Workers are asked to stop by an event, and stop by themselves when the driver is gone,
so a killed driver leaves nothing running.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import ClassVar, Self

import psutil

from waystage.execution.attempt import attempt_elsewhere
from waystage.execution.devices import limit_threads, show_gpu, visible_gpus
from waystage.execution.executor import Ended, JobRequest, Lost, News, OnAdvanced, WorkerSetting
from waystage.execution.resources import Resources, Room
from waystage.execution.worker import Control, Worker
from waystage.execution.worker import peak_memory_bytes as process_peak_bytes

_POLL_SECONDS = 0.2
_END_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Processes:
    """Jobs run in worker processes on this machine; each has a GPU of its own where the machine has any."""

    n_workers: int
    name: ClassVar[str] = "processes"

    @property
    def n_gpus(self) -> int:
        """One a job, if there are GPUs."""
        return min(1, len(visible_gpus()))

    def start(self, setting: WorkerSetting, should_stop: Callable[[], bool]) -> ProcessExecutor:
        """The executor."""
        return ProcessExecutor(setting, self.n_workers)


def peak_memory_bytes(n_workers: int) -> int:
    """Largest resident size of this process and its workers; with several, the sum of their peaks, which bounds it."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if n_workers > 1 else 0
    unit = 1 if sys.platform == "darwin" else 1024
    return process_peak_bytes() + n_workers * child * unit


@dataclass(frozen=True, slots=True)
class _Advanced:
    fraction: float


@dataclass(slots=True)
class _Member:
    """A worker process from the driver's side; ``request`` is what it is doing, ``gpu`` the GPU that is its own."""

    process: BaseProcess
    connection: Connection
    gpu: str | None
    request: JobRequest | None = None


class ProcessExecutor:
    """Worker processes; each is started when there is something for it to do."""

    def __init__(self, setting: WorkerSetting, n_workers: int) -> None:
        self._setting = setting
        self._gpus: list[str | None] = list(visible_gpus()[:n_workers]) or [None] * n_workers
        self._stop: Event = multiprocessing.get_context("spawn").Event()
        self._members: list[_Member] = []
        n_places = len(self._gpus)
        memory = psutil.virtual_memory().total
        self._room = Room(Resources(setting.n_threads * n_places, n_places, memory))

    def offer(self, request: JobRequest) -> bool:
        """Give a job to a worker that has none, started if there is room for one."""
        if not self._room.take(request.node.id, request.needs):
            return False
        member = self._idle()
        if member is None:
            self._room.give_back(request.node.id)
            return False
        member.request = request
        with suppress(OSError):  # it has just died, which the next news says
            member.connection.send(request)
        return True

    def _idle(self) -> _Member | None:
        for member in self._members:
            if member.request is None:
                return member
        free = list(self._gpus)
        for member in self._members:
            free.remove(member.gpu)
        if not free:
            return None
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, self._setting, self._stop, os.getpid(), free[0])
        process = context.Process(target=_serve, args=arguments)  # not a daemon: it may have peers
        process.start()
        theirs.close()
        self._members.append(_Member(process, ours, free[0]))
        return self._members[-1]

    def news(self, on_advanced: OnAdvanced) -> Iterator[News]:
        """What workers say within a moment."""
        busy = {member.connection: member for member in self._members if member.request is not None}
        for connection in wait(list(busy), _POLL_SECONDS):
            member = busy[connection]  # type: ignore[index]
            news = self._hear(member, on_advanced)
            if news is not None:
                self._room.give_back(news.node_id)
                yield news

    def _hear(self, member: _Member, on_advanced: OnAdvanced) -> News | None:
        request = member.request
        if request is None:
            return None
        try:
            message: _Advanced | Ended = member.connection.recv()
        except (EOFError, OSError):
            self._members.remove(member)
            member.process.join()
            return _lost(request.node.id, member.process.exitcode)
        if isinstance(message, _Advanced):
            on_advanced(request.node.id, message.fraction)
            return None
        member.request = None
        return message

    def ask_to_stop(self) -> None:
        """Tell the workers; each saves a checkpoint after its step."""
        self._stop.set()

    def __enter__(self) -> Self:
        """Nothing to start yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process."""
        self._stop.set()
        for member in self._members:
            member.connection.close()
        for member in self._members:
            member.process.join(_POLL_SECONDS if member.request is None else _END_SECONDS)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()


def _lost(node_id: str, status: int | None) -> Lost:
    how = f"by signal {-status}" if status is not None and status < 0 else f"with status {status}"
    hint = "; signal 9 is often the system's answer to too little memory" if status == -signal.SIGKILL else ""
    return Lost(node_id, f"its worker process was ended {how}", hint)


# In a worker process.


def _serve(connection: Connection, setting: WorkerSetting, stop: Event, driver_pid: int, gpu: str | None) -> None:
    """Do jobs until the driver hangs up. A terminal's Ctrl-C reaches workers too; the driver passes it on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    limit_threads(setting.n_threads)
    show_gpu(gpu)
    worker = Worker(setting.store, setting.n_threads, setting.trust_remote_code, setting.n_processes)

    def should_stop() -> bool:
        return stop.is_set() or os.getppid() != driver_pid

    control = Control(partial(_tell, connection), should_stop, setting.checkpoint_seconds)
    while True:
        try:
            request: JobRequest = connection.recv()
            connection.send(attempt_elsewhere(request, worker, control, setting))
        except (EOFError, OSError):
            return


def _tell(connection: Connection, fraction: float) -> None:
    try:
        connection.send(_Advanced(fraction))
    except OSError:  # the driver is gone; should_stop says so at the next step
        return
