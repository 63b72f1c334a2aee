from __future__ import annotations

import errno
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from waystage.errors import StoreError
from waystage.store.artefact import DamagedArtefactError, MissingArtefactError
from waystage.store.store import Store

SPEC = {"kind": "scores", "number": 1}
FILES = {"scores.json": b'{"n": 1}', "head/weights.safetensors": b"\x00\x01\x02", "empty.txt": b""}
ALL_FILES = ["manifest.json", "scores.json", "head/weights.safetensors"]
Put = Callable[..., str]


def folders(store: Store, name: str) -> list[Path]:
    return sorted((store.root / name).glob("*"))


def test_what_is_written_is_read(store: Store, put: Put) -> None:
    artefact_id = put(1, files=FILES)
    artefact = store.open(artefact_id)
    assert {name: artefact.path(name).read_bytes() for name in artefact.manifest.files} == FILES
    assert artefact.read_json("scores.json") == {"n": 1}
    assert artefact.manifest.kind == "scores"
    assert store.has(artefact_id)
    assert folders(store, "tmp") == []
    with pytest.raises(StoreError, match=r"did you mean 'scores\.json'"):
        artefact.path("score.json")


def test_looking_writes_nothing(store: Store) -> None:
    artefact_id = store.artefact_id(SPEC)
    assert not store.has(artefact_id)
    assert list(store.artefacts()) == store.verify_all() == []
    assert store.roots() == {}
    with pytest.raises(MissingArtefactError, match=artefact_id):
        store.open(artefact_id)
    assert not store.root.exists()


def test_about_does_not_count_for_identity(tmp_path: Path) -> None:
    manifests = []
    for name, seconds in [("a", 1.0), ("b", 2.0)]:
        store = Store(tmp_path / name)
        with store.write(SPEC) as draft:
            (draft.dir / "scores.json").write_bytes(b"{}")
            draft.about["seconds"] = seconds
        artefact = store.open(draft.id)
        assert artefact.about["seconds"] == seconds
        assert artefact.about["created_at"].endswith("+00:00")
        manifests.append((artefact.directory / "manifest.json").read_bytes())
        (artefact.directory / "about.json").unlink()
        assert store.open(draft.id).about == {}
    assert manifests[0] == manifests[1]


@pytest.mark.parametrize("spec", [{}, {"kind": ""}, {"kind": "x", "parents": ["abc"]}, {"kind": "x", "parents": "0"}])
def test_a_bad_spec_is_refused(store: Store, spec: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="spec"), store.write(spec):
        pytest.fail("no draft of a bad spec")
    assert not store.root.exists()


@pytest.mark.parametrize("bad", ["", "..", "abc", "A" * 64, "../" + "0" * 61, "0" * 64 + "\n"])
def test_a_bad_id_is_refused(store: Store, bad: str) -> None:
    for call in [store.has, store.open, store.work_dir, store.clear_work, store.quarantine, store.lock]:
        with pytest.raises(StoreError, match="64 hex digits"):
            call(bad)


def test_an_error_in_the_block_leaves_nothing(store: Store) -> None:
    def write_and_fail() -> None:
        with store.write(SPEC) as draft:
            (draft.dir / "scores.json").write_bytes(b"{}")
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        write_and_fail()
    assert not store.has(store.artefact_id(SPEC))
    assert folders(store, "tmp") == folders(store, "objects") == []


def test_a_full_disk_is_a_store_error_and_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(fail_in_block: bool) -> None:
        with store.write(SPEC) as draft:
            (draft.dir / "scores.json").write_bytes(b"{}")
            if fail_in_block:
                raise OSError(errno.ENOSPC, "No space left on device")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreError, match="No space left"):
        write(fail_in_block=True)
    with monkeypatch.context() as patch:
        patch.setattr("waystage.store.files.os.fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            write(fail_in_block=False)
    assert folders(store, "tmp") == folders(store, "objects") == []
    write(fail_in_block=False)
    assert store.has(store.artefact_id(SPEC))


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file")
    for call in [
        lambda: store.write(SPEC).__enter__(),
        lambda: store.add_root("demo", []),
        lambda: store.work_dir("0" * 64),
        lambda: store.memo("digests").put("a", 1),
        lambda: store.lock("0" * 64).__enter__(),
    ]:
        with pytest.raises(StoreError, match="cannot be written"):
            call()


def test_errors_of_the_caller_stay_as_they_are(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), store.write(SPEC):
        (tmp_path / "elsewhere").read_bytes()


def test_the_second_of_two_drafts_is_dropped(store: Store) -> None:
    with store.write(SPEC) as first, store.write(SPEC) as second:
        (first.dir / "scores.json").write_bytes(b"1")
        (second.dir / "scores.json").write_bytes(b"2")
    assert store.open(first.id).read_json("scores.json") == 2
    assert folders(store, "tmp") == folders(store, "damaged") == []


@pytest.mark.parametrize("name", ["weights.pkl", "weights.bin", "a.npz", "noext", ".hidden.json", "a b.json", "é.json"])
def test_names_and_formats_that_are_not_accepted(store: Store, name: str) -> None:
    def write() -> None:
        with store.write(SPEC) as draft:
            (draft.dir / name).write_bytes(pickle.dumps({}))

    with pytest.raises(StoreError, match=r"not accepted|not a plain"):
        write()
    assert folders(store, "tmp") == folders(store, "objects") == []


@pytest.mark.parametrize("target", ["/etc/hostname", "scores.json", "/etc", "missing"])
def test_links_are_refused(store: Store, target: str) -> None:
    def write() -> None:
        with store.write(SPEC) as draft:
            (draft.dir / "scores.json").write_bytes(b"{}")
            (draft.dir / "link.json").symlink_to(target)

    with pytest.raises(StoreError, match="a link or special file"):
        write()
    assert folders(store, "objects") == []


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def replace_by_link(path: Path) -> None:
    path.rename(path.parent / "other.txt")
    path.symlink_to("other.txt")


@pytest.mark.parametrize("name", ALL_FILES)
@pytest.mark.parametrize("damage", [flip, truncate, Path.unlink, replace_by_link])
def test_damage_is_seen_and_can_be_mended(store: Store, put: Put, name: str, damage: Callable[[Path], None]) -> None:
    artefact_id = put(1, files=FILES)
    path = store.open(artefact_id).directory / name
    damage(path)
    with pytest.raises(DamagedArtefactError) as caught:
        store.open(artefact_id)
    assert any(Path(problem.file) == path for problem in caught.value.problems)
    assert [damage.id for damage in store.verify_all()] == [artefact_id]
    if damage is not flip:
        assert not store.has(artefact_id)

    aside = store.quarantine(artefact_id)
    assert aside is not None
    assert aside.is_dir()
    assert not store.has(artefact_id)
    assert put(1, files=FILES) == artefact_id
    assert store.open(artefact_id).read_json("scores.json") == {"n": 1}
    assert store.verify_all() == []


def test_every_byte_of_a_manifest_counts(store: Store, put: Put) -> None:
    artefact_id = put(1)
    path = store.open(artefact_id).directory / "manifest.json"
    content = path.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(DamagedArtefactError):
            store.open(artefact_id, verify=False)


def test_a_planted_file_is_seen(store: Store, put: Put) -> None:
    artefact_id = put(1)
    for name in ["planted.pkl", "planted.json"]:
        planted = store.open(artefact_id).directory / name
        planted.write_bytes(pickle.dumps({}))
        with pytest.raises(DamagedArtefactError, match=name):
            store.open(artefact_id)
        planted.unlink()


def test_an_artefact_under_another_id_is_seen(store: Store, put: Put) -> None:
    first, second = put(1), put(2)
    place = store.open(first).directory
    shutil.rmtree(place)
    shutil.copytree(store.open(second).directory, place)
    with pytest.raises(DamagedArtefactError, match="the manifest of"):
        store.open(first)


def test_writing_over_a_damaged_artefact_sets_it_aside(store: Store, put: Put) -> None:
    artefact_id = put(1)
    (store.open(artefact_id).directory / "scores.json").unlink()
    put(1)
    assert store.open(artefact_id).read_json("scores.json") == {"n": 1}
    assert len(folders(store, "damaged")) == 1


def test_nothing_to_quarantine(store: Store) -> None:
    assert store.quarantine("0" * 64) is None


def test_listing_passes_over_damage(store: Store, put: Put) -> None:
    good, bad = put(1), put(2)
    (store.open(bad).directory / "manifest.json").write_bytes(b"{}")
    (info,) = store.artefacts()
    assert (info.id, info.kind, info.n_bytes) == (good, "scores", len(b'{"n": 1}'))
    assert info.created_at is not None


def test_work_of_a_stage_stays_until_it_is_cleared(store: Store) -> None:
    artefact_id = store.artefact_id(SPEC)
    (store.work_dir(artefact_id) / "step-10.safetensors").write_bytes(b"x")
    assert (store.work_dir(artefact_id) / "step-10.safetensors").exists()
    store.clear_work(artefact_id)
    store.clear_work(artefact_id)
    assert list(store.work_dir(artefact_id).iterdir()) == []


def test_a_memo_remembers_and_forgets_what_was_changed(store: Store) -> None:
    memo = store.memo("digests")
    assert memo.get("a/b") is None
    memo.put("a/b", {"sha256": "00"})
    memo.put("a/b", {"sha256": "11", "n": [1, 2.5]})
    assert store.memo("digests").get("a/b") == {"sha256": "11", "n": [1, 2.5]}
    assert store.memo("other").get("a/b") is None
    (path,) = (store.root / "memo").rglob("*.json")
    content = path.read_bytes()
    for changed in [b"", b"[]", b"null", content[:-3], content.replace(b"11", b"12")]:
        path.write_bytes(changed)
        assert memo.get("a/b") is None
    memo.put("a/b", 1)
    assert memo.get("a/b") == 1


@pytest.mark.parametrize("name", ["", "..", "a/b", "/a", ".a"])
def test_a_memo_has_a_plain_name(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="plain name"):
        store.memo(name)


def test_a_memo_refuses_none(store: Store) -> None:
    with pytest.raises(ValueError, match="None"):
        store.memo("digests").put("a", None)
