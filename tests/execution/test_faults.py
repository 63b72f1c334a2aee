"""Faults in the midst of a run: nothing is lost, and the bytes in the end are those of an undisturbed run.

``benchmarks/faults.py`` injects the same faults many times and prints the table of docs/faults.md.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.execution.test_local import Log
from tests.execution.test_processes import worker_pids
from tests.fixtures.faults import (
    DAMAGES,
    digests_of,
    files_of,
    kill,
    run_on_full_disk,
    run_with_checkpoints,
    smallest_study,
    start,
    wait_until,
    workers_of,
)
from tests.fixtures.processes import finished
from tests.fixtures.studies import write_study
from waystage import api
from waystage.execution import processes
from waystage.execution.executor import WorkerSetting
from waystage.execution.outcome import SilentWatcher, State
from waystage.execution.processes import ProcessExecutor
from waystage.execution.schedule import run_nodes
from waystage.plan.nodes import Node
from waystage.store import store as store_module
from waystage.store.store import Store


@pytest.fixture
def smallest_study_path(tmp_path: Path, tiny_encoder_dir: Path) -> Path:
    return write_study(tmp_path / "study", smallest_study(tiny_encoder_dir, tmp_path / "out"))


def command(study: Path, store: Path, *options: str) -> list[str]:
    return ["run", str(study), "--store", str(store), "--threads", "1", *options]


def undisturbed(study_path: Path, store_dir: Path) -> dict[str, str]:
    store = Store(store_dir)
    api.run_study(api.load_checked_study(study_path), store, n_threads=1)
    return digests_of(store)


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["worker", "driver", "driver and workers"])
def test_kills_at_random_moments(short_study_path: Path, tmp_path: Path, whom: str) -> None:
    expected = undisturbed(short_study_path, tmp_path / "whole")
    generator, n_kills = random.Random(f"kills of {whom}"), 0
    for _ in range(20):
        process = start(
            run_with_checkpoints, command(short_study_path, tmp_path / "store", "--workers", "2"), tmp_path / "log"
        )
        wait_until(lambda process=process: bool(workers_of(process)) or not process.is_alive(), 60)
        while process.is_alive() and n_kills < 3:
            time.sleep(generator.uniform(0.0, 3.0))
            n_kills += kill(process, whom, generator)
        status = finished(process)
        assert status in (0, -signal.SIGKILL)
        if status == 0:
            break
    assert n_kills >= 1
    store = Store(tmp_path / "store")
    assert digests_of(store) == expected
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("n_writes", [1, 10, 34, 61, 80])
def test_a_full_disk(smallest_study_path: Path, tmp_path: Path, n_writes: int) -> None:
    expected = undisturbed(smallest_study_path, tmp_path / "whole")
    arguments, log = command(smallest_study_path, tmp_path / "store"), tmp_path / "log"
    status = finished(start(run_on_full_disk, arguments, log, tmp_path, n_writes))
    printed = log.read_text()
    assert status in (4, 5), printed
    assert "Traceback" not in printed
    assert "No space left on device" in printed
    store = Store(tmp_path / "store")
    assert not store.verify_all()
    assert finished(start(run_with_checkpoints, arguments, log)) == 0
    assert digests_of(store) == expected


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_store(short_study_path: Path, tmp_path: Path, seed: int) -> None:
    """Any of its files: what is read and damaged is named and made again, what is not read waits for ``verify``."""
    expected = undisturbed(short_study_path, tmp_path / "store")
    scores = (tmp_path / "out" / "scores.csv").read_bytes()
    generator, store = random.Random(seed), Store(tmp_path / "store")
    for path in generator.sample(list(files_of(store.root)), 6):
        DAMAGES[generator.choice(sorted(DAMAGES))](path, generator)
    study = api.load_checked_study(short_study_path)
    api.run_study(study, store, n_threads=1)
    assert (tmp_path / "out" / "scores.csv").read_bytes() == scores
    for damage in store.verify_all():
        assert damage.problems
        store.quarantine(damage.id)
    api.run_study(study, store, n_threads=1)
    assert digests_of(store) == expected


def test_a_clock_that_goes_backwards(short_study_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = undisturbed(short_study_path, tmp_path / "whole")
    now = iter(range(2_000_000_000, 0, -3600))

    class Clock(store_module.datetime):  # type: ignore[misc, name-defined]
        @classmethod
        def now(cls, tz: object = None) -> object:
            return store_module.datetime.fromtimestamp(next(now), store_module.UTC)

    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "datetime", Clock)
        study, store = api.load_checked_study(short_study_path), Store(tmp_path / "store")
        plan = api.plan_study(study, store)
        for path in files_of(store.root):
            os.utime(path, (4e9, 4e9))
        api.run_study(study, store, plan=plan, n_threads=1)
    assert digests_of(store) == expected
    log = Log()
    api.run_study(study, store, n_threads=1, watcher=log)
    assert log.labels == []


class Clock:
    """The clock of the driver, which a test sets forward, so that nobody waits for a time limit."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


class Stopper(SilentWatcher):
    """Sends a signal to a worker the first times that a stage advances, and sets the clock forward by an hour."""

    def __init__(self, number: int, n_times: int, clock: Clock, label: str = "") -> None:
        self.number, self.left, self.clock, self.label = number, n_times, clock, label

    def advanced(self, node: Node, fraction: float) -> None:
        if self.left and fraction > 0 and node.label.startswith(self.label) and worker_pids():
            self.left -= 1
            os.kill(worker_pids()[0], self.number)
            self.clock.ahead += 3600.0 if self.number == signal.SIGSTOP else 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(processes, "time", clock)
    return clock


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGTERM])
def test_a_worker_that_hangs_or_is_dismissed(short_study_path: Path, tmp_path: Path, number: int, clock: Clock) -> None:
    """A stopped process is as good as one that waits for ever."""
    expected = undisturbed(short_study_path, tmp_path / "whole")
    study, store = api.load_checked_study(short_study_path), Store(tmp_path / "store")
    stopper = Stopper(number, 1, clock)
    # With one worker, the one that is stopped is the one that has something to do.
    api.run_study(study, store, n_threads=1, n_workers=1, silence_seconds=1800.0, watcher=stopper)
    assert stopper.left == 0
    assert digests_of(store) == expected
    assert worker_pids() == []


@pytest.mark.slow
def test_a_job_that_always_hangs_is_reported_and_the_others_are_done(
    short_study_path: Path, tmp_path: Path, clock: Clock
) -> None:
    study, store = api.load_checked_study(short_study_path), Store(tmp_path / "store")
    plan = api.plan_study(study, store)
    stopper = Stopper(signal.SIGSTOP, 100, clock, "mlm (seed")
    with ProcessExecutor(WorkerSetting(store, 1), 1, 1800.0) as executor:
        outcome = run_nodes(plan.nodes, store, executor, stopper)
    failed = {plan.node(node_id).label: reason for node_id, reason in outcome.failures.items()}
    assert list(failed) == ["mlm (seed 1)"]
    assert "said nothing for longer than the time limit, 3 times" in failed["mlm (seed 1)"]
    states = {node.label: outcome.states[node.id] for node in plan.nodes}
    assert states["base: topics (seed 1): score"] is State.RAN
    assert {state for label, state in states.items() if "continued" in label} == {State.NOT_RUN}


@pytest.mark.slow
def test_a_worker_that_dies_with_nothing_to_do_is_replaced(short_study_path: Path, tmp_path: Path) -> None:
    class Idle(SilentWatcher):
        n_killed = 0

        def ended(self, node: Node, state: State) -> None:
            if state is State.RAN and self.n_killed < 3:
                self.n_killed += 1
                os.kill(worker_pids()[0], signal.SIGKILL)
                time.sleep(0.2)

    study, store, watcher = api.load_checked_study(short_study_path), Store(tmp_path / "store"), Idle()
    api.run_study(study, store, n_threads=1, n_workers=2, watcher=watcher)
    assert watcher.n_killed == 3
    assert digests_of(store) == undisturbed(short_study_path, tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "options", "is_early"),
    [
        (signal.SIGTERM, [], True),
        (signal.SIGINT, [], True),
        (signal.SIGTERM, ["--workers", "2"], False),
        (signal.SIGINT, ["--workers", "2"], False),
    ],
)
def test_a_signal_ends_a_run_cleanly(
    short_study_path: Path, tmp_path: Path, number: int, options: list[str], is_early: bool
) -> None:
    """While data is read as well as in a stage: exit status 130, and no process is left."""
    store, log = tmp_path / "store", tmp_path / "log"
    process = start(run_with_checkpoints, command(short_study_path, store, *options), log)
    moment: Callable[[], bool] = (store / "objects").exists if is_early else (store / "work").exists
    assert wait_until(moment, 60)
    workers = workers_of(process)
    os.kill(process.pid or 0, number)
    assert finished(process) == 130
    assert "Traceback" not in log.read_text()
    assert not any(worker.is_running() for worker in workers)
    if number == signal.SIGTERM and not is_early:
        assert finished(start(run_with_checkpoints, command(short_study_path, store, *options), log)) == 0
        assert digests_of(Store(store)) == undisturbed(short_study_path, tmp_path / "whole")
