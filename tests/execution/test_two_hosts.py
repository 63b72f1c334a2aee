"""One stage on two hosts with an address each: two network namespaces, joined by a cable of the kernel. Needs root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.execution.test_peers import first_training, planned, trained
from waystage.execution.executor import Ended, JobRequest, WorkerSetting
from waystage.execution.outcome import State
from waystage.execution.together import Launch, lead, take_part
from waystage.execution.worker import Control
from waystage.store.store import Store

ADDRESSES = ("10.77.0.1", "10.77.0.2")
HOSTS = tuple(f"waystage-{os.getpid()}-{rank}" for rank in (0, 1))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)


@pytest.fixture
def two_hosts() -> Iterator[None]:
    """Two namespaces, each with an address on the network between them."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and the command ip")
    ends = [f"ws{os.getpid()}{rank}" for rank in (0, 1)]
    try:
        try:
            ip("netns", "add", HOSTS[0])
            ip("netns", "add", HOSTS[1])
            ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this system gives no network namespaces: {error.stderr.decode()}")
        for host, end, address in zip(HOSTS, ends, ADDRESSES, strict=True):
            ip("link", "set", end, "netns", host)
            ip("-n", host, "addr", "add", f"{address}/24", "dev", end)
            ip("-n", host, "link", "set", end, "up")
            ip("-n", host, "link", "set", "lo", "up")
        yield
    finally:
        for host in HOSTS:
            subprocess.run(["ip", "netns", "del", host], check=False, capture_output=True, timeout=20)


def test_two_hosts_learn_what_one_process_learns(two_hosts: None, tmp_path: Path, tiny_encoder_dir: Path) -> None:
    alone = Store(tmp_path / "alone")
    plan = planned(tmp_path, tiny_encoder_dir, alone, 3)
    _, alone_facts = trained(plan, alone, 1)
    shutil.copytree(alone.root, tmp_path / "store")
    stage = first_training(plan)
    store = Store(tmp_path / "store")
    assert store.quarantine(stage.id) is not None
    (tmp_path / "run").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_SOCKET_IFNAME")}
    processes = []
    for rank, host in enumerate(HOSTS):
        command = [sys.executable, "-m", __spec__.name, str(tmp_path), str(tiny_encoder_dir), str(rank)]
        processes.append(subprocess.Popen(["ip", "netns", "exec", host, *command], env=environment))
    assert [process.wait(100) for process in processes] == [0, 0]
    facts = json.loads(store.open(stage.id).path("training.json").read_bytes())
    assert facts["mean_loss"] == pytest.approx(alone_facts["mean_loss"], rel=1e-5)
    for rank, address in enumerate(ADDRESSES):
        assert json.loads((tmp_path / f"listening-{rank}.json").read_bytes()) == [address]


def main(folder: Path, encoder_dir: Path, rank: int) -> int:
    """One process of the stage, on one of the hosts."""
    store = Store(folder / "store")
    stage = first_training(planned(folder / f"plan-{rank}", encoder_dir, store, 3))
    request, setting = JobRequest(stage), WorkerSetting(store, 1, run_dir=folder / "run")
    launch = Launch("only", ADDRESSES[rank], rank, 2)

    def look(*_: object) -> bool:
        links = [link for link in psutil.Process().net_connections() if link.status == psutil.CONN_LISTEN]
        found = sorted({link.laddr.ip for link in links})
        (folder / f"listening-{rank}.json").write_text(json.dumps(found), encoding="utf-8")
        return False

    if rank == 0:
        return int(lead(request, setting, launch, Control(should_stop=look)) != Ended(stage.id, State.RAN))
    return int(take_part(request, setting, launch, Control(should_stop=look)) is not None)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
