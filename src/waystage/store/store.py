"""The store: artefacts that are addressed by what they are made from.

An artefact's id is the SHA-256 of the canonical JSON of its spec (kind, version, parameters, parents, data
digests). It appears whole or not at all, is verified when it is opened, and is computed by one process at a
time::

    with store.lock(artefact_id):
        if not store.has(artefact_id):
            with store.write(spec) as draft:
                (draft.dir / "scores.json").write_bytes(...)
    artefact = store.open(artefact_id)
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from waystage.errors import StoreError
from waystage.store.artefact import (
    Artefact,
    ArtefactInfo,
    Damage,
    DamagedArtefactError,
    FileEntry,
    Manifest,
    MissingArtefactError,
    check_id,
    damage_to_files,
    identify,
    read_manifest,
)
from waystage.store.canonical import JsonObject, canonical_json, digest_file
from waystage.store.collection import GcReport, collect, discard
from waystage.store.files import (
    ABOUT_NAME,
    MANIFEST_NAME,
    name_fault,
    random_name,
    remove_tree,
    scan,
    sync,
    sync_tree,
    writing,
)
from waystage.store.layout import Layout, hold
from waystage.store.memo import Memo
from waystage.store.roots import RootsByName, read_roots, root_file_name, write_root

_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True, slots=True)
class Draft:
    """An artefact being written: put files in ``dir``, and what does not identify it in ``about``."""

    id: str
    dir: Path
    about: JsonObject = field(default_factory=dict)


class Store:
    """The artefacts under one folder, which is created when something is first written.

    Any number of processes may use the same folder at once. A store can be sent to another process.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._layout = Layout(self.root)

    @property
    def location(self) -> str:
        """Where the artefacts are, as ``--store`` takes it: a folder, or the URL of a network store."""
        return str(self.root)

    def artefact_id(self, spec: JsonObject) -> str:
        """The id of what is made from ``spec``; see :func:`waystage.store.artefact.identify`."""
        return identify(spec)

    def has(self, artefact_id: str) -> bool:
        """Whether the artefact is there with all its files in their sizes. Cheap: no content is read."""
        directory = self._object_dir(artefact_id)
        try:
            return not damage_to_files(directory, read_manifest(directory), digests=False)
        except (MissingArtefactError, DamagedArtefactError):
            return False

    def open(self, artefact_id: str, *, verify: bool = True) -> Artefact:
        """The artefact, after the size and digest of every file were checked.

        Raises:
            MissingArtefactError: there is none.
            DamagedArtefactError: one problem a damaged file; with ``verify=False``, only the manifest counts.
        """
        return Artefact.load(self._object_dir(artefact_id), verify=verify)

    @contextmanager
    def write(self, spec: JsonObject) -> Iterator[Draft]:
        """A draft of the artefact that ``spec`` identifies; published when the block ends without an error.

        If another process published it meanwhile, the draft is dropped: one spec, one artefact.

        Raises:
            StoreError: the disk is full, nothing may be written, or a file in the draft is refused (a link,
                a name that is not plain, a suffix that is not allowed). Nothing is left behind then.
        """
        artefact_id = identify(spec)
        with self._drafting(artefact_id) as directory:
            draft = Draft(artefact_id, directory)
            with _full_disk_as_store_error(directory):
                yield draft
            self._publish(spec, draft)
        self._published(artefact_id)

    @contextmanager
    def _drafting(self, artefact_id: str) -> Iterator[Path]:
        """A new folder for the files of an artefact, which goes at the end unless it got its place."""
        directory = self._layout.drafts_dir / f"{artefact_id[:16]}-{random_name()}"
        lock_path = self._layout.draft_lock_path(directory)
        # The lock is taken before the folder exists, so a collector that sees the folder and gets the lock
        # knows that its writer is dead.
        with hold(lock_path):
            try:
                with writing(directory):
                    directory.mkdir()
                yield directory
            finally:
                remove_tree(directory)
                lock_path.unlink(missing_ok=True)

    def _publish(self, spec: JsonObject, draft: Draft) -> None:
        paths, problems = scan(draft.dir)
        if problems:
            raise StoreError(problems)
        about = {"created_at": datetime.now(UTC).isoformat(timespec="seconds"), **draft.about}
        with writing(draft.dir):
            entries = {n: FileEntry(digest_file(path), path.stat().st_size) for n, path in paths.items()}
        manifest = Manifest(draft.id, spec, entries)
        self._place(draft.dir, manifest, canonical_json(about) + b"\n")

    def _place(self, directory: Path, manifest: Manifest, about: bytes) -> None:
        """Give a draft folder that holds all files its name in the store."""
        place = self._layout.object_dir(manifest.id)
        with writing(place):
            (directory / MANIFEST_NAME).write_bytes(manifest.to_bytes())
            (directory / ABOUT_NAME).write_bytes(about)
            sync_tree(directory)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.rename(directory, place)
            except OSError:
                if Store.has(self, manifest.id):
                    return
                if not place.exists():
                    raise
                # What is there is damaged, or nobody would be writing this artefact.
                self._set_aside(manifest.id)
                os.rename(directory, place)
            sync(place.parent)

    def _published(self, artefact_id: str) -> None:
        """Called when an artefact that was written here has its place."""

    def quarantine(self, artefact_id: str) -> Path | None:
        """Moves a damaged artefact aside, so that it is computed again. None when there is nothing to move.

        Raises:
            StoreError: it cannot be moved.
        """
        return self._set_aside(artefact_id)

    def _set_aside(self, artefact_id: str) -> Path | None:
        place = self._object_dir(artefact_id)
        aside = self._layout.damaged_dir / f"{artefact_id}-{random_name()}"
        with writing(aside):
            aside.parent.mkdir(parents=True, exist_ok=True)
            try:
                place.rename(aside)
            except FileNotFoundError:
                return None
        return aside

    def artefacts(self) -> Iterator[ArtefactInfo]:
        """All artefacts with a readable manifest, by id; :meth:`verify_all` names the others."""
        for directory in self._layout.object_dirs():
            try:
                artefact = Artefact.load(directory, verify=False)
            except StoreError:
                continue
            created_at = artefact.about.get("created_at")
            yield ArtefactInfo(
                id=artefact.id,
                kind=artefact.manifest.kind,
                n_bytes=artefact.manifest.n_bytes,
                created_at=created_at if isinstance(created_at, str) else None,
            )

    def verify_all(self) -> list[Damage]:
        """Reads every byte of the store; one entry for each damaged artefact."""
        damages: list[Damage] = []
        for directory in self._layout.object_dirs():
            try:
                Artefact.load(directory, verify=True)
            except MissingArtefactError:
                continue
            except StoreError as error:
                damages.append(Damage(directory.name, error.problems))
        return damages

    def lock(
        self,
        artefact_id: str,
        timeout: float | None = None,
        on_wait: Callable[[], None] | None = None,
    ) -> AbstractContextManager[None]:
        """A lock between processes on one artefact; see :func:`waystage.store.layout.hold`. Not reentrant."""
        return hold(self._layout.lock_path(check_id(artefact_id)), timeout, on_wait)

    def work_dir(self, artefact_id: str) -> Path:
        """The folder in which an unfinished stage keeps what it resumes from. Use it under the artefact's
        lock.

        Raises:
            StoreError: it cannot be created.
        """
        path = self._layout.work_dir / check_id(artefact_id)
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        return path

    def clear_work(self, artefact_id: str) -> None:
        """Removes the stage's working folder, if there is one."""
        discard(self._layout, self._layout.work_dir / check_id(artefact_id))

    def add_root(self, name: str, ids: Iterable[str]) -> None:
        """Makes collection spare ``ids`` and all they are made from. The ids need not be computed yet.

        Call it before asking what is done: it waits for a collection that is under way.

        Raises:
            StoreError: a bad id, or the root cannot be written.
        """
        with self._roots_lock():
            write_root(self._layout.roots_dir, name, ids)

    def remove_root(self, name: str) -> None:
        """Ends what :meth:`add_root` began; nothing happens when there is no such root."""
        path = self._layout.roots_dir / root_file_name(name)
        with self._roots_lock(), writing(path):
            path.unlink(missing_ok=True)

    def roots(self) -> RootsByName:
        """All roots, each with the ids that it keeps.

        Raises:
            StoreError: a root is unreadable.
        """
        return read_roots(self._layout.roots_dir)

    def gc(self, keep: Iterable[str] = (), *, dry_run: bool = False) -> GcReport:
        """Removes every artefact that neither ``keep`` nor a root needs, and what dead processes left behind.

        Raises:
            StoreError: a root or a kept artefact is damaged, or something cannot be removed.
        """
        with self._roots_lock():
            kept = {check_id(i) for i in keep}
            kept.update(i for ids in self.roots().values() for i in ids)
            return collect(self._layout, kept, dry_run=dry_run)

    def memo(self, name: str) -> Memo:
        """A small persistent memory, for values that are cheap to lose.

        Raises:
            ValueError: the name is not a plain file name.
        """
        if "/" in name or name_fault(f"{name}.json"):
            raise ValueError(f"{name!r} is not a plain name")
        return Memo(self._layout.memo_dir / name)

    def _object_dir(self, artefact_id: str) -> Path:
        return self._layout.object_dir(check_id(artefact_id))

    def _roots_lock(self) -> AbstractContextManager[None]:
        return hold(self._layout.lock_path("roots"))


@contextmanager
def _full_disk_as_store_error(directory: Path) -> Iterator[None]:
    """The caller's own writes into ``directory`` fail with a StoreError; other errors stay as they are."""
    try:
        yield
    except OSError as error:
        ours = isinstance(error.filename, str | Path) and Path(error.filename).is_relative_to(directory)
        if ours or error.errno in _FULL_DISK:
            with writing(directory):
                raise
        raise
