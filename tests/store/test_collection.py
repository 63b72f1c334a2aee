from __future__ import annotations

from collections.abc import Callable

import pytest

from waystage.errors import StoreError
from waystage.store.artefact import DamagedArtefactError
from waystage.store.roots import root_file_name
from waystage.store.store import Store

Put = Callable[..., str]


def ids(store: Store) -> set[str]:
    return {info.id for info in store.artefacts()}


def test_roots_keep_what_they_were_made_from(store: Store, put: Put) -> None:
    encoder = put(1)
    checkpoint = put(2, encoder)
    scores = put(3, checkpoint)
    sibling = put(4, encoder)
    loner = put(5)
    store.add_root("demo", [scores])

    planned = store.gc(dry_run=True)
    assert set(planned.artefacts) == {sibling, loner}
    assert ids(store) == {encoder, checkpoint, scores, sibling, loner}

    done = store.gc(keep={loner})
    assert done.artefacts == (sibling,)
    assert done.n_bytes > 0
    assert ids(store) == {encoder, checkpoint, scores, loner}
    assert store.verify_all() == []
    assert list((store.root / "tmp").iterdir()) == []

    store.remove_root("demo")
    store.remove_root("demo")
    assert len(store.gc().artefacts) == 4
    assert ids(store) == set()


def test_a_root_may_name_what_is_not_computed_yet(store: Store, put: Put) -> None:
    put(1)
    later = store.artefact_id({"kind": "scores", "number": 2})
    work = store.work_dir(later)
    other = store.work_dir("0" * 64)
    store.add_root("demo", [later])
    assert store.gc().work == ("0" * 64,)
    assert work.exists()
    assert not other.exists()


def test_a_root_is_replaced_by_its_name(store: Store, put: Put) -> None:
    first, second = put(1), put(2)
    store.add_root("demo", [first])
    store.add_root("demo", [second])
    assert store.roots() == {"demo": (second,)}


def test_names_of_roots_stay_apart(store: Store) -> None:
    names = ["demo", "Demo", "demo!", "../demo", "démo", "", "..", "a" * 300]
    for name in names:
        store.add_root(name, [])
    assert set(store.roots()) == set(names)
    files = [root_file_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert {path.name for path in (store.root / "roots").iterdir()} == set(files)


def test_what_is_locked_is_spared(store: Store, put: Put) -> None:
    locked, free = put(1), put(2)
    work = store.work_dir(locked)
    with store.lock(locked):
        report = store.gc()
    assert report.artefacts == (free,)
    assert report.locked == (locked,)
    assert ids(store) == {locked}
    assert work.exists()


def test_a_draft_whose_writer_lives_is_spared(store: Store) -> None:
    with store.write({"kind": "scores"}) as draft:
        (draft.dir / "scores.json").write_bytes(b"{}")
        assert store.gc().drafts == ()
    assert store.open(draft.id)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": "demo", "ids": ["x"]}', b'{"name": "demo"}'])
def test_an_unreadable_root_stops_collection(store: Store, put: Put, content: bytes) -> None:
    artefact_id = put(1)
    store.add_root("demo", [artefact_id])
    (store.root / "roots" / "demo.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"demo\.json"):
        store.gc()
    assert ids(store) == {artefact_id}


def test_damage_on_the_way_to_a_parent_stops_collection(store: Store, put: Put) -> None:
    parent = put(1)
    child = put(2, parent)
    store.add_root("demo", [child])
    (store.open(child).directory / "manifest.json").write_bytes(b"{}")
    with pytest.raises(DamagedArtefactError, match=child):
        store.gc()
    assert ids(store) == {parent}


def test_damaged_and_foreign_things_that_nothing_keeps_go(store: Store, put: Put) -> None:
    directory = store.open(put(1)).directory
    (directory / "manifest.json").unlink()
    (directory.parent / ".DS_Store").write_text("")
    (directory.parent / "link").symlink_to("/nowhere")
    assert len(store.gc().artefacts) == 3
    assert list((store.root / "objects").glob("*/*")) == []
