"""A study whose store is on an object store: the bytes of a run in a folder, on any machine, through an outage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.execution.test_local import Log, digests
from tests.fixtures.object_store import SERVERS, ObjectServer
from waystage import api
from waystage.errors import Interrupted
from waystage.execution.outcome import SilentWatcher
from waystage.plan.nodes import Node
from waystage.store import remote
from waystage.store.opening import open_store
from waystage.store.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectServer]:
    server = SERVERS[request.param]()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(remote, "_FIRST_WAIT_SECONDS", 0.05)
    yield server
    server.stop()


class Outage(SilentWatcher):
    """The network goes away for a while when the third node begins."""

    def __init__(self, server: ObjectServer, seconds: float) -> None:
        self.server, self.seconds, self.n_started = server, seconds, 0

    def started(self, node: Node) -> None:
        self.n_started += 1
        if self.n_started == 3:
            self.server.stop()
            threading.Timer(self.seconds, self.server.start).start()


def test_the_same_bytes_through_an_outage_and_on_every_machine(
    short_study_path: Path, tmp_path: Path, server: ObjectServer, caplog: pytest.LogCaptureFixture
) -> None:
    study = api.load_checked_study(short_study_path)
    alone = Store(tmp_path / "alone")
    api.run_study(study, alone, n_threads=1)
    one = open_store(f"{server.url}/studies", tmp_path / "one")
    api.run_study(study, one, n_threads=1, watcher=Outage(server, 2.0))
    # gcsfs tries again by itself, and is silent about it for half a minute.
    assert "trying again" in caplog.text or server.url.startswith("gs:")
    expected = {name: digest for name, digest in digests(alone).items() if not alone.open(name).manifest.is_cache}
    assert digests(one) == expected

    log, other = Log(), open_store(f"{server.url}/studies", tmp_path / "other")
    api.run_study(study, other, n_threads=1, watcher=log)
    assert log.labels == []
    assert other.verify_all() == []


def test_another_machine_goes_on_where_one_stopped(
    short_study_path: Path, tmp_path: Path, server: ObjectServer
) -> None:
    study = api.load_checked_study(short_study_path)
    asked = iter(range(10_000))
    with pytest.raises(Interrupted):
        api.run_study(
            study,
            open_store(f"{server.url}/studies", tmp_path / "one"),
            n_threads=1,
            should_stop=lambda: next(asked) > 20,
        )
    n_done = len(digests(open_store(f"{server.url}/studies", tmp_path / "look")))
    log = Log()
    run = api.run_study(study, open_store(f"{server.url}/studies", tmp_path / "other"), n_threads=1, watcher=log)
    assert 0 < len(log.labels) < len(run.plan.nodes)
    assert n_done + len(log.labels) == len(digests(open_store(f"{server.url}/studies", tmp_path / "look")))


def test_the_command_line_takes_a_url(short_study_path: Path, tmp_path: Path, server: ObjectServer) -> None:
    """With worker processes, which find the store by themselves."""
    environment = os.environ | {"WAYSTAGE_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "waystage", "run", str(short_study_path), "--threads", "1", "--workers", "2"]
    done = subprocess.run(
        [*command, "--store", f"{server.url}/studies"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    ids = {info.id for info in open_store(f"{server.url}/studies", tmp_path / "look").artefacts()}
    assert {node["id"] for node in record["plan"]["nodes"]} <= ids
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "out", "study"]
