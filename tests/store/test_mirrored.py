"""A store on an object store: the same artefacts as in a folder, whatever the network and other machines do."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fixtures.object_store import SERVERS, ObjectServer
from waystage.errors import StoreError
from waystage.store import mirrored, remote
from waystage.store.artefact import DamagedArtefactError, MissingArtefactError
from waystage.store.mirrored import MirroredStore
from waystage.store.opening import open_store
from waystage.store.remote import Remote
from waystage.store.store import Store

SPEC = {"kind": "scores", "number": 1}
FILES = {"scores.json": b'{"n":1}', "part/rows.jsonl": b"{}\n" * 1000}


@pytest.fixture(scope="module", params=SERVERS)
def running(request: pytest.FixtureRequest) -> Iterator[ObjectServer]:
    server = SERVERS[request.param]()
    yield server
    server.stop()


@pytest.fixture
def server(running: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> ObjectServer:
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    if running.url.startswith("gs:"):
        # gcsfs tries again by itself, for half a minute.
        import gcsfs.retry

        monkeypatch.setattr(gcsfs.retry, "asyncio", SimpleNamespace(sleep=lambda _: asyncio.sleep(0.02)))
    running.clear()
    return running


@pytest.fixture
def machine(server: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Store]:
    """Opens the same store from a machine with a folder of its own."""
    monkeypatch.setattr(mirrored, "_LISTING_SECONDS", 0.0)
    monkeypatch.setattr(remote, "_FIRST_WAIT_SECONDS", 0.05)
    return lambda name: open_store(f"{server.url}/some/prefix", tmp_path / name)


def write(store: Store, files: dict[str, bytes] = FILES, **spec: Any) -> str:
    whole = SPEC | spec
    with store.write(whole) as draft:
        for name, content in files.items():
            path = draft.dir / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        draft.about["seconds"] = 1.5
    return store.artefact_id(whole)


def test_what_one_machine_writes_another_one_reads(machine: Callable[[str], Store], tmp_path: Path) -> None:
    one, other, alone = machine("one"), machine("other"), Store(tmp_path / "alone")
    artefact_id = write(one)
    assert other.has(artefact_id)
    fetched, written = other.open(artefact_id), alone.open(write(alone))
    assert fetched.manifest == written.manifest
    assert {name: fetched.path(name).read_bytes() for name in fetched.manifest.files} == FILES
    assert fetched.about["seconds"] == 1.5
    assert [(info.id, info.created_at) for info in other.artefacts()] == [(artefact_id, fetched.about["created_at"])]
    assert other.verify_all() == one.verify_all() == []


def test_a_store_can_be_sent_to_another_process(machine: Callable[[str], Store]) -> None:
    one = machine("one")
    artefact_id = write(one)
    assert pickle.loads(pickle.dumps(one)).open(artefact_id).id == artefact_id  # noqa: S301


def test_what_is_nowhere_is_missing(machine: Callable[[str], Store]) -> None:
    assert not machine("one").has("0" * 64)
    with pytest.raises(MissingArtefactError, match="no such artefact"):
        machine("one").open("0" * 64)


def test_of_two_machines_with_other_bytes_the_first_one_counts(machine: Callable[[str], Store]) -> None:
    one, other = machine("one"), machine("other")
    with other.write(SPEC) as draft:
        (draft.dir / "scores.json").write_bytes(b"2")
        write(one, {"scores.json": b"1"})
    assert one.open(draft.id).read_json("scores.json") == 1
    assert other.open(draft.id).read_json("scores.json") == 1
    assert machine("third").verify_all() == []


def flip(server: ObjectServer, key: str) -> None:
    content = bytearray(server.read(key))
    content[len(content) // 2] ^= 1
    server.put(key, bytes(content))


def truncate(server: ObjectServer, key: str) -> None:
    server.put(key, server.read(key)[:-1])


def delete(server: ObjectServer, key: str) -> None:
    server.delete(key)


@pytest.mark.parametrize("damage", [flip, truncate, delete])
@pytest.mark.parametrize("what", ["files", "manifests"])
def test_damage_there_is_named_and_made_again(
    machine: Callable[[str], Store], server: ObjectServer, what: str, damage: Callable[[ObjectServer, str], None]
) -> None:
    artefact_id = write(machine("one"))
    key = server.keys(f"some/prefix/{what}/")[0]
    damage(server, key)
    other = machine("other")
    if what == "manifests" and damage is delete:
        assert not other.has(artefact_id)
    else:
        assert [Path(str(d.problems[0].file)).name for d in other.verify_all()] == [Path(key).name]
        with pytest.raises(DamagedArtefactError, match=Path(key).name):
            other.open(artefact_id)
        other.quarantine(artefact_id)
        assert not other.has(artefact_id)
    write(other)
    third = machine("third")
    assert third.open(artefact_id).read_json("scores.json") == {"n": 1}
    assert third.verify_all() == []


def test_a_damaged_copy_is_fetched_again(machine: Callable[[str], Store]) -> None:
    one = machine("one")
    artefact_id = write(one)
    one.open(artefact_id).path("scores.json").write_bytes(b'{"n":2}')
    with pytest.raises(DamagedArtefactError):
        one.open(artefact_id)
    one.quarantine(artefact_id)
    assert one.open(artefact_id).read_json("scores.json") == {"n": 1}


def test_an_absence_of_the_network_is_waited_for(
    machine: Callable[[str], Store], server: ObjectServer, caplog: pytest.LogCaptureFixture
) -> None:
    one = machine("one")
    first = write(one)
    server.stop()
    threading.Timer(1.5, server.start).start()
    second = write(one, number=2)
    assert "trying again" in caplog.text
    assert "Traceback" not in caplog.text
    other = machine("other")
    assert other.has(first)
    assert other.open(second).read_json("scores.json") == {"n": 1}


def test_what_could_not_be_sent_is_sent_by_the_next_run(
    machine: Callable[[str], Store], server: ObjectServer, tmp_path: Path
) -> None:
    write(machine("one"), number=0)
    hasty = MirroredStore(Remote(f"{server.url}/some/prefix", patience_seconds=0.1), tmp_path / "hasty")
    server.stop()
    try:
        started = time.monotonic()
        with pytest.raises(StoreError, match="no answer for"):
            write(hasty)
        assert time.monotonic() - started < 60
    finally:
        server.start()
    artefact_id = hasty.artefact_id(SPEC)
    assert not machine("other").has(artefact_id)
    hasty.add_root("demo", [artefact_id])
    assert machine("other").open(artefact_id).read_json("scores.json") == {"n": 1}
    assert machine("other").roots() == {"demo": (artefact_id,)}


def test_collection_spares_what_any_machine_needs(
    machine: Callable[[str], Store], server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = machine("one"), machine("other")
    parent = write(one)
    child, doomed = write(one, number=2, parents=[parent]), write(other, number=3)
    one.add_root("demo", [child])
    server.put(f"some/prefix/files/{'0' * 64}/{'1' * 64}", b"half sent")
    assert other.gc(dry_run=True).artefacts == (doomed,)
    assert other.gc().artefacts == (doomed,)
    assert [info.id for info in one.artefacts()] == sorted([parent, child])
    monkeypatch.setattr(mirrored, "_ABANDONED_SECONDS", -60.0)
    assert other.gc().artefacts == ("0" * 64,)
    one.remove_root("demo")
    assert set(one.gc().artefacts) == {parent, child}
    assert server.keys() == []


def test_a_missing_bucket_is_named_and_not_made(server: ObjectServer, tmp_path: Path) -> None:
    scheme = server.url.partition("://")[0]
    with pytest.raises(StoreError, match="no-such-bucket"):
        write(open_store(f"{scheme}://no-such-bucket/x", tmp_path / "one"))


def test_what_gcsfs_says_of_a_refusal_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Remote("memory://refused/x")

    def forbid(*_: Any, **__: Any) -> None:
        raise OSError("Forbidden: https://storage.example/b/x\nno permission")

    monkeypatch.setattr(refused._files, "pipe_file", forbid)
    with pytest.raises(StoreError, match="refused: Forbidden"):
        refused.write("a", b"1")


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/x", "s3://bucket/x?token=secret", "s3://[/x"])
def test_a_url_with_credentials_is_refused_without_showing_them(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url, tmp_path)
    assert "secret" not in str(caught.value)


def test_an_unknown_scheme_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nonsense"):
        open_store("nonsense://bucket/x", tmp_path).has("0" * 64)


def test_any_file_system_of_fsspec_will_do(tmp_path: Path) -> None:
    one, other = (open_store("memory://shared/x", tmp_path / name) for name in ("one", "other"))
    artefact_id = write(one)
    assert other.open(artefact_id).read_json("scores.json") == {"n": 1}
    other.add_root("demo", [artefact_id])
    assert one.gc().artefacts == ()
    assert [info.id for info in other.artefacts()] == [artefact_id]


def test_a_planted_pickle_is_refused(machine: Callable[[str], Store], server: ObjectServer) -> None:
    """A manifest that names one is not a manifest, so the bytes are not even fetched."""
    artefact_id = write(machine("one"))
    key = f"some/prefix/manifests/{artefact_id}.json"
    server.put(key, server.read(key).replace(b"scores.json", b"scores.pkl"))
    with pytest.raises(DamagedArtefactError, match=r"the suffix '\.pkl' is not accepted"):
        machine("other").open(artefact_id)
