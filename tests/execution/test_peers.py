"""Several processes train one stage: as one process would, on the same batches."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.errors import StageError
from waystage.execution.local import InProcess
from waystage.execution.resources import needs_of
from waystage.execution.worker import Control, Worker
from waystage.plan.nodes import Node, TrainJob
from waystage.plan.plan import Plan
from waystage.store.store import Store

pytestmark = pytest.mark.slow
PARTS = 2


def planned(
    folder: Path, encoder_dir: Path, store: Store, micro_batch_size: int | None, n_steps: int | None = None
) -> Plan:
    content = short_study(encoder_dir, folder / "out")
    if n_steps is not None:
        content["targets"][0]["budget"] = {"steps": n_steps}
    for part in (content["stages"]["mood"], content["targets"][0]):
        part["training"]["micro_batch_size"] = micro_batch_size
    return api.plan_study(api.load_checked_study(write_study(folder / "study", content)), store)


def first_training(plan: Plan) -> Node:
    return next(n for n in plan.nodes if isinstance(n.job, TrainJob) and n.job.parent_id is None and n.label[0] == "b")


def trained(plan: Plan, store: Store, n_processes: int) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    worker = Worker(store, n_threads=1, n_processes=n_processes)
    node = first_training(plan)
    worker.run(plan.node(plan.encoder_id), Control())
    worker.run(node, Control())
    artefact = store.open(node.id)
    return load_file(artefact.path("weights.safetensors")), json.loads(artefact.path("training.json").read_bytes())


def test_two_processes_learn_what_one_learns(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    """The same batches, masks and dropout; only the order of sums differs. The dropout of the encoder is on."""
    results = []
    for n_processes in (1, PARTS):
        store = Store(tmp_path / f"store-{n_processes}")
        plan = planned(tmp_path, tiny_encoder_dir, store, 3)  # batches of 8: three micro-batches for two processes
        results.append(trained(plan, store, n_processes))
    (alone, alone_facts), (shared, shared_facts) = results
    assert shared_facts["mean_loss"] == pytest.approx(alone_facts["mean_loss"], rel=1e-5)
    assert shared_facts["n_text_tokens"] == alone_facts["n_text_tokens"]
    assert alone.keys() == shared.keys()
    for name, tensor in alone.items():
        if not name.endswith("key.bias"):  # its gradient is nothing but rounding, which AdamW blows up
            torch.testing.assert_close(shared[name], tensor, atol=2e-4, rtol=1e-4, msg=name)


def test_the_same_processes_give_the_same_bytes_and_leave_nothing(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    digests = []
    for name in ("one", "again"):
        store = Store(tmp_path / name)
        plan = planned(tmp_path, tiny_encoder_dir, store, None)
        trained(plan, store, PARTS)
        node = first_training(plan)
        digests.append(store.open(node.id).manifest.content_digest)
        assert list(store.work_dir(node.id).iterdir()) == []
    assert digests[0] == digests[1]
    assert not [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_a_process_that_dies_ends_the_stage(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    store = Store(tmp_path / "store")
    plan = planned(tmp_path, tiny_encoder_dir, store, None)
    node = first_training(plan)

    def kill_others(fraction: float) -> None:
        for child in psutil.Process().children():
            if "spawn_main" in " ".join(child.cmdline()):
                os.kill(child.pid, signal.SIGKILL)

    worker = Worker(store, n_threads=1, n_processes=PARTS)
    worker.run(plan.node(plan.encoder_id), Control())
    with pytest.raises(StageError, match="process 1 of the 2 that train this stage: it ended with status -9"):
        worker.run(node, Control(on_fraction=kill_others, checkpoint_seconds=0.0))
    assert not store.has(node.id)
    Worker(store, n_threads=1, n_processes=PARTS).run(node, Control())
    assert store.has(node.id)


def test_a_study_is_trained_by_several_processes(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    study = api.load_checked_study(write_study(tmp_path / "study", content))
    finished = api.run_study(study, Store(tmp_path / "store"), n_threads=1, n_processes=PARTS, backend=InProcess())
    assert finished.outcome.is_complete


def test_a_stage_needs_room_for_all_its_processes(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    plan = planned(tmp_path, tiny_encoder_dir, Store(tmp_path / "store"), None)
    training, prediction = first_training(plan), next(n for n in plan.nodes if n.kind == "predict")
    assert needs_of(training, 2, 1, PARTS).total_cores == 4
    assert needs_of(training, 2, 1, PARTS).total_gpus == 2
    assert needs_of(prediction, 2, 1, PARTS).total_cores == 2
