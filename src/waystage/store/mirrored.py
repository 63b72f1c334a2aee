"""A store on an object store: a folder on this machine that sends what it makes and fetches what it lacks.

Keys below the URL::

    manifests/<id>.json     written last, and only where there is none: with it, the artefact is there
    files/<id>/<sha256>     the files of the artefact, by their digest
    about/<id>.json
    roots/<name>.json
    damaged/<id>            manifests of artefacts whose files turned out to be changed

There are no locks on the other side. None are needed: a file's key is its digest, so sending it twice is harmless, and
of two machines that made the same artefact the first manifest counts; the second machine drops its own where the bytes
differ. Two machines may do the same stage at once, which costs time and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from waystage.errors import Problem, StoreError
from waystage.store.artefact import (
    Artefact,
    ArtefactInfo,
    Damage,
    DamagedArtefactError,
    FileEntry,
    Manifest,
    MissingArtefactError,
    about_of,
    check_id,
)
from waystage.store.canonical import canonical_json, digest_file
from waystage.store.collection import GcReport, closure, discard
from waystage.store.files import writing
from waystage.store.remote import Remote
from waystage.store.roots import RootsByName, parse_root, root_content, root_file_name
from waystage.store.store import Store

_LISTING_SECONDS = 5.0
"""What is there is asked anew after so long. Acting on an old answer costs time, never correctness."""

_ABANDONED_SECONDS = 24 * 3600.0
"""Files without a manifest may belong to an artefact that is being sent; after so long, they do not."""


class MirroredStore(Store):
    """The artefacts below a URL, with a folder that holds copies and unfinished work.

    Several processes of one machine share the folder and its locks; several machines share the URL.
    """

    def __init__(self, remote: Remote, cache_dir: Path) -> None:
        super().__init__(cache_dir)
        self._remote = remote
        self._ids: frozenset[str] = frozenset()
        self._listed_at: float | None = None

    @property
    def location(self) -> str:
        """The URL."""
        return self._remote.url

    def has(self, artefact_id: str) -> bool:
        """Whether the artefact is here or there."""
        return super().has(artefact_id) or artefact_id in self._listed()

    def open(self, artefact_id: str, *, verify: bool = True) -> Artefact:
        """The artefact, fetched first where the folder lacks it; every digest is checked when it is fetched.

        Raises:
            MissingArtefactError: it is neither here nor there.
            DamagedArtefactError: one problem a damaged file, here or there.
        """
        try:
            return super().open(artefact_id, verify=verify)
        except MissingArtefactError:
            self._fetch(artefact_id)
        return super().open(artefact_id, verify=False)

    def quarantine(self, artefact_id: str) -> Path | None:
        """Moves a damaged copy aside. Where the copy is sound or missing, what is there is damaged, and makes room."""
        aside, is_sound = None, False
        try:
            super().open(artefact_id)
            is_sound = True
        except DamagedArtefactError:
            aside = super().quarantine(artefact_id)
        except MissingArtefactError:
            pass
        if aside is None and (content := self._remote.read(_manifest_key(artefact_id))) is not None:
            self._remote.write(f"damaged/{artefact_id}", content)
            self._remove(artefact_id)
        if is_sound:
            self._published(artefact_id)
        self._listed_at = None
        return aside

    def add_root(self, name: str, ids: Iterable[str]) -> None:
        """As :meth:`Store.add_root`; sends what is here and not there, as an earlier run may have left it."""
        known = list(ids)
        super().add_root(name, known)
        self._remote.write(f"roots/{root_file_name(name)}", root_content(name, known))
        there = self._listed()
        for artefact_id in sorted(closure(self._layout, known) - there):
            if super().has(artefact_id):
                self._published(artefact_id)

    def remove_root(self, name: str) -> None:
        """As :meth:`Store.remove_root`, here and there."""
        super().remove_root(name)
        self._remote.remove(f"roots/{root_file_name(name)}")

    def roots(self) -> RootsByName:
        """The roots of all machines."""
        found = super().roots()
        for file_name, content in self._remote.read_all("roots"):
            name, ids = parse_root(content, self._remote.at(f"roots/{file_name}"))
            found[name] = tuple(sorted({*found.get(name, ()), *ids}))
        return found

    def artefacts(self) -> Iterator[ArtefactInfo]:
        """All artefacts there with a readable manifest, by id."""
        abouts = dict(self._remote.read_all("about"))
        for name, content in self._remote.read_all("manifests"):
            try:
                manifest = Manifest.from_bytes(content)
            except ValueError:
                continue
            created_at = about_of(abouts.get(name, b"")).get("created_at")
            is_known = isinstance(created_at, str)
            yield ArtefactInfo(manifest.id, manifest.kind, manifest.n_bytes, created_at if is_known else None)

    def verify_all(self) -> list[Damage]:
        """Reads every byte, here and there; one entry for each damaged artefact."""
        damages = super().verify_all()
        for name, _ in self._remote.read_all("manifests"):
            artefact_id = name.removesuffix(".json")
            try:
                problems = self._damage(self._manifest(artefact_id))
            except MissingArtefactError:
                continue
            except StoreError as error:
                problems = list(error.problems)
            if problems:
                damages.append(Damage(artefact_id, tuple(problems)))
        return damages

    def gc(self, keep: Iterable[str] = (), *, dry_run: bool = False) -> GcReport:
        """As :meth:`Store.gc`, here and there. Run it while no study begins."""
        wanted = [check_id(i) for i in keep]
        kept = self._closure([*wanted, *(i for ids in self.roots().values() for i in ids)])
        here = super().gc(wanted, dry_run=dry_run)
        sizes = self._remote.names("files")
        owners: dict[str, int] = {}
        for name, n_bytes in sizes.items():
            owners[name.partition("/")[0]] = owners.get(name.partition("/")[0], 0) + n_bytes
        there = self._listed(anew=True)
        removed = [
            i for i in sorted(there | owners.keys()) if i not in kept and (i in there or self._is_abandoned(i, sizes))
        ]
        if not dry_run:
            for artefact_id in removed:
                self._remove(artefact_id)
            self._listed_at = None
        n_bytes = here.n_bytes + sum(owners.get(i, 0) for i in removed)
        artefacts = tuple(sorted({*here.artefacts, *removed}))
        return GcReport(artefacts, here.work, here.drafts, here.locked, n_bytes, dry_run)

    def _published(self, artefact_id: str) -> None:
        """Send an artefact: its files, and the manifest last. Where another machine was first, its bytes count."""
        artefact = Artefact.load(self._object_dir(artefact_id), verify=False)
        manifest = artefact.manifest
        if manifest.is_cache:
            return
        for name, entry in manifest.files.items():
            self._remote.upload(artefact.path(name), _file_key(artefact_id, entry))
        self._remote.write(_about_key(artefact_id), canonical_json(artefact.about) + b"\n")
        while not self._remote.create(_manifest_key(artefact_id), manifest.to_bytes()):
            try:
                theirs = self._manifest(artefact_id)
            except DamagedArtefactError:
                self._remote.remove(_manifest_key(artefact_id))
                continue
            if theirs.content_digest != manifest.content_digest:
                discard(self._layout, artefact.directory)
            break
        self._ids |= {artefact_id}

    def _fetch(self, artefact_id: str) -> None:
        """A copy of an artefact, with every digest checked.

        Raises:
            MissingArtefactError: it is not there.
            DamagedArtefactError: one problem a file that is missing or changed.
        """
        manifest = self._manifest(artefact_id)
        with self._drafting(artefact_id) as directory:
            problems = [
                problem
                for name, entry in manifest.files.items()
                if (problem := self._fetch_file(artefact_id, entry, directory / name))
            ]
            if problems:
                raise DamagedArtefactError(problems)
            about = self._remote.read(_about_key(artefact_id)) or b""
            self._place(directory, manifest, canonical_json(about_of(about)) + b"\n")

    def _fetch_file(self, artefact_id: str, entry: FileEntry, path: Path) -> Problem | None:
        key = _file_key(artefact_id, entry)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._remote.download(key, path)
            with writing(path):
                found = digest_file(path), path.stat().st_size
        except FileNotFoundError:
            return Problem(self._remote.at(key), None, None, "missing", f"a file of {entry.n_bytes} bytes")
        return self._difference(key, found, entry)

    def _difference(self, key: str, found: tuple[str, int], entry: FileEntry) -> Problem | None:
        if found == (entry.sha256, entry.n_bytes):
            return None
        sha256, n_bytes = found
        expected = f"{entry.n_bytes} bytes with SHA-256 {entry.sha256}"
        return Problem(self._remote.at(key), None, None, f"{n_bytes} bytes with SHA-256 {sha256}", expected)

    def _damage(self, manifest: Manifest) -> list[Problem]:
        """Problems of the files of an artefact there, read without keeping them."""
        problems = []
        for entry in manifest.files.values():
            key = _file_key(manifest.id, entry)
            try:
                problem = self._difference(key, self._remote.digest(key), entry)
            except FileNotFoundError:
                problem = Problem(self._remote.at(key), None, None, "missing", f"a file of {entry.n_bytes} bytes")
            problems += [problem] if problem else []
        return problems

    def _manifest(self, artefact_id: str) -> Manifest:
        key = _manifest_key(check_id(artefact_id))
        content = self._remote.read(key)
        if content is None:
            problem = Problem(self._remote.at(key), None, None, "no such artefact", "an artefact that was written")
            raise MissingArtefactError(problem)
        try:
            manifest = Manifest.from_bytes(content)
        except ValueError as error:
            found = f"unreadable: {error}"
            problem = Problem(self._remote.at(key), None, None, found, "the manifest as it was written")
            raise DamagedArtefactError(problem) from None
        if manifest.id != artefact_id:
            problem = Problem(
                self._remote.at(key), None, None, f"the manifest of {manifest.id}", f"that of {artefact_id}"
            )
            raise DamagedArtefactError(problem)
        return manifest

    def _closure(self, ids: Iterable[str]) -> set[str]:
        """``ids`` and all that they were made from, by the manifests there.

        Raises:
            DamagedArtefactError: a manifest on the way is unreadable.
        """
        kept: set[str] = set()
        waiting = list(ids)
        there = self._listed()
        while waiting:
            artefact_id = waiting.pop()
            if artefact_id not in kept and artefact_id in there:
                waiting.extend(self._manifest(artefact_id).parents)
            kept.add(artefact_id)
        return kept

    def _is_abandoned(self, artefact_id: str, sizes: Iterable[str]) -> bool:
        keys = [f"files/{name}" for name in sizes if name.startswith(f"{artefact_id}/")]
        return all(self._remote.is_older(key, _ABANDONED_SECONDS) for key in keys)

    def _remove(self, artefact_id: str) -> None:
        """The manifest goes first: from then on the artefact is not there."""
        self._remote.remove(_manifest_key(artefact_id))
        for name in self._remote.names(f"files/{artefact_id}"):
            self._remote.remove(f"files/{artefact_id}/{name}")
        self._remote.remove(_about_key(artefact_id))

    def _listed(self, *, anew: bool = False) -> frozenset[str]:
        """The ids of the artefacts there, as of a moment ago."""
        now = time.monotonic()
        if anew or self._listed_at is None or now - self._listed_at > _LISTING_SECONDS:
            self._ids = frozenset(name.removesuffix(".json") for name in self._remote.names("manifests"))
            self._listed_at = now
        return self._ids


def _manifest_key(artefact_id: str) -> str:
    return f"manifests/{artefact_id}.json"


def _about_key(artefact_id: str) -> str:
    return f"about/{artefact_id}.json"


def _file_key(artefact_id: str, entry: FileEntry) -> str:
    return f"files/{artefact_id}/{entry.sha256}"
