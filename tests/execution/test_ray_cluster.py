"""Ray: the same bytes as one process; a machine that is lost in mid-stage costs what came after its last checkpoint."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.execution.test_local import digests
from tests.execution.test_peers import first_training, planned, trained
from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.execution.executor import WorkerSetting
from waystage.execution.log_lines import read_lines
from waystage.execution.outcome import SilentWatcher, State
from waystage.execution.ray_cluster import RayCluster
from waystage.execution.resources import needs_of
from waystage.execution.schedule import Guidance, run_nodes
from waystage.plan.nodes import Node
from waystage.plan.plan import Plan
from waystage.store.store import Store

# As the executor does: Ray reads it when it is imported, and binds to loopback then.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
ray = pytest.importorskip("ray", reason="the extra 'ray' is not installed")
pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head without cores, on loopback; machines are added by the test."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_health_check_period_ms", "500")
    monkeypatch.setenv("RAY_health_check_failure_threshold", "2")
    small: dict[str, Any] = {
        "object_store_memory": 80_000_000,
        "include_dashboard": False,
        "node_ip_address": "127.0.0.1",
    }
    handler = signal.getsignal(signal.SIGTERM)  # Ray puts its own there
    made = Cluster(initialize_head=True, head_node_args={**small, "num_cpus": 0})
    try:
        yield made
    finally:
        ray.shutdown()
        made.shutdown()
        signal.signal(signal.SIGTERM, handler)


def add_machine(cluster: Any) -> Any:
    return cluster.add_node(num_cpus=1, object_store_memory=80_000_000, node_ip_address="127.0.0.1")


def test_a_lost_machine_costs_no_finished_stage_and_changes_no_byte(
    cluster: Any, tmp_path: Path, tiny_encoder_dir: Path
) -> None:
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["stages"]["mlm"]["budget"] = {"tokens": 6_000}
    study = api.load_checked_study(write_study(tmp_path / "study", content))
    alone, store = Store(tmp_path / "alone"), Store(tmp_path / "store")
    api.run_study(study, alone, n_threads=1)
    machines = [add_machine(cluster), add_machine(cluster)]
    plan = api.plan_study(study, store)
    stage = next(node for node in plan.nodes if node.label.startswith("mlm"))
    everything = {pid for one in (cluster.head_node, *machines) for pid in pids(one)}
    assert {address.removeprefix("::ffff:") for address in listening(everything)} == {"127.0.0.1"}
    killer = MachineKiller(cluster, machines, store, stage, tmp_path / "run")
    setting = WorkerSetting(store, 1, checkpoint_seconds=0.0, run_dir=tmp_path / "run", log_seconds=0.05)
    backend = RayCluster(n_workers=8, address=cluster.address)
    with backend.start(setting, lambda: False) as executor:
        outcome = run_nodes(plan.nodes, store, executor, killer)
    assert killer.is_done
    assert set(outcome.states.values()) == {State.RAN}
    assert digests(store) == digests(alone)
    attempts = {node.id: len(list((tmp_path / "run" / "jobs" / node.id).iterdir())) for node in plan.nodes}
    assert attempts[stage.id] == 2
    assert all(attempts[node_id] == 1 for node_id in killer.finished_before)
    second = read_lines(tmp_path / "run" / "jobs" / stage.id / "2.jsonl")
    first_step = next(line["step"] for line in second if line["event"] == "advanced")
    assert first_step > 1


def test_a_stage_on_two_machines_outlives_the_loss_of_one(cluster: Any, tmp_path: Path, tiny_encoder_dir: Path) -> None:
    """One of the two is taken away in mid-stage and another one comes: it goes on from its checkpoint."""
    store = Store(tmp_path / "store")
    plan = planned(tmp_path, tiny_encoder_dir, store, 3, 100)
    encoder, stage = plan.node(plan.encoder_id), first_training(plan)
    undisturbed = Store(tmp_path / "undisturbed")
    undisturbed_plan = planned(tmp_path, tiny_encoder_dir, undisturbed, 3, 100)
    alone = Store(tmp_path / "alone")
    _, alone_facts = trained(planned(tmp_path, tiny_encoder_dir, alone, 3, 100), alone, 1)
    machines = [add_machine(cluster), add_machine(cluster)]
    backend = RayCluster(n_workers=8, address=cluster.address, n_machines=2)
    guidance = Guidance(needs=lambda node: needs_of(node, 1, n_machines=2))

    def run(plan: Plan, store: Store, watcher: SilentWatcher, name: str) -> None:
        run_dir = tmp_path / name
        run_dir.mkdir()
        setting = WorkerSetting(store, 1, checkpoint_seconds=0.0, run_dir=run_dir, log_seconds=0.05)
        with backend.start(setting, lambda: False) as executor:
            outcome = run_nodes([plan.node(encoder.id), plan.node(stage.id)], store, executor, watcher, guidance)
        assert outcome.states[stage.id] is State.RAN, outcome.failures

    run(undisturbed_plan, undisturbed, SilentWatcher(), "run-0")
    killer = MachineKiller(cluster, machines, store, stage, tmp_path / "run-1", comes_back=True)
    run(plan, store, killer, "run-1")
    assert killer.is_done
    made, same = store.open(stage.id), undisturbed.open(stage.id)
    assert made.manifest.content_digest == same.manifest.content_digest
    facts = json.loads(made.path("training.json").read_bytes())
    assert facts["mean_loss"] == pytest.approx(alone_facts["mean_loss"], rel=1e-5)
    logs = sorted((tmp_path / "run-1" / "jobs" / stage.id).iterdir())
    assert len(logs) == 2
    assert next(line["step"] for line in read_lines(logs[1]) if line["event"] == "advanced") > 1


class MachineKiller(SilentWatcher):
    """Takes away the machine that does a stage, once it has a checkpoint."""

    def __init__(
        self, cluster: Any, machines: list[Any], store: Store, stage: Node, run_dir: Path, *, comes_back: bool = False
    ) -> None:
        self._cluster, self._machines, self._store = cluster, machines, store
        self._comes_back = comes_back
        self._stage, self._run_dir = stage, run_dir
        self.is_done = False
        self.finished_before: set[str] = set()
        self._finished: set[str] = set()

    def ended(self, node: Node, state: State) -> None:
        self._finished.add(node.id)

    def advanced(self, node: Node, fraction: float) -> None:
        if self.is_done or node.id != self._stage.id:
            return
        lines = read_lines(self._run_dir / "jobs" / node.id / "1.jsonl")
        if lines[-1].get("step", 0) < 3:  # steps are reported before they are saved
            return
        pid = lines[0]["pid"]
        raylet = psutil.Process(pid).ppid()
        machine = next(one for one in self._machines if raylet in pids(one))
        self.finished_before = set(self._finished)
        # Stopped first, so that it cannot end the stage while its machine is taken away, and then gone with it.
        os.kill(pid, signal.SIGSTOP)
        self._cluster.remove_node(machine, allow_graceful=False)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if self._comes_back:
            add_machine(self._cluster)
        self.is_done = True


def pids(machine: Any) -> set[int]:
    return {info.process.pid for infos in machine.all_processes.values() for info in infos}


def listening(processes: set[int]) -> set[str]:
    """Addresses on which any of some processes, or their children, listen."""
    found = set()
    for pid in processes:
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            found |= {link.laddr.ip for link in process.net_connections() if link.status == psutil.CONN_LISTEN}
    return found


def test_ray_on_this_machine_is_on_loopback_and_leaves_the_signals_alone(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    setting = WorkerSetting(Store(tmp_path / "store"), 1, run_dir=tmp_path / "run")
    with RayCluster(n_workers=1).start(setting, lambda: False):
        assert signal.getsignal(signal.SIGTERM) is before
        children = {child.pid for child in psutil.Process().children(recursive=True)}
        assert {address.removeprefix("::ffff:") for address in listening(children)} == {"127.0.0.1"}
    assert not ray.is_initialized()
