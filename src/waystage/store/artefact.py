"""A stored artefact: its manifest, the damage that can be found in it, and the files that it gives out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from waystage.errors import Problem, StoreError, nearest_name
from waystage.store.canonical import JsonObject, canonical_json, digest_file, digest_json
from waystage.store.files import ABOUT_NAME, MANIFEST_NAME, name_fault, read_regular, scan

SCHEMA_VERSION = 1

_ID = re.compile(r"[0-9a-f]{64}")
_MANIFEST_KEYS = {"schema_version", "id", "kind", "spec", "files", "content_digest"}


class MissingArtefactError(StoreError):
    """The store has no artefact of that id."""


class DamagedArtefactError(StoreError):
    """An artefact is not what its manifest says; :meth:`Store.quarantine` makes room to compute it again."""


def check_id(artefact_id: str) -> str:
    """``artefact_id``, if it is one.

    Raises:
        StoreError: it is not 64 hex digits in lower case.
    """
    if not _ID.fullmatch(artefact_id):
        found = f"{artefact_id!r} is not an artefact id"
        raise StoreError(Problem("store", None, None, found, "64 hex digits in lower case"))
    return artefact_id


def identify(spec: JsonObject) -> str:
    """The id of what is made from ``spec``: the SHA-256 of its canonical JSON.

    ``spec`` must name its ``kind`` and may name its ``parents``, a list of artefact ids.

    Raises:
        ValueError, TypeError: a spec without kind, with bad parents, or without canonical JSON.
    """
    if not isinstance(spec.get("kind"), str) or not spec["kind"]:
        raise ValueError("a spec names its kind: {'kind': 'checkpoint', ...}")
    parents = spec.get("parents", [])
    if not isinstance(parents, list | tuple) or not all(isinstance(p, str) and _ID.fullmatch(p) for p in parents):
        raise ValueError(f"the parents of a spec are artefact ids, not {parents!r}")
    return digest_json(spec)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Digest (SHA-256, hex) and size of one file."""

    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artefact is made from and what it holds. Nothing in it depends on when or where it was made.

    ``content_digest`` is the digest of the table of files: two artefacts with the same one hold the same
    bytes.
    """

    id: str
    spec: JsonObject
    files: dict[str, FileEntry]

    @property
    def kind(self) -> str:
        """The kind that the spec names."""
        return str(self.spec["kind"])

    @property
    def parents(self) -> tuple[str, ...]:
        """The ids of the artefacts that it was made from."""
        return tuple(self.spec.get("parents", ()))

    @property
    def is_cache(self) -> bool:
        """Whether it only saves time: nothing names it as a parent, and it is kept as long as its parents are."""
        return self.spec.get("is_cache") is True

    @property
    def n_bytes(self) -> int:
        """Bytes in all files."""
        return sum(entry.n_bytes for entry in self.files.values())

    @property
    def content_digest(self) -> str:
        """Digest of the table of files."""
        return digest_json(self._files_json())

    def to_bytes(self) -> bytes:
        """Canonical JSON and a newline, so that a change of any byte of a manifest can be seen."""
        value = {
            "schema_version": SCHEMA_VERSION,
            "id": self.id,
            "kind": self.kind,
            "spec": self.spec,
            "files": self._files_json(),
            "content_digest": self.content_digest,
        }
        return canonical_json(value) + b"\n"

    def _files_json(self) -> JsonObject:
        return {name: {"sha256": f.sha256, "n_bytes": f.n_bytes} for name, f in self.files.items()}

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The manifest that :meth:`to_bytes` wrote.

        Raises:
            ValueError: anything else; the message says what is wrong.
        """
        try:
            value = json.loads(content)
            if value["schema_version"] != SCHEMA_VERSION or set(value) != _MANIFEST_KEYS:
                raise ValueError(f"not a manifest of schema version {SCHEMA_VERSION}")
            files = {name: FileEntry(**entry) for name, entry in value["files"].items()}
            manifest = cls(id=value["id"], spec=value["spec"], files=files)
            same_id = identify(manifest.spec) == manifest.id
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a manifest: {error!r}") from error
        faults = [fault for name in manifest.files if (fault := name_fault(name))]
        if faults:
            raise ValueError("; ".join(faults))
        if not same_id:
            raise ValueError("its id is not the digest of its spec")
        if manifest.to_bytes() != content:
            raise ValueError("it is not what the store writes: some of it was changed")
        return manifest


def _damaged(path: Path, found: str, expected: str) -> DamagedArtefactError:
    return DamagedArtefactError(Problem(path, None, None, found, expected))


def read_manifest(directory: Path) -> Manifest:
    """The manifest of the artefact in ``directory``, whose name is the artefact's id.

    Raises:
        MissingArtefactError: there is no such folder.
        DamagedArtefactError: the manifest is missing, changed, or belongs to another artefact.
    """
    path = directory / MANIFEST_NAME
    if directory.is_symlink() or path.is_symlink():
        raise _damaged(path, "a symbolic link", "a regular file in a regular folder")
    try:
        manifest = Manifest.from_bytes(read_regular(path))
    except FileNotFoundError:
        if directory.exists():
            raise _damaged(path, "missing", "the artefact's manifest") from None
        problem = Problem(directory, None, None, "no such artefact", "an artefact that was written")
        raise MissingArtefactError(problem) from None
    except (OSError, ValueError) as error:
        raise _damaged(path, f"unreadable: {error}", "the manifest as it was written") from error
    if manifest.id != directory.name:
        raise _damaged(path, f"the manifest of {manifest.id}", f"that of {directory.name}")
    return manifest


def damage_to_files(directory: Path, manifest: Manifest, *, digests: bool = True) -> list[Problem]:
    """One problem for each file that is missing, unexpected, refused or changed; empty when all is well.

    Without ``digests``, names and sizes are checked but no content is read.
    """
    present, problems = scan(directory)
    for name, path in present.items():
        if name not in manifest.files:
            problems.append(Problem(path, None, None, "a file that the manifest does not list", "no such file"))
    for name, entry in manifest.files.items():
        if name not in present:
            expected = f"a file of {entry.n_bytes} bytes"
            problems.append(Problem(directory / name, None, None, "missing or refused", expected))
            continue
        problem = _damage_to_file(present[name], entry, digests)
        if problem:
            problems.append(problem)
    return problems


def _damage_to_file(path: Path, entry: FileEntry, digests: bool) -> Problem | None:
    try:
        n_bytes = path.stat().st_size
        if n_bytes != entry.n_bytes:
            return Problem(path, None, None, f"{n_bytes} bytes", f"{entry.n_bytes} bytes")
        sha256 = digest_file(path) if digests else entry.sha256
    except OSError as error:
        return Problem(path, None, None, f"unreadable: {error.strerror or error}", "a readable file")
    if sha256 != entry.sha256:
        return Problem(path, None, None, f"SHA-256 {sha256}", f"SHA-256 {entry.sha256}")
    return None


@dataclass(frozen=True, slots=True)
class Artefact:
    """An artefact opened for reading.

    ``about`` is what does not identify it (time, cost, machine) and is not verified; empty when it is gone.
    """

    directory: Path
    manifest: Manifest
    about: JsonObject

    @classmethod
    def load(cls, directory: Path, *, verify: bool) -> Self:
        """The artefact in ``directory``; with ``verify``, every file's size and digest are checked first.

        Raises:
            MissingArtefactError: there is no such folder.
            DamagedArtefactError: with one problem a damaged file.
        """
        manifest = read_manifest(directory)
        problems = damage_to_files(directory, manifest) if verify else []
        if problems:
            raise DamagedArtefactError(problems)
        return cls(directory, manifest, _read_about(directory / ABOUT_NAME))

    @property
    def id(self) -> str:
        """The artefact's id."""
        return self.manifest.id

    def path(self, name: str) -> Path:
        """The path of a file that the manifest lists.

        Raises:
            StoreError: it lists no such file.
        """
        if name not in self.manifest.files:
            names = sorted(self.manifest.files)
            found = f"no file {name!r} in a {self.manifest.kind}"
            raise StoreError(Problem(self.directory, None, None, found, ", ".join(names), nearest_name(name, names)))
        return self.directory / name

    def checked_path(self, name: str) -> Path:
        """:meth:`path` after the digest of this one file was checked, where the whole artefact was not.

        Raises:
            DamagedArtefactError: the file is not what the manifest says.
            StoreError: the manifest lists no such file.
        """
        path = self.path(name)
        problem = _damage_to_file(path, self.manifest.files[name], digests=True)
        if problem:
            raise DamagedArtefactError(problem)
        return path

    def read_json(self, name: str) -> Any:
        """The value in a JSON file of the artefact.

        Raises:
            StoreError: no such file, or not JSON.
        """
        path = self.path(name)
        try:
            return json.loads(read_regular(path))
        except (OSError, ValueError, RecursionError) as error:
            raise _damaged(path, f"unreadable: {error}", "JSON") from error


def _read_about(path: Path) -> JsonObject:
    try:
        return about_of(read_regular(path))
    except OSError:
        return {}


def about_of(content: bytes) -> JsonObject:
    """What an ``about.json`` says; empty where it says nothing that can be read."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class ArtefactInfo:
    """One line of a listing. ``created_at`` is ISO 8601 in UTC, None where it is not known."""

    id: str
    kind: str
    n_bytes: int
    created_at: str | None


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with one artefact. ``id`` is the name of its folder."""

    id: str
    problems: tuple[Problem, ...]
