"""Worker processes on this machine: as many jobs at once as there are workers, each with threads of its own.

Artefacts go through the store. Workers are asked to stop by a flag, and stop by themselves when the driver is gone,
so a killed driver leaves nothing running.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, ClassVar, Self, TypeAlias

import psutil

from waystage.execution.attempt import attempt_elsewhere
from waystage.execution.devices import limit_threads, show_gpu, visible_gpus
from waystage.execution.executor import Ended, JobRequest, Lost, News, OnAdvanced, WorkerSetting
from waystage.execution.outcome import State
from waystage.execution.resources import Resources, Room
from waystage.execution.worker import Control, Worker
from waystage.execution.worker import peak_memory_bytes as process_peak_bytes

_POLL_SECONDS = 0.2
_END_SECONDS = 60.0
_ORPHAN_SECONDS = 60.0
_TERMINATED = 128 + signal.SIGTERM


@dataclass(frozen=True, slots=True)
class Processes:
    """Jobs run in worker processes on this machine; each has a GPU of its own where the machine has any.

    ``silence_seconds``: a worker that says nothing about its job for so long hangs, and is ended; None waits for ever.
    """

    n_workers: int
    silence_seconds: float | None = None
    name: ClassVar[str] = "processes"
    n_machines: ClassVar[int] = 1

    @property
    def n_gpus(self) -> int:
        """One a job, if there are GPUs."""
        return min(1, len(visible_gpus()))

    def start(self, setting: WorkerSetting, should_stop: Callable[[], bool]) -> ProcessExecutor:
        """The executor."""
        return ProcessExecutor(setting, self.n_workers, self.silence_seconds)


def peak_memory_bytes(n_workers: int) -> int:
    """Largest resident size of this process and its workers; with several, the sum of their peaks, which bounds it."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if n_workers > 1 else 0
    unit = 1 if sys.platform == "darwin" else 1024
    return process_peak_bytes() + n_workers * child * unit


@dataclass(frozen=True, slots=True)
class _Advanced:
    fraction: float


@dataclass(frozen=True, slots=True)
class _Waits:
    """Another process is doing the same job: silence is no sign of a hang until the next word."""


_Message: TypeAlias = _Advanced | _Waits | News


@dataclass(frozen=True, slots=True)
class _Flag:
    """A byte that all processes see. An event has a lock, which a killed process would hold for ever."""

    raised: Any


@dataclass(slots=True)
class _Member:
    """A worker process from the driver's side.

    Attributes:
        gpu: the GPU that is its own.
        request: what it is doing.
        heard_at: when it last said something about it, by the monotonic clock; None while it waits for another process.
        is_hanging: it was ended because it said nothing for too long.
    """

    process: BaseProcess
    connection: Connection
    gpu: str | None
    request: JobRequest | None = None
    heard_at: float | None = None
    is_hanging: bool = False


class ProcessExecutor:
    """Worker processes; each is started when there is something for it to do."""

    def __init__(self, setting: WorkerSetting, n_workers: int, silence_seconds: float | None = None) -> None:
        self._setting, self._silence_seconds = setting, silence_seconds
        self._gpus: list[str | None] = list(visible_gpus()[:n_workers]) or [None] * n_workers
        self._stop = _Flag(multiprocessing.get_context("spawn").RawValue(ctypes.c_bool, False))
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
        member.request, member.heard_at = request, time.monotonic()
        with suppress(OSError):  # it has just died, which the next news says
            member.connection.send(request)
        return True

    def _idle(self) -> _Member | None:
        self._members = [member for member in self._members if member.request or member.process.is_alive()]
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
        # A terminal's Ctrl-C also reaches the new process, which inherits this mask, before it can say that it is ours.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
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
        if self._silence_seconds is not None:
            self._end_hanging(self._silence_seconds)

    def _end_hanging(self, silence_seconds: float) -> None:
        """End workers that have said nothing for too long; their deaths are heard of like any other."""
        for member in self._members:
            is_silent = member.heard_at is not None and time.monotonic() - member.heard_at > silence_seconds
            if member.request is not None and is_silent and not member.is_hanging:
                member.is_hanging = True
                member.process.kill()

    def _hear(self, member: _Member, on_advanced: OnAdvanced) -> News | None:
        request = member.request
        if request is None:
            return None
        try:
            message: _Message = member.connection.recv()
        except (EOFError, OSError):
            self._members.remove(member)
            member.process.join()
            if member.is_hanging:
                return Lost(request.node.id, "its worker process said nothing for longer than the time limit")
            return _lost(request.node.id, member.process.exitcode)
        member.heard_at = None if isinstance(message, _Waits) else time.monotonic()
        if isinstance(message, _Waits):
            return None
        if isinstance(message, _Advanced):
            on_advanced(request.node.id, message.fraction)
            return None
        member.request = None
        return message

    def ask_to_stop(self) -> None:
        """Tell the workers; each saves a checkpoint after its step."""
        self._stop.raised.value = True

    def __enter__(self) -> Self:
        """Nothing to start yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process."""
        self._stop.raised.value = True
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


@dataclass(slots=True)
class _Duty:
    """What a worker is about, for its handler of SIGTERM."""

    is_busy: bool = False
    is_dismissed: bool = False


def _serve(connection: Connection, setting: WorkerSetting, stop: _Flag, driver_pid: int, gpu: str | None) -> None:
    """Do jobs until the driver hangs up. A terminal's Ctrl-C reaches workers too; the driver passes it on.

    SIGTERM ends a worker as it ends the driver: what it is doing saves a checkpoint, and another worker goes on from
    there, unless the driver was asked to stop as well. A second one ends it at once.
    """
    threading.Thread(target=_end_without, args=(driver_pid,), daemon=True).start()
    duty = _Duty()

    def leave(*_: object) -> None:
        if not duty.is_busy or duty.is_dismissed:
            os._exit(_TERMINATED)
        duty.is_dismissed = True

    signal.signal(signal.SIGTERM, leave)
    limit_threads(setting.n_threads)
    show_gpu(gpu)
    worker = Worker(setting.store, setting.n_threads, setting.trust_remote_code, setting.n_processes)

    def should_stop() -> bool:
        return duty.is_dismissed or stop.raised.value or os.getppid() != driver_pid

    def tell(message: _Message) -> None:
        with suppress(OSError):  # the driver is gone; should_stop says so at the next step
            connection.send(message)

    control = Control(
        lambda fraction: tell(_Advanced(fraction)),
        should_stop,
        setting.checkpoint_seconds,
        on_wait=lambda: tell(_Waits()),
    )
    while True:
        try:
            request: JobRequest = connection.recv()
        except (EOFError, OSError):
            return
        duty.is_busy = True
        news = attempt_elsewhere(request, worker, control, setting)
        is_saved = isinstance(news, Ended) and news.state is State.NOT_RUN
        if duty.is_dismissed and is_saved and not stop.raised.value:
            sys.exit(_TERMINATED)
        tell(news)
        if duty.is_dismissed:
            return
        duty.is_busy = False


def _end_without(driver_pid: int) -> None:
    """A worker that hangs outlives its driver by a minute, and no longer: it may hold a lock."""
    while os.getppid() == driver_pid:
        time.sleep(1.0)
    time.sleep(_ORPHAN_SECONDS)
    os._exit(_TERMINATED)
