"""Worker processes on this machine: as many nodes at once as there are workers, each with threads of its own.

The driver gives out nodes and hears what became of them; artefacts go through the store. Workers are asked to stop by
an event, and stop by themselves when the driver is gone, so a killed driver leaves nothing running.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event

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
_MAX_DEATHS = 2
"""A node whose worker dies is given to a new one so many times."""


@dataclass(frozen=True, slots=True)
class Workers:
    """How many processes there are, and how many threads each has."""

    n_workers: int
    n_threads: int


@dataclass(frozen=True, slots=True)
class _Advanced:
    fraction: float


@dataclass(frozen=True, slots=True)
class _Ended:
    """What became of a node. ``defect`` is the trace of an error that is no user's mistake."""

    state: State
    reason: str | None = None
    is_damaged: bool = False
    defect: str | None = None


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
    Nodes with the longest way behind them go first; ``node_seconds`` are estimates. A node whose worker dies is given
    to another one, and fails when that happens again and again.

    Raises:
        RuntimeError: a worker met a defect of Waystage.
    """
    setting = _Setting(store, workers.n_threads, plan.study.encoder.trust_remote_code, checkpoint_seconds, os.getpid())
    outcome = Outcome()
    with _crew(setting, workers.n_workers) as crew:
        for _ in range(MAX_REPAIRS):
            walk = _Walk(plan, store, watcher, outcome, crew, node_seconds or {})
            walk.run(should_stop)
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
    """A worker process from the driver's side; ``node`` is what it is doing."""

    process: BaseProcess
    connection: Connection
    node: Node | None = None


@dataclass(slots=True)
class _Crew:
    """The worker processes; they are started when there is something for them to do."""

    setting: _Setting
    size: int
    stop: Event
    members: list[_Member] = field(default_factory=list)

    def idle(self) -> _Member | None:
        """A worker that does nothing, started if there is room for one."""
        for member in self.members:
            if member.node is None:
                return member
        if len(self.members) == self.size:
            return None
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.setting, self.stop), daemon=True)
        process.start()
        theirs.close()
        self.members.append(_Member(process, ours))
        return self.members[-1]

    def messages(self) -> Iterator[tuple[_Member, _Advanced | _Ended | None]]:
        """What workers say within a moment; None from one that has died."""
        busy = {member.connection: member for member in self.members if member.node is not None}
        for connection in wait(list(busy), _POLL_SECONDS):
            member = busy[connection]  # type: ignore[index]
            try:
                yield member, member.connection.recv()
            except (EOFError, OSError):
                self.members.remove(member)
                member.process.join()
                yield member, None

    def dismiss(self) -> None:
        """End every process."""
        self.stop.set()
        for member in self.members:
            member.connection.close()
        for member in self.members:
            member.process.join(_POLL_SECONDS if member.node is None else 60.0)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()


@contextmanager
def _crew(setting: _Setting, size: int) -> Iterator[_Crew]:
    crew = _Crew(setting, size, multiprocessing.get_context("spawn").Event())
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

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Until every node has its state."""
        is_changed = True
        while self._waiting or any(member.node for member in self._crew.members):
            if should_stop() and not self._outcome.is_interrupted:
                self._outcome.is_interrupted = is_changed = True
                self._crew.stop.set()
            if is_changed:
                self._give_out()
            is_changed = False
            for member, message in self._crew.messages():
                self._hear(member, message)
                is_changed = is_changed or member.node is None

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
        member.node = node
        member.connection.send(node)
        self._watcher.started(node)
        return True

    def _settle(self, node: Node, state: State) -> None:
        self._outcome.states[node.id] = state
        self._settled.add(node.id)
        self._watcher.ended(node, state)

    def _hear(self, member: _Member, message: _Advanced | _Ended | None) -> None:
        node = member.node
        if node is None:
            return
        if isinstance(message, _Advanced):
            self._watcher.advanced(node, message.fraction)
            return
        member.node = None
        if message is None:
            self._mourn(node, member.process.exitcode)
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

    def _mourn(self, node: Node, status: int | None) -> None:
        """A worker died: another one goes on from the last checkpoint, unless this happens again and again."""
        self._deaths[node.id] = self._deaths.get(node.id, 0) + 1
        if self._deaths[node.id] <= _MAX_DEATHS:
            self._waiting.insert(0, node)
            return
        how = f"by signal {-status}" if status is not None and status < 0 else f"with status {status}"
        hint = "; signal 9 is often the system's answer to too little memory" if status == -signal.SIGKILL else ""
        self._outcome.failures[node.id] = f"its worker process was ended {how}, {self._deaths[node.id]} times{hint}"
        self._settle(node, State.FAILED)


# In a worker process.


def _serve(connection: Connection, setting: _Setting, stop: Event) -> None:
    """Do nodes until the driver hangs up. A terminal's Ctrl-C reaches workers too; the driver passes it on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    worker = Worker(setting.store, setting.n_threads, setting.trust_remote_code)

    def should_stop() -> bool:
        return stop.is_set() or os.getppid() != setting.driver_pid

    while True:
        try:
            node = connection.recv()
            control = Control(partial(_tell, connection), should_stop, setting.checkpoint_seconds)
            connection.send(_do(node, worker, control))
        except (EOFError, OSError):
            return


def _tell(connection: Connection, fraction: float) -> None:
    try:
        connection.send(_Advanced(fraction))
    except OSError:  # the driver is gone; should_stop says so at the next step
        return


def _do(node: Node, worker: Worker, control: Control) -> _Ended:
    try:
        return _Ended(*attempt(node, worker, control))
    except DamagedArtefactError:
        return _Ended(State.NOT_RUN, is_damaged=True)
    except Exception:
        return _Ended(State.FAILED, defect=traceback.format_exc())
