"""Several worker processes: the same bytes as one process, whatever happens to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.execution.test_local import digests
from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.errors import Interrupted
from waystage.execution.executor import WorkerSetting
from waystage.execution.outcome import SilentWatcher, State
from waystage.execution.processes import ProcessExecutor
from waystage.execution.schedule import run_nodes
from waystage.plan.nodes import Node
from waystage.store.store import Store

pytestmark = pytest.mark.slow


def worker_pids() -> list[int]:
    """Processes that multiprocessing has started here, without its own helper."""
    pids = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # a zombie is one of these
            pids += [child.pid] if any("spawn_main" in part for part in child.cmdline()) else []
    return pids


class Killer(SilentWatcher):
    """Kills a worker, as ``kill -9`` does, the first times that a stage says it has advanced."""

    def __init__(self, n_kills: int, label: str = "") -> None:
        self.left, self.label, self.killed = n_kills, label, 0

    def advanced(self, node: Node, fraction: float) -> None:
        if self.left > self.killed and node.label.startswith(self.label) and worker_pids():
            os.kill(worker_pids()[0], signal.SIGKILL)
            self.killed += 1


def test_killed_workers_change_no_byte(short_study_path: Path, tmp_path: Path) -> None:
    study = api.load_checked_study(short_study_path)
    alone, shared = Store(tmp_path / "alone"), Store(tmp_path / "shared")
    one = api.run_study(study, alone, n_threads=1)
    killer = Killer(2)
    several = api.run_study(study, shared, n_threads=1, n_workers=2, watcher=killer)
    assert killer.killed == 2
    assert digests(shared) == digests(alone)
    assert several.scores().equals(one.scores())
    assert worker_pids() == []


def test_a_node_that_kills_every_worker_fails_and_the_others_are_done(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    study, store = api.load_checked_study(write_study(tmp_path / "study", content)), Store(tmp_path / "store")
    plan = api.plan_study(study, store)
    with ProcessExecutor(WorkerSetting(store, n_threads=1), n_workers=1) as executor:
        outcome = run_nodes(plan.nodes, store, executor, Killer(100, "mlm"))
    failed = [plan.node(node_id).label for node_id, state in outcome.states.items() if state is State.FAILED]
    assert failed == ["mlm (seed 1)"]
    assert "ended by signal 9, 3 times" in next(iter(outcome.failures.values()))
    done = {node.label for node in plan.nodes if store.has(node.id)}
    assert "base: topics (seed 1): score" in done
    assert not any("continued" in label for label in done)
    assert not outcome.is_complete


def after(n_calls: int) -> Callable[[], bool]:
    asked = iter(range(100_000))
    return lambda: next(asked) >= n_calls


def test_an_interrupted_run_goes_on_with_another_number_of_workers(short_study_path: Path, tmp_path: Path) -> None:
    study = api.load_checked_study(short_study_path)
    whole, store = Store(tmp_path / "whole"), Store(tmp_path / "interrupted")
    api.run_study(study, whole, n_threads=1)
    with pytest.raises(Interrupted):
        api.run_study(study, store, n_threads=1, n_workers=2, should_stop=after(30))
    assert worker_pids() == []
    api.run_study(study, store, n_threads=1)
    assert digests(store) == digests(whole)


def test_a_process_does_not_count_what_its_parent_held() -> None:
    own = "from waystage.execution.worker import peak_memory_bytes as peak; print(peak())"
    start = f"subprocess.run([sys.executable, '-c', {own!r}], check=True)"
    parent = f"import subprocess, sys; held = b'x' * 600_000_000; {start}"
    found = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, check=True)
    assert 10_000_000 < int(found.stdout) < 500_000_000


def test_the_peak_of_memory_stays_after_it_is_given_back() -> None:
    code = "from waystage.execution.worker import peak_memory_bytes as peak; b'x' * 300_000_000; print(peak())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) > 300_000_000
