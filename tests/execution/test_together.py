"""A stage whose processes something else starts, as the machines of a cluster do: it learns what one process learns."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load_file

from tests.execution.test_peers import first_training, planned, trained
from waystage.errors import StageError
from waystage.execution.executor import Ended, JobRequest, Lost, News, WorkerSetting
from waystage.execution.job_log import attempt_path, ended_by_log
from waystage.execution.log_lines import read_lines
from waystage.execution.outcome import State
from waystage.execution.peers import Reason
from waystage.execution.together import Launch, lead, take_part
from waystage.execution.worker import Control, Worker
from waystage.plan.nodes import Node
from waystage.store.store import Store
from waystage.training.meeting import interface_of, met
from waystage.training.parallel import Seat
from waystage.training.resume import Progress, restore_together

pytestmark = pytest.mark.slow
LOOPBACK = "127.0.0.1"


def setting_of(store: Store, run_dir: Path) -> WorkerSetting:
    run_dir.mkdir(exist_ok=True)
    return WorkerSetting(store, 1, checkpoint_seconds=0.0, run_dir=run_dir, log_seconds=0.0)


def other_process(request: JobRequest, setting: WorkerSetting, launch: Launch) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=take_part, args=(request, setting, launch))
    process.start()
    return process


def lead_plainly(request: JobRequest, setting: WorkerSetting, launch: Launch) -> News:
    return lead(request, setting, launch, Control())


def done_by_two(
    node: Node, setting: WorkerSetting, name: str, on_fraction: Callable[[BaseProcess, float], None] | None = None
) -> News:
    """What became of a stage that this process and another one train."""
    request = JobRequest(node)
    other = other_process(request, setting, Launch(name, LOOPBACK, 1, 2))
    try:
        hear = (lambda fraction: on_fraction(other, fraction)) if on_fraction else (lambda fraction: None)
        control = Control(on_fraction=hear, checkpoint_seconds=setting.checkpoint_seconds)
        return lead(request, setting, Launch(name, LOOPBACK, 0, 2), control)
    finally:
        other.join(20)
        other.kill()
        other.join()


def with_encoder(folder: Path, encoder_dir: Path, name: str) -> tuple[Store, Node, Any]:
    store = Store(folder / name)
    plan = planned(folder, encoder_dir, store, 3)
    Worker(store, n_threads=1).run(plan.node(plan.encoder_id), Control())
    return store, first_training(plan), plan


def test_two_machines_learn_what_one_process_learns_and_always_the_same(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    alone_store, node, plan = with_encoder(tmp_path, tiny_encoder_dir, "alone")
    alone, alone_facts = trained(plan, alone_store, 1)
    digests = []
    for name in ("one", "again"):
        store, node, _ = with_encoder(tmp_path, tiny_encoder_dir, name)
        setting = setting_of(store, tmp_path / f"run-{name}")
        assert done_by_two(node, setting, "first") == Ended(node.id, State.RAN)
        artefact = store.open(node.id)
        digests.append(artefact.manifest.content_digest)
    facts = json.loads(artefact.path("training.json").read_bytes())
    assert facts["mean_loss"] == pytest.approx(alone_facts["mean_loss"], rel=1e-5)
    assert facts["n_text_tokens"] == alone_facts["n_text_tokens"]
    for key, tensor in load_file(artefact.path("weights.safetensors")).items():
        if not key.endswith("key.bias"):  # its gradient is nothing but rounding, which AdamW blows up
            torch.testing.assert_close(tensor, alone[key], atol=2e-4, rtol=1e-4, msg=key)
    assert digests[0] == digests[1]


def test_a_process_that_is_killed_loses_the_stage_which_goes_on_from_its_checkpoint(
    tmp_path: Path, tiny_encoder_dir: Path
) -> None:
    undisturbed, node, _ = with_encoder(tmp_path, tiny_encoder_dir, "undisturbed")
    done_by_two(node, setting_of(undisturbed, tmp_path / "run-0"), "only")
    store, node, _ = with_encoder(tmp_path, tiny_encoder_dir, "store")
    setting = setting_of(store, tmp_path / "run")

    def kill(other: BaseProcess, fraction: float) -> None:
        if fraction > 0.3:
            os.kill(other.pid or 0, signal.SIGKILL)

    news = done_by_two(node, setting, "first", kill)
    assert isinstance(news, Lost)
    assert "the processes that train this stage cannot go on" in news.how
    log = read_lines(attempt_path(tmp_path / "run", node.id, 1))
    assert ended_by_log(node.id, log) == news
    assert not store.has(node.id)
    fractions: list[float] = []
    again = done_by_two(node, setting, "second", lambda other, fraction: fractions.append(fraction))
    assert again == Ended(node.id, State.RAN)
    assert next(fraction for fraction in fractions if fraction) > 0.3
    assert store.open(node.id).manifest.content_digest == undisturbed.open(node.id).manifest.content_digest


def test_a_process_that_cannot_do_the_stage_says_why_and_the_stage_fails(
    tmp_path: Path, tiny_encoder_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that is started here stands for the first one; this one has a fault."""
    store, node, _ = with_encoder(tmp_path, tiny_encoder_dir, "store")
    setting, request = setting_of(store, tmp_path / "run"), JobRequest(node)

    def fail(*_: object) -> None:
        raise StageError("its disk is full")

    monkeypatch.setattr(Worker, "take_part", fail)
    context = multiprocessing.get_context("spawn")
    first = context.Process(target=lead_plainly, args=(request, setting, Launch("x", LOOPBACK, 0, 2)))
    first.start()
    reason = take_part(request, setting, Launch("x", LOOPBACK, 1, 2))
    first.join(30)
    host = socket.gethostname()
    assert reason == Reason(f"its disk is full (on {host}, process {os.getpid()})", is_final=True)
    ended = ended_by_log(node.id, read_lines(attempt_path(tmp_path / "run", node.id, 1)))
    assert isinstance(ended, Ended)
    assert ended.state is State.FAILED
    assert (
        ended.reason == f"process 1 of the 2 that train this stage: its disk is full (on {host}, process {os.getpid()})"
    )


def test_nobody_waits_for_a_first_process_that_had_nothing_to_do(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    store, node, plan = with_encoder(tmp_path, tiny_encoder_dir, "store")
    trained(plan, store, 1)
    started = time.monotonic()
    assert done_by_two(node, setting_of(store, tmp_path / "run"), "x") == Ended(node.id, State.RAN)
    assert time.monotonic() - started < 15


def test_a_machine_that_does_not_see_the_run_says_so(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    store, node, _ = with_encoder(tmp_path, tiny_encoder_dir, "store")
    setting = WorkerSetting(store, 1, run_dir=tmp_path / "elsewhere" / "run")
    reason = take_part(JobRequest(node), setting, Launch("x", LOOPBACK, 1, 2))
    assert reason is not None
    assert reason.is_final
    assert "does not see" in reason.text


def test_the_first_process_listens_on_its_address_alone_and_leaves_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLOO_SOCKET_IFNAME", raising=False)
    with met(tmp_path, Seat(0, 1, 0, 1), LOOPBACK, lambda: False):
        assert os.environ["GLOO_SOCKET_IFNAME"] == interface_of(LOOPBACK)
        links = [one for one in psutil.Process().net_connections() if one.status == psutil.CONN_LISTEN]
        assert links
        assert {link.laddr.ip for link in links} == {LOOPBACK}
    assert "GLOO_SOCKET_IFNAME" not in os.environ


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::", "192.0.2.1"])
def test_no_address_that_is_not_one_of_this_machine_is_taken(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLOO_SOCKET_IFNAME", raising=False)
    with pytest.raises(StageError, match="GLOO_SOCKET_IFNAME"), met(tmp_path, Seat(0, 1, 0, 1), address, lambda: False):
        pass


class Scripted:
    """A group of two in which the other process is always after the same step."""

    rank, size = 0, 2

    def __init__(self, other_step: int) -> None:
        self._other = other_step

    def total(self, values: Any) -> list[float]:
        return [values[0], self._other]

    def sum_gradients(self, parameters: Any) -> None:
        """Nothing."""


def test_a_checkpoint_that_a_network_folder_shows_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waystage.training.resume._LOOK_SECONDS", 0.0)
    seen: Iterator[int] = iter((0, 0, 4))
    assert restore_together(lambda: Progress(step=next(seen)), Scripted(4)).step == 4
    with pytest.raises(StageError, match="process 0: 2, process 1: 4"):
        restore_together(lambda: Progress(step=2), Scripted(4))
