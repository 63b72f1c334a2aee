"""The walk over a plan that all executors share: what is ready goes out, the longest way to the end first."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from waystage.execution.attempt import is_done, lacks_input, move_damaged_aside
from waystage.execution.executor import Ended, Executor, JobRequest, Lost
from waystage.execution.order import seconds_to_end
from waystage.execution.outcome import Outcome, State, Watcher
from waystage.execution.resources import NeedsOf, Resources
from waystage.plan.nodes import Node
from waystage.store.store import Store

_MAX_REPAIRS = 3
"""Walks over a plan that damaged artefacts may lead to."""
MAX_LOSSES = 3
"""A job that is lost so many times without getting further has failed."""


@dataclass(frozen=True, slots=True)
class Guidance:
    """What a walk goes by.

    Attributes:
        node_seconds: estimates, which decide what goes first.
        needs: what a node asks of the executor.
        should_stop: asked again and again; True ends the walk with checkpoints.
    """

    node_seconds: Mapping[str, float] = field(default_factory=dict)
    needs: NeedsOf = lambda node: Resources()
    should_stop: Callable[[], bool] = lambda: False


def run_nodes(
    nodes: Sequence[Node], store: Store, executor: Executor, watcher: Watcher, guidance: Guidance | None = None
) -> Outcome:
    """Do every node that the store does not hold; each comes after its parents in ``nodes``.

    A node that fails does not stop the others; what depends on it is not run. A damaged artefact is moved aside and
    computed again; what reads damaged data is not run (see ``Outcome.lost_inputs``). A job that is lost is given out
    again and goes on from its last checkpoint; it fails when it is lost again and again without getting further.

    Raises:
        RuntimeError: a worker met a defect of Waystage.
    """
    guidance = guidance or Guidance()
    outcome = Outcome()
    for _ in range(_MAX_REPAIRS):
        walk = _Walk(nodes, store, executor, watcher, outcome, guidance)
        walk.run()
        if not walk.is_damaged or outcome.is_interrupted or outcome.lost_inputs:
            break
    return outcome


class _Ready:
    """Nodes that can begin: one queue for each kind of need, so that a job that fits nowhere holds up no other kind."""

    def __init__(self, nodes: Sequence[Node], guidance: Guidance) -> None:
        seconds = seconds_to_end(nodes, guidance.node_seconds)
        self._rank = {node.id: (-seconds[node.id], place) for place, node in enumerate(nodes)}
        self._needs = guidance.needs
        self._queues: dict[Resources, list[tuple[tuple[float, int], Node]]] = defaultdict(list)

    def add(self, node: Node) -> None:
        heapq.heappush(self._queues[self._needs(node)], (self._rank[node.id], node))

    def give_out(self, start: Callable[[Node, Resources], bool]) -> None:
        """Call ``start`` with the first node, again and again, until it refuses each kind of need."""
        refused: set[Resources] = set()
        while queues := {needs: queue for needs, queue in self._queues.items() if queue and needs not in refused}:
            needs = min(queues, key=lambda one: queues[one][0][0])
            if start(queues[needs][0][1], needs):
                heapq.heappop(queues[needs])
            else:
                refused.add(needs)

    def take_all(self) -> list[Node]:
        nodes = [node for queue in self._queues.values() for _, node in queue]
        self._queues.clear()
        return nodes

    def __bool__(self) -> bool:
        return any(self._queues.values())


class _Walk:
    """One walk over the nodes. ``is_damaged``: a damaged artefact was found, so another walk is needed."""

    def __init__(
        self,
        nodes: Sequence[Node],
        store: Store,
        executor: Executor,
        watcher: Watcher,
        outcome: Outcome,
        guidance: Guidance,
    ) -> None:
        self.is_damaged = False
        self._nodes = {node.id: node for node in nodes}
        self._store, self._executor, self._watcher = store, executor, watcher
        self._outcome, self._should_stop = outcome, guidance.should_stop
        self._ready = _Ready(nodes, guidance)
        self._running: dict[str, JobRequest] = {}
        self._n_open_parents = {node.id: len(set(node.parents)) for node in nodes}
        self._children: dict[str, list[Node]] = defaultdict(list)
        for node in nodes:
            for parent in set(node.parents):
                self._children[parent].append(node)
        self._losses: dict[str, _Losses] = defaultdict(_Losses)

    def run(self) -> None:
        """Until every node has its state."""
        self._open([node for node in self._nodes.values() if not node.parents])
        while True:
            if self._should_stop() and not self._outcome.is_interrupted:
                self._interrupt()
            self._ready.give_out(self._start)
            if not self._running and not self._ready:
                return
            for news in self._executor.news(self._advanced):
                request = self._running.pop(news.node_id)
                if isinstance(news, Lost):
                    self._mourn(request, news)
                else:
                    self._hear(request.node, news)

    def _open(self, nodes: Sequence[Node]) -> None:
        """Nodes whose parents all have their states: settle what needs no work, and queue the others."""
        waiting = deque(nodes)
        while waiting:
            node = waiting.popleft()
            if is_done(node, self._store):
                waiting += self._settle(node, self._outcome.states.get(node.id, State.FOUND))
            elif self._outcome.is_interrupted or lacks_input(node, self._outcome):
                waiting += self._settle(node, State.NOT_RUN)
            else:
                self._ready.add(node)

    def _settle(self, node: Node, state: State) -> list[Node]:
        """Give a node its state; returns the children that wait for nothing else."""
        self._outcome.states[node.id] = state
        self._watcher.ended(node, state)
        opened = []
        for child in self._children[node.id]:
            self._n_open_parents[child.id] -= 1
            if not self._n_open_parents[child.id]:
                opened.append(child)
        return opened

    def _interrupt(self) -> None:
        self._outcome.is_interrupted = True
        self._executor.ask_to_stop()
        self._open(self._ready.take_all())

    def _start(self, node: Node, needs: Resources) -> bool:
        request = JobRequest(node, needs, self._losses[node.id].n_attempts + 1)
        if not self._executor.offer(request):
            return False
        self._running[node.id] = request
        self._losses[node.id].n_attempts += 1
        self._watcher.started(node)
        return True

    def _advanced(self, node_id: str, fraction: float) -> None:
        self._losses[node_id].advanced(fraction)
        self._watcher.advanced(self._nodes[node_id], fraction)

    def _hear(self, node: Node, news: Ended) -> None:
        if news.defect is not None:
            raise RuntimeError(f"a worker met a defect on {node.label}:\n{news.defect}")
        if news.is_damaged:
            self.is_damaged = True
            self._outcome.lost_inputs |= move_damaged_aside(node, self._store) - self._nodes.keys()
        elif news.state is State.NOT_RUN and not self._outcome.is_interrupted:
            self._interrupt()
        if news.state is State.FAILED:
            self._outcome.failures[node.id] = news.reason or ""
        self._open(self._settle(node, news.state))

    def _mourn(self, request: JobRequest, news: Lost) -> None:
        """A job was lost: another worker goes on from the last checkpoint, unless this leads nowhere."""
        losses = self._losses[news.node_id]
        losses.lost()
        self._watcher.lost(request.node, news.how)
        if is_done(request.node, self._store):  # it was lost after its last word
            self._open(self._settle(request.node, State.RAN))
            return
        if losses.n_in_vain < MAX_LOSSES:
            self._open([request.node])
            return
        self._outcome.failures[news.node_id] = f"{news.how}, {losses.n_in_vain} times{news.hint}"
        self._open(self._settle(request.node, State.FAILED))


@dataclass(slots=True)
class _Losses:
    """How often a job was lost since it last got further than before."""

    n_attempts: int = 0
    n_in_vain: int = 0
    furthest: float = 0.0
    reached: float = 0.0

    def advanced(self, fraction: float) -> None:
        self.reached = max(self.reached, fraction)

    def lost(self) -> None:
        self.n_in_vain = 1 if self.reached > self.furthest else self.n_in_vain + 1
        self.furthest, self.reached = max(self.furthest, self.reached), 0.0
