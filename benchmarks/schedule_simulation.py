"""How close does the scheduler come to the best that any could do, with thousands of jobs, machines that fail, and
estimates that are wrong?

Run: python benchmarks/schedule_simulation.py [--jobs N] [--workers N] [--trials N] [--json]

The walk and the order are Waystage's own (schedule.py, order.py); only the executor is made up, with a clock of its
own. Jobs are those of studies: chains of stages that share their beginnings, then targets, predictions and scores. No
schedule can end before the longest chain, nor before all work is spread over all workers; the larger of the two is the
bound. Work that failures destroy is not in the bound.
"""

from __future__ import annotations

import argparse
import heapq
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from waystage.execution.executor import Ended, JobRequest, Lost, News, OnAdvanced
from waystage.execution.order import seconds_to_end
from waystage.execution.outcome import SilentWatcher, State
from waystage.execution.schedule import Guidance, run_nodes
from waystage.plan.nodes import Node, ScoreJob, Work
from waystage.store.canonical import digest_bytes
from waystage.store.store import Store

MEDIAN_SECONDS = {
    "continued": 6 * 3600.0,
    "intermediate": 2 * 3600.0,
    "target": 1800.0,
    "predict": 240.0,
    "score": 15.0,
}
SPREAD = 0.35
"""Standard deviation of the logarithm of a job's seconds, within its kind."""
ERROR_OF_ESTIMATES = 0.3
"""The same, of the estimates that the order goes by."""
N_TARGETS = 10
CHECKPOINT_SECONDS = 20.0
RESTART_SECONDS = 60.0
"""To load what a job needs on another machine."""
REPAIR_SECONDS = 1800.0


@dataclass(frozen=True)
class Graph:
    """Nodes, parents first, and their true seconds by id."""

    nodes: list[Node]
    seconds: dict[str, float]


def make_graph(generator: np.random.Generator, n_jobs: int) -> Graph:
    """Studies of sequences until there are so many jobs."""
    nodes: list[Node] = []
    seconds: dict[str, float] = {}

    def add(kind: str, *parents: Node) -> Node:
        name = digest_bytes(f"{kind} {len(nodes)}".encode())
        spec = {"kind": "score" if kind == "score" else "train"}
        nodes.append(Node(name, kind, spec, tuple(parent.id for parent in parents), ScoreJob("", (), {}, ()), Work()))
        seconds[name] = MEDIAN_SECONDS[kind] * float(generator.lognormal(0.0, SPREAD))
        return nodes[-1]

    while len(nodes) < n_jobs:
        continued = add("continued")
        for stages in ((), (continued,), (add("intermediate"),), (add("intermediate", continued),)):
            for _ in range(N_TARGETS):
                add("score", add("predict", add("target", *stages)))
    return Graph(nodes[:n_jobs], seconds)


class Simulated:
    """Workers that fail at random times and come back after a while; a job that is lost keeps its last checkpoint."""

    def __init__(
        self, generator: np.random.Generator, seconds: dict[str, float], n_workers: int, mean_hours_to_failure: float
    ) -> None:
        self.now, self.busy_seconds, self.n_failures = 0.0, 0.0, 0
        self._generator, self._seconds = generator, seconds
        self._left = dict(seconds)
        self._mean = mean_hours_to_failure * 3600.0
        self._free = list(range(n_workers))
        self._fails_at = [self._next_failure() for _ in range(n_workers)]
        self._events: list[tuple[float, int, int, str | None]] = []
        self._n_events = 0

    def _next_failure(self) -> float:
        return self.now + float(self._generator.exponential(self._mean))

    def _push(self, at: float, worker: int, node_id: str | None) -> None:
        self._n_events += 1
        heapq.heappush(self._events, (at, self._n_events, worker, node_id))

    def offer(self, request: JobRequest) -> bool:
        """Give a job to a worker that is free."""
        if not self._free:
            return False
        worker = self._free.pop()
        if self._fails_at[worker] < self.now:  # it failed while it was idle, and is back by now
            self._fails_at[worker] = self._next_failure()
        loading = RESTART_SECONDS if request.attempt > 1 else 0.0
        ends_at = self.now + loading + self._left[request.node.id]
        self._push(min(ends_at, self._fails_at[worker]), worker, request.node.id)
        self.busy_seconds += min(ends_at, self._fails_at[worker]) - self.now
        if self._fails_at[worker] < ends_at:
            done = max(0.0, self._fails_at[worker] - self.now - loading)
            self._left[request.node.id] -= done - done % CHECKPOINT_SECONDS
        else:
            self._left[request.node.id] = 0.0
        return True

    def news(self, on_advanced: OnAdvanced) -> Iterator[News]:
        """The next thing that happens."""
        self.now, _, worker, node_id = heapq.heappop(self._events)
        if node_id is None or self._fails_at[worker] > self.now:
            self._free.append(worker)
            if node_id is not None:
                yield Ended(node_id, State.RAN)
            return
        self.n_failures += 1
        self._push(self.now + REPAIR_SECONDS, worker, None)
        self._fails_at[worker] = self._next_failure() + REPAIR_SECONDS
        on_advanced(node_id, 1.0 - self._left[node_id] / self._seconds[node_id])
        yield Lost(node_id, "its worker failed")

    def ask_to_stop(self) -> None:
        """Nothing here is stopped."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Trial:
    """What a simulated run took. ``ratio`` is makespan over bound; utilisation counts lost work as work."""

    n_jobs: int
    n_workers: int
    n_failures: int
    makespan_hours: float
    critical_path_hours: float
    work_over_workers_hours: float
    ratio: float
    utilisation: float
    scheduler_seconds: float


def simulate(seed: int, n_jobs: int, n_workers: int, mean_hours_to_failure: float, has_order: bool = True) -> Trial:
    """One run. Without ``has_order``, jobs go out as the plan lists them."""
    generator = np.random.default_rng(seed)
    graph = make_graph(generator, n_jobs)
    errors = generator.lognormal(0.0, ERROR_OF_ESTIMATES, len(graph.nodes))
    estimates = {node.id: graph.seconds[node.id] * float(e) for node, e in zip(graph.nodes, errors, strict=True)}
    executor = Simulated(generator, graph.seconds, n_workers, mean_hours_to_failure)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        guidance = Guidance(estimates if has_order else {})
        outcome = run_nodes(graph.nodes, Store(Path(folder)), executor, SilentWatcher(), guidance)
    took = time.perf_counter() - started
    if not outcome.is_complete:
        raise RuntimeError(f"{len(outcome.failures)} jobs failed")
    path = max(seconds_to_end(graph.nodes, graph.seconds).values())
    spread = sum(graph.seconds[node.id] for node in graph.nodes) / n_workers
    return Trial(
        n_jobs=len(graph.nodes),
        n_workers=n_workers,
        n_failures=executor.n_failures,
        makespan_hours=executor.now / 3600,
        critical_path_hours=path / 3600,
        work_over_workers_hours=spread / 3600,
        ratio=executor.now / max(path, spread),
        utilisation=executor.busy_seconds / (n_workers * executor.now),
        scheduler_seconds=took,
    )


def main() -> None:
    """Print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=256)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--hours-to-failure", type=float, default=50.0, help="of one worker, on average")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    size = arguments.jobs, arguments.workers, arguments.hours_to_failure
    trials = {
        "longest way first": [simulate(seed, *size) for seed in range(arguments.trials)],
        "order of the plan": [simulate(seed, *size, has_order=False) for seed in range(arguments.trials)],
    }
    if arguments.json:
        print(json.dumps({name: [asdict(trial) for trial in done] for name, done in trials.items()}, indent=1))
        return
    for name, done in trials.items():
        for trial in done:
            print(
                f"{name}: makespan {trial.makespan_hours:.1f} h, bound max({trial.critical_path_hours:.1f}, "
                f"{trial.work_over_workers_hours:.1f}) h, ratio {trial.ratio:.3f}, {trial.n_failures} failures, "
                f"utilisation {trial.utilisation:.3f}, {trial.scheduler_seconds:.1f} s of scheduling"
            )


if __name__ == "__main__":
    main()
