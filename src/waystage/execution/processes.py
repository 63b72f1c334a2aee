"""Worker processes on this machine: as many nodes at once as there are workers, each with threads of its own.

The driver gives out nodes and hears what became of them; artefacts go through the store. Workers are asked to stop by
a flag, and stop by themselves when the driver is gone, so a killed driver leaves nothing running.
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
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeAlias

from waystage.execution.attempt import MAX_REPAIRS, attempt, is_done, lacks_input, move_damaged_aside
from waystage.execution.order import seconds_to_end
from waystage.execution.outcome import Outcome, State, Watcher
from waystage.execution.worker import Control, Worker
from waystage.execution.worker import peak_memory_bytes as process_peak_bytes
from waystage.plan.nodes import Node
from waystage.plan.plan import Plan
from waystage.store.artefact import DamagedArtefactError
from waystage.store.store import Store

_POLL_SECONDS = 0.2
_TERMINATED = 128 + signal.SIGTERM
_ORPHAN_SECONDS = 60.0
_MAX_DEATHS = 2
"""A node whose worker dies is given to a new one so many times."""


@dataclass(frozen=True, slots=True)
class Workers:
    """How many processes there are, and how many threads each has.

    ``silence_seconds``: a worker that says nothing about its job for so long hangs, and is ended; None waits for ever.
    """

    n_workers: int
    n_threads: int
    silence_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Advanced:
    fraction: float


@dataclass(frozen=True, slots=True)
class _Waits:
    """Another process is doing the same node: silence is no sign of a hang until it has ended."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """What became of a node. ``defect`` is the trace of an error that is no user's mistake."""

    state: State
    reason: str | None = None
    is_damaged: bool = False
    defect: str | None = None


_Message: TypeAlias = _Advanced | _Waits | _Ended


@dataclass(frozen=True, slots=True)
class _Flag:
    """A byte that all processes see. An event has a lock, which a killed process would hold for ever."""

    raised: Any


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a worker needs to know; it goes to the new process."""

    store: Store
    n_threads: int
    trust_remote_code: bool
    checkpoint_seconds: float
    driver_pid: int


def run_plan_in_processes(
    plan: Plan,
    store: Store,
    watcher: Watcher,
    *,
    workers: Workers,
    node_seconds: dict[str, float] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    checkpoint_seconds: float = 20.0,
) -> Outcome:
    """Do every node of ``plan`` that the store does not hold, several at once.

    What comes out is what :func:`waystage.execution.local.run_plan` gives with as many threads as one worker has.
    Nodes with the longest way behind them go first; ``node_seconds`` are estimates. A node whose worker dies or hangs
    is given to another one, and fails when that happens again and again.

    Raises:
        RuntimeError: a worker met a defect of Waystage.
    """
    setting = _Setting(store, workers.n_threads, plan.study.encoder.trust_remote_code, checkpoint_seconds, os.getpid())
    outcome = Outcome()
    with _crew(setting, workers.n_workers) as crew:
        for _ in range(MAX_REPAIRS):
            walk = _Walk(plan, store, watcher, outcome, crew, node_seconds or {})
            walk.run(should_stop, workers.silence_seconds)
            if not walk.is_damaged or outcome.is_interrupted or outcome.lost_inputs:
                break
    return outcome


def peak_memory_bytes(n_workers: int) -> int:
    """Largest resident size of this process and its workers; with several, the sum of their peaks, which bounds it."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if n_workers > 1 else 0
    unit = 1 if sys.platform == "darwin" else 1024
    return process_peak_bytes() + n_workers * child * unit


@dataclass(slots=True)
class _Member:
    """A worker process from the driver's side.

    Attributes:
        node: what it is doing.
        heard_at: when it last said something about it, by the monotonic clock; None while it waits for another process.
        is_hanging: it was ended because it said nothing for too long.
    """

    process: BaseProcess
    connection: Connection
    node: Node | None = None
    heard_at: float | None = None
    is_hanging: bool = False

    def give(self, node: Node) -> None:
        """Let it do a node. Where it has died, its connection says so later."""
        self.node, self.heard_at = node, time.monotonic()
        with suppress(OSError):
            self.connection.send(node)


@dataclass(slots=True)
class _Crew:
    """The worker processes; they are started when there is something for them to do."""

    setting: _Setting
    size: int
    stop: _Flag
    members: list[_Member] = field(default_factory=list)

    def idle(self) -> _Member | None:
        """A worker that does nothing, started if there is room for one."""
        self.members = [member for member in self.members if member.node is not None or member.process.is_alive()]
        for member in self.members:
            if member.node is None:
                return member
        if len(self.members) == self.size:
            return None
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.setting, self.stop), daemon=True)
        # A terminal's Ctrl-C also reaches the new process, which inherits this mask, before it can say that it is ours.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()
        self.members.append(_Member(process, ours))
        return self.members[-1]

    def messages(self) -> Iterator[tuple[_Member, _Message | None]]:
        """What workers say within a moment; None from one that has died."""
        busy = {member.connection: member for member in self.members if member.node is not None}
        for connection in wait(list(busy), _POLL_SECONDS):
            member = busy[connection]  # type: ignore[index]
            try:
                message: _Message = member.connection.recv()
            except (EOFError, OSError):
                self.members.remove(member)
                member.process.join()
                yield member, None
            else:
                member.heard_at = None if isinstance(message, _Waits) else time.monotonic()
                yield member, message

    def end_hanging(self, silence_seconds: float) -> None:
        """End workers that have said nothing for too long; their deaths are heard of like any other."""
        for member in self.members:
            is_silent = member.heard_at is not None and time.monotonic() - member.heard_at > silence_seconds
            if member.node is not None and is_silent and not member.is_hanging:
                member.is_hanging = True
                member.process.kill()

    def dismiss(self) -> None:
        """End every process."""
        self.stop.raised.value = True
        for member in self.members:
            member.connection.close()
        for member in self.members:
            member.process.join(_POLL_SECONDS if member.node is None else 60.0)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()


@contextmanager
def _crew(setting: _Setting, size: int) -> Iterator[_Crew]:
    crew = _Crew(setting, size, _Flag(multiprocessing.get_context("spawn").RawValue(ctypes.c_bool, False)))
    try:
        yield crew
    finally:
        crew.dismiss()


class _Walk:
    """One walk over the nodes of a plan. ``is_damaged``: a damaged artefact was found, so another walk is needed."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        watcher: Watcher,
        outcome: Outcome,
        crew: _Crew,
        node_seconds: dict[str, float],
    ) -> None:
        self.is_damaged = False
        self._plan, self._store, self._watcher = plan, store, watcher
        self._outcome, self._crew = outcome, crew
        order = seconds_to_end(plan.nodes, node_seconds)
        self._waiting = sorted(plan.nodes, key=lambda node: -order[node.id])
        self._settled: set[str] = set()
        self._deaths: dict[str, int] = {}

    def run(self, should_stop: Callable[[], bool], silence_seconds: float | None) -> None:
        """Until every node has its state."""
        is_changed = True
        while self._waiting or any(member.node for member in self._crew.members):
            if should_stop() and not self._outcome.is_interrupted:
                self._outcome.is_interrupted = is_changed = True
                self._crew.stop.raised.value = True
            if is_changed:
                self._give_out()
            is_changed = False
            for member, message in self._crew.messages():
                self._hear(member, message)
                is_changed = is_changed or member.node is None
            if silence_seconds is not None:
                self._crew.end_hanging(silence_seconds)

    def _give_out(self) -> None:
        """Settle what needs no work, and give idle workers the first nodes that are ready; again while that helps."""
        is_changed = True
        while is_changed:
            is_changed = False
            for node in list(self._waiting):
                if not self._settled.issuperset(node.parents):
                    continue
                if is_done(node, self._store):
                    self._settle(node, self._outcome.states.get(node.id, State.FOUND))
                elif self._outcome.is_interrupted or lacks_input(node, self._outcome):
                    self._settle(node, State.NOT_RUN)
                elif not self._start(node):
                    continue
                self._waiting.remove(node)
                is_changed = True

    def _start(self, node: Node) -> bool:
        member = self._crew.idle()
        if member is None:
            return False
        member.give(node)
        self._watcher.started(node)
        return True

    def _settle(self, node: Node, state: State) -> None:
        self._outcome.states[node.id] = state
        self._settled.add(node.id)
        self._watcher.ended(node, state)

    def _hear(self, member: _Member, message: _Message | None) -> None:
        node = member.node
        if node is None or isinstance(message, _Waits):
            return
        if isinstance(message, _Advanced):
            self._watcher.advanced(node, message.fraction)
            return
        member.node = None
        if message is None:
            self._mourn(node, member)
            return
        if message.defect is not None:
            raise RuntimeError(f"a worker met a defect on {node.label}:\n{message.defect}")
        if message.is_damaged:
            self.is_damaged = True
            others = {other.id for other in self._plan.nodes}
            self._outcome.lost_inputs |= move_damaged_aside(node, self._store) - others
        if message.state is State.FAILED:
            self._outcome.failures[node.id] = message.reason or ""
        self._settle(node, message.state)

    def _mourn(self, node: Node, member: _Member) -> None:
        """A worker died: another one goes on from the last checkpoint, unless this happens again and again."""
        self._deaths[node.id] = self._deaths.get(node.id, 0) + 1
        if self._deaths[node.id] <= _MAX_DEATHS:
            self._waiting.insert(0, node)
            return
        if member.is_hanging:
            found = f"its worker process said nothing for longer than the time limit, {self._deaths[node.id]} times"
            self._outcome.failures[node.id] = found
            self._settle(node, State.FAILED)
            return
        status = member.process.exitcode
        how = f"by signal {-status}" if status is not None and status < 0 else f"with status {status}"
        hint = "; signal 9 is often the system's answer to too little memory" if status == -signal.SIGKILL else ""
        self._outcome.failures[node.id] = f"its worker process was ended {how}, {self._deaths[node.id]} times{hint}"
        self._settle(node, State.FAILED)


# In a worker process.


@dataclass(slots=True)
class _Duty:
    """What a worker is about, for its handler of SIGTERM."""

    is_busy: bool = False
    is_dismissed: bool = False


def _serve(connection: Connection, setting: _Setting, stop: _Flag) -> None:
    """Do nodes until the driver hangs up. A terminal's Ctrl-C reaches workers too; the driver passes it on.

    SIGTERM ends a worker as it ends the driver: what it is doing saves a checkpoint, and another worker goes on from
    there, unless the driver was asked to stop as well. A second one ends it at once.
    """
    threading.Thread(target=_end_without, args=(setting.driver_pid,), daemon=True).start()
    duty = _Duty()

    def leave(*_: object) -> None:
        if not duty.is_busy or duty.is_dismissed:
            os._exit(_TERMINATED)
        duty.is_dismissed = True

    signal.signal(signal.SIGTERM, leave)
    worker = Worker(setting.store, setting.n_threads, setting.trust_remote_code)

    def should_stop() -> bool:
        return duty.is_dismissed or stop.raised.value or os.getppid() != setting.driver_pid

    def tell(message: _Message) -> None:
        with suppress(OSError):  # the driver is gone; should_stop says so at the next step
            connection.send(message)

    while True:
        try:
            node = connection.recv()
        except (EOFError, OSError):
            return
        duty.is_busy = True
        on_fraction, on_wait = (lambda fraction: tell(_Advanced(fraction))), (lambda: tell(_Waits()))
        ended = _do(node, worker, Control(on_fraction, should_stop, setting.checkpoint_seconds, on_wait))
        if duty.is_dismissed and ended.state is State.NOT_RUN and not stop.raised.value:
            sys.exit(_TERMINATED)
        tell(ended)
        if duty.is_dismissed:
            return
        duty.is_busy = False


def _end_without(driver_pid: int) -> None:
    """A worker that hangs outlives its driver by a minute, and no longer: it may hold a lock."""
    while os.getppid() == driver_pid:
        time.sleep(1.0)
    time.sleep(_ORPHAN_SECONDS)
    os._exit(_TERMINATED)


def _do(node: Node, worker: Worker, control: Control) -> _Ended:
    try:
        return _Ended(*attempt(node, worker, control))
    except DamagedArtefactError:
        return _Ended(State.NOT_RUN, is_damaged=True)
    except Exception:
        return _Ended(State.FAILED, defect=traceback.format_exc())
