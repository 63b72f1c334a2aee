"""Slurm: real scripts of sbatch, run by stand-ins for Slurm's commands; the same bytes as one process.

With WAYSTAGE_TEST_SLURM=real, the first test uses the Slurm on PATH, which needs a partition called cpu.
"""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import psutil
import pytest

from tests.execution.test_local import digests
from tests.execution.test_peers import first_training, planned, trained
from tests.fixtures.slurm import install
from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.errors import StudyError
from waystage.execution.executor import WorkerSetting
from waystage.execution.log_lines import read_lines
from waystage.execution.outcome import SilentWatcher, State
from waystage.execution.resources import needs_of
from waystage.execution.schedule import Guidance, run_nodes
from waystage.execution.slurm import Slurm
from waystage.plan.nodes import Node
from waystage.store.store import Store

pytest.importorskip("submitit", reason="the extra 'slurm' is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]


N_STEPS = 100
"""Of a stage that is disturbed, so that the driver, which looks once a second, sees it before its last step."""

IS_REAL = os.environ.get("WAYSTAGE_TEST_SLURM") == "real"


@pytest.fixture
def fake_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the stand-ins keep their jobs; empty where WAYSTAGE_TEST_SLURM says that Slurm is real."""
    home = tmp_path / "slurm"
    home.mkdir()
    if IS_REAL:
        return home
    monkeypatch.setenv("FAKE_SLURM", str(home))
    monkeypatch.setenv("PATH", f"{install(tmp_path / 'bin')}:{os.environ['PATH']}")
    return home


class Disturber(SilentWatcher):
    """Preempts a stage the first time that it advances, and kills another one the first time that it does."""

    def __init__(self, run_dir: Path, preempted: Node, killed: Node) -> None:
        self._run_dir = run_dir
        self.left = {preempted.id: signal.SIGUSR2, killed.id: signal.SIGKILL}
        self.lost_labels: list[str] = []

    def advanced(self, node: Node, fraction: float) -> None:
        """Steps are reported before they are saved, so the third says that there is a checkpoint."""
        lines = read_lines(self._run_dir / "jobs" / node.id / "1.jsonl")
        if node.id in self.left and lines[-1].get("step", 0) >= 3:
            os.kill(lines[0]["pid"], self.left.pop(node.id))

    def lost(self, node: Node, how: str) -> None:
        self.lost_labels.append(node.label)


def test_preempted_and_killed_jobs_go_on_and_change_no_byte(
    fake_slurm: Path, tmp_path: Path, tiny_encoder_dir: Path
) -> None:
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["stages"]["mlm"]["budget"] = {"tokens": 6_000}
    content["targets"][0]["budget"] = {"steps": 100}
    study = api.load_checked_study(write_study(tmp_path / "study", content))
    alone, store = Store(tmp_path / "alone"), Store(tmp_path / "store")
    api.run_study(study, alone, n_threads=1)
    plan = api.plan_study(study, store)
    mlm, base = (next(node for node in plan.nodes if node.label.startswith(name)) for name in ("mlm", "base → topics"))
    run_dir = tmp_path / "run"
    disturber = Disturber(run_dir, mlm, base)
    backend = Slurm(4, options=("partition=cpu",), job_files_dir=tmp_path / "job-files", poll_seconds=1.0)
    setting = WorkerSetting(store, 1, checkpoint_seconds=0.0, run_dir=run_dir, log_seconds=0.05)
    guidance = Guidance(needs=lambda node: needs_of(node, 1))
    with backend.start(setting, lambda: False) as executor:
        outcome = run_nodes(plan.nodes, store, executor, disturber, guidance)
    assert set(outcome.states.values()) == {State.RAN}
    assert disturber.left == {}
    assert digests(store) == digests(alone)
    assert disturber.lost_labels == [base.label]
    resumed = read_lines(run_dir / "jobs" / mlm.id / "1.jsonl")
    second = [line["event"] for line in resumed].index("started", 1)
    assert next(line["step"] for line in resumed[second:] if line["event"] == "advanced") > 1
    if IS_REAL:
        return
    assert len((fake_slurm / "requeued").read_text(encoding="utf-8").split()) == 1
    script = (fake_slurm / "script-1.sh").read_text(encoding="utf-8")
    for line in ("--array=0-", "--partition=cpu", "--requeue", "--signal=USR2@", "--time=240", "--cpus-per-task=1"):
        assert f"#SBATCH {line}" in script
    assert re.search(r"^#SBATCH --mem=\d+M$", script, flags=re.MULTILINE)


class KillsOne(SilentWatcher):
    """Kills the second process of a stage, once there is a checkpoint."""

    def __init__(self, run_dir: Path, stage: Node) -> None:
        self._run_dir, self._stage = run_dir, stage
        self.killed: int | None = None

    def advanced(self, node: Node, fraction: float) -> None:
        lines = read_lines(self._run_dir / "jobs" / node.id / "1.jsonl")
        if node.id != self._stage.id or self.killed or lines[-1].get("step", 0) < 3:
            return
        siblings = psutil.Process(psutil.Process(lines[0]["pid"]).ppid()).children()
        self.killed = next(child.pid for child in siblings if child.pid != lines[0]["pid"])
        os.kill(self.killed, signal.SIGKILL)


@pytest.mark.skipif(IS_REAL, reason="it needs two machines")
def test_a_stage_on_two_machines_outlives_the_loss_of_one(
    fake_slurm: Path, tmp_path: Path, tiny_encoder_dir: Path
) -> None:
    """Each process is a task of one job; where one is killed, the next job goes on from the checkpoint."""
    alone = Store(tmp_path / "alone")
    _, alone_facts = trained(planned(tmp_path, tiny_encoder_dir, alone, 3, N_STEPS), alone, 1)
    contents, guidance = [], Guidance(needs=lambda node: needs_of(node, 1, n_machines=2))
    for name in ("undisturbed", "disturbed"):
        store, run_dir = Store(tmp_path / name), tmp_path / f"run-{name}"
        run_dir.mkdir()
        plan = planned(tmp_path, tiny_encoder_dir, store, 3, N_STEPS)
        stage = first_training(plan)
        watcher = KillsOne(run_dir, stage) if name == "disturbed" else SilentWatcher()
        backend = Slurm(2, job_files_dir=tmp_path / "job-files" / name, poll_seconds=1.0, n_machines=2)
        setting = WorkerSetting(store, 1, checkpoint_seconds=0.0, run_dir=run_dir, log_seconds=0.05)
        with backend.start(setting, lambda: False) as executor:
            outcome = run_nodes([plan.node(plan.encoder_id), stage], store, executor, watcher, guidance)
        assert outcome.states[stage.id] is State.RAN, outcome.failures
        made = store.open(stage.id)
        contents.append(made.manifest.content_digest)
    assert isinstance(watcher, KillsOne)
    assert watcher.killed
    assert contents[0] == contents[1]
    facts = json.loads(made.path("training.json").read_bytes())
    assert facts["mean_loss"] == pytest.approx(alone_facts["mean_loss"], rel=1e-5)
    second = read_lines(run_dir / "jobs" / stage.id / "2.jsonl")
    assert next(line["step"] for line in second if line["event"] == "advanced") > 1
    script = (fake_slurm / "script-1.sh").read_text(encoding="utf-8")
    assert all(f"#SBATCH --{option}\n" in script for option in ("nodes=2", "ntasks-per-node=1", "cpus-per-task=1"))
    assert "--kill-on-bad-exit=1" in script


def backend_error(tmp_path: Path, backend: Slurm) -> str:
    with pytest.raises(StudyError) as error:
        backend.start(WorkerSetting(Store(tmp_path), 1, run_dir=tmp_path / "run"), lambda: False)
    return str(error.value)


def test_options_cannot_end_a_line_of_the_script_nor_take_the_place_of_ours(fake_slurm: Path, tmp_path: Path) -> None:
    options = ("qos=a\nrm -rf /", "output=/etc/x", "Partition=x", "wrap=true", "account=lab")
    message = backend_error(tmp_path, Slurm(1, options=options, job_files_dir=tmp_path / "files"))
    assert [option in message for option in ("rm -rf", "output=", "Partition", "wrap", "account")] == [True] * 4 + [
        False
    ]


def test_a_folder_that_others_can_write_to_is_refused(fake_slurm: Path, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert "nobody else can write" in backend_error(tmp_path, Slurm(1, job_files_dir=tmp_path / "open"))


def test_a_machine_without_slurm_is_told_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no sbatch, squeue, scancel, srun" in backend_error(tmp_path, Slurm(1, job_files_dir=tmp_path / "files"))
