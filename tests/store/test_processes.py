"""What several processes do to one store at once, and what a killed one leaves."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import pytest

from waystage.store.layout import LockedError
from waystage.store.store import Store

Put = Callable[..., str]
CONTEXT = multiprocessing.get_context("spawn")
N_ROUNDS = 20


def _write_all_rounds(root: Path, start: Barrier, content: bytes) -> None:
    store = Store(root)
    for number in range(N_ROUNDS):
        start.wait(30)
        with store.write({"kind": "scores", "number": number}) as draft:
            (draft.dir / "first.txt").write_bytes(content)
            (draft.dir / "second.txt").write_bytes(content)


def test_two_writers_of_the_same_artefacts(store: Store) -> None:
    start = CONTEXT.Barrier(2)
    contents = [b"a" * 10_000, b"b" * 20_000]
    writers = [CONTEXT.Process(target=_write_all_rounds, args=(store.root, start, content)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    infos = list(store.artefacts())
    assert len(infos) == N_ROUNDS
    for info in infos:
        artefact = store.open(info.id)
        found = [artefact.path(name).read_bytes() for name in ("first.txt", "second.txt")]
        assert found in [[content] * 2 for content in contents]
    assert list((store.root / "tmp").iterdir()) == []
    assert not (store.root / "damaged").exists()


def _compute_under_lock(root: Path, start: Barrier, log: Path) -> None:
    store = Store(root)
    for number in range(N_ROUNDS):
        spec = {"kind": "scores", "number": number}
        start.wait(30)
        with store.lock(store.artefact_id(spec)):
            if store.has(store.artefact_id(spec)):
                continue
            with log.open("a") as stream:
                stream.write(f"{number}\n")
            with store.write(spec) as draft:
                (draft.dir / "scores.json").write_bytes(b"{}")


def test_under_the_lock_each_artefact_is_computed_once(store: Store, tmp_path: Path) -> None:
    start = CONTEXT.Barrier(2)
    log = tmp_path / "log.txt"
    workers = [CONTEXT.Process(target=_compute_under_lock, args=(store.root, start, log)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert sorted(map(int, log.read_text().split())) == list(range(N_ROUNDS))


WRITER = """
import sys, time
from pathlib import Path
from waystage.store.store import Store
store = Store(Path(sys.argv[1]))
spec = {"kind": "scores", "number": 1}
with store.lock(store.artefact_id(spec)), store.write(spec) as draft:
    (draft.dir / "weights.safetensors").write_bytes(b"x" * 1000)
    print("writing", flush=True)
    time.sleep(60)
"""


def test_a_killed_writer_leaves_nothing_visible_and_no_lock(store: Store, put: Put) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(store.root)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    artefact_id = store.artefact_id({"kind": "scores", "number": 1})
    with pytest.raises(LockedError), store.lock(artefact_id, timeout=0):
        pytest.fail("the writer holds the lock")
    assert store.gc().drafts == ()

    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert not store.has(artefact_id)
    assert list(store.artefacts()) == store.verify_all() == []
    with store.lock(artefact_id, timeout=5):
        pass
    assert len(store.gc(dry_run=True).drafts) == 1
    report = store.gc()
    assert len(report.drafts) == 1
    assert report.n_bytes == 1000
    assert list((store.root / "tmp").iterdir()) == []
    put(1)


def _hold(root: Path, artefact_id: str, held: Event, release: Event) -> None:
    with Store(root).lock(artefact_id):
        held.set()
        release.wait(30)


def test_a_waiting_process_is_told_once_and_goes_on(store: Store) -> None:
    artefact_id = "0" * 64
    held, release = CONTEXT.Event(), CONTEXT.Event()
    holder = CONTEXT.Process(target=_hold, args=(store.root, artefact_id, held, release))
    holder.start()
    assert held.wait(30)
    with (
        pytest.raises(LockedError, match=r"another process .* 0\.2 seconds"),
        store.lock(artefact_id, timeout=0.2),
    ):
        pytest.fail("the lock is held")
    told: list[float] = []

    def on_wait() -> None:
        told.append(time.monotonic())
        release.set()

    with store.lock(artefact_id, timeout=30, on_wait=on_wait):
        assert len(told) == 1
    holder.join(30)
    assert holder.exitcode == 0


def test_a_new_root_waits_for_a_collection_under_way(store: Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    artefact_id = put(1)
    added = threading.Event()

    def add() -> None:
        Store(store.root).add_root("demo", [artefact_id])
        added.set()

    from waystage.store import store as module

    collect = module.collect

    def slow_collect(*args: object, **options: object) -> object:
        thread.start()
        assert not added.wait(0.3)
        return collect(*args, **options)  # type: ignore[arg-type]

    thread = threading.Thread(target=add)
    monkeypatch.setattr(module, "collect", slow_collect)
    assert store.gc().artefacts == (artefact_id,)
    thread.join(10)
    assert added.is_set()
