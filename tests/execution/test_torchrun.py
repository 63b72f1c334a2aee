"""``torchrun ... -m waystage run``: the first process drives, and all of them train each stage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.execution.test_local import digests
from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.errors import StudyError
from waystage.execution.executor import WorkerSetting
from waystage.execution.torchrun import Torchrun, torchrun_seat
from waystage.plan.nodes import TrainJob
from waystage.store.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(170)]
SEAT = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "an-id"}
PLACE = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


def test_a_study_that_torchrun_starts_is_trained_by_all_its_processes(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    for part in (*content["stages"].values(), content["targets"][0]):
        part.setdefault("training", {})["micro_batch_size"] = 3
    path = write_study(tmp_path / "study", content)
    study = api.load_checked_study(path)
    alone, store = Store(tmp_path / "alone"), Store(tmp_path / "store")
    api.run_study(study, alone, n_threads=1)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "-m", "waystage", "run", str(path), "--store", str(store.root), "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("report:") == 1
    assert digests(store).keys() == digests(alone).keys()
    plan = api.plan_study(study, store, 1)
    stages = [node for node in plan.nodes if isinstance(node.job, TrainJob)]
    losses = [
        [json.loads(one.open(node.id).path("training.json").read_bytes())["mean_loss"] for node in stages]
        for one in (store, alone)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    (session,) = (store.root / "torchrun").iterdir()
    assert len(list(session.glob("*.*/meeting.json"))) == len(stages)


def test_a_process_that_torchrun_did_not_start_says_how_it_would() -> None:
    for lacking in ({}, {"RANK": ""}, {"TORCHELASTIC_RUN_ID": "none"}, {"TORCHELASTIC_RUN_ID": "../x"}):
        environment = SEAT | PLACE | lacking if lacking else {}
        with pytest.raises(StudyError, match="torchrun --rdzv-id ID"):
            torchrun_seat(environment)


def test_an_id_is_used_once_and_a_restart_is_another_start(tmp_path: Path) -> None:
    setting = WorkerSetting(Store(tmp_path), 1)
    with Torchrun(torchrun_seat(SEAT | PLACE)).start(setting, lambda: False):
        pass
    with (
        pytest.raises(StudyError, match="given the id an-id before"),
        Torchrun(torchrun_seat(SEAT | PLACE)).start(setting, lambda: False),
    ):
        pass
    again = SEAT | PLACE | {"TORCHELASTIC_RESTART_COUNT": "1"}
    with Torchrun(torchrun_seat(again)).start(setting, lambda: False):
        assert len(os.listdir(tmp_path / "torchrun")) == 2
