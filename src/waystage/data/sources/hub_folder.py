"""Where files that were fetched from the hub lie, and what is known of each: size and digest.

``ROOT/hub/<organisation>--<name>/<commit>/<path in the repository>``, with a ``manifest.json`` beside the files of a
commit, a ``listings.json`` where files were asked for by a pattern, and a ``refs.json`` beside the commits for what was
not pinned.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock

from waystage.data.source import Place, RemoteFile
from waystage.errors import DataError, Problem
from waystage.store.files import write_atomically

_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)?")
_MANIFEST, _REFS, _LISTINGS = "manifest.json", "refs.json", "listings.json"


@dataclass(frozen=True, slots=True)
class Known:
    """What the manifest says of a file."""

    size: int
    sha256: str


def is_commit(revision: str | None) -> bool:
    """Whether a revision pins the bytes.

    >>> is_commit("8e4813d81f46d313dac7892e1c28076917cfcdf9"), is_commit("main"), is_commit(None)
    (True, False, False)
    """
    return revision is not None and _COMMIT.fullmatch(revision) is not None


class HubFolder:
    """The files of the hub below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root / "hub"

    def commit_of(self, remote: RemoteFile) -> str | None:
        """The commit of a file; None where it is not pinned and was never resolved here."""
        if remote.revision is not None and is_commit(remote.revision):
            return remote.revision
        found = _read_json(self._dataset_dir(remote) / _REFS).get(remote.revision or "main")
        return found if isinstance(found, str) and is_commit(found) else None

    def resolved(self, remote: RemoteFile, commit: str) -> None:
        """Record the commit that a tag or branch stood for when it was asked."""
        path = self._dataset_dir(remote) / _REFS
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            _write_json(path, {**_read_json(path), remote.revision or "main": commit})

    def commit_dir(self, remote: RemoteFile, commit: str) -> Path:
        """The folder of a dataset at one commit."""
        return self._dataset_dir(remote) / commit

    def path(self, remote: RemoteFile, commit: str) -> Path:
        """Where a file lies, or would lie; DataError for a name that leads elsewhere."""
        parts = PurePosixPath(remote.path).parts
        if not parts or remote.path.startswith("/") or ".." in parts or "\\" in remote.path or "\x00" in remote.path:
            raise DataError(f"'{remote.path}' is not the path of a file in a dataset repository")
        return self.commit_dir(remote, commit).joinpath(*parts)

    def known(self, remote: RemoteFile, commit: str) -> Known | None:
        """What was recorded when the file was fetched; None where it was not, or is gone or of another size."""
        entry = _read_json(self.commit_dir(remote, commit) / _MANIFEST).get(remote.path)
        if not isinstance(entry, dict):
            return None
        path = self.path(remote, commit)
        known = Known(entry["size"], entry["sha256"])
        return known if path.is_file() and path.stat().st_size == known.size else None

    def record(self, remote: RemoteFile, commit: str) -> Known:
        """Note size and digest of a file that has just been fetched."""
        path = self.path(remote, commit)
        known = Known(path.stat().st_size, sha256_of(path))
        manifest = self.commit_dir(remote, commit) / _MANIFEST
        with FileLock(manifest.with_suffix(".lock")):
            entry = {"size": known.size, "sha256": known.sha256}
            _write_json(manifest, {**_read_json(manifest), remote.path: entry})
        return known

    def listed(self, remote: RemoteFile, commit: str, start: str, is_deep: bool) -> list[str] | None:
        """What was recorded of the names in a folder of the repository; None where it was never listed."""
        found = _read_json(self.commit_dir(remote, commit) / _LISTINGS).get(_listing_key(start, is_deep))
        return list(map(str, found)) if isinstance(found, list) else None

    def record_listing(self, remote: RemoteFile, commit: str, place: tuple[str, bool], names: Sequence[str]) -> None:
        """Note the names in a folder; ``place`` is the folder and whether those below it are among them."""
        path = self.commit_dir(remote, commit) / _LISTINGS
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            _write_json(path, {**_read_json(path), _listing_key(*place): list(names)})

    def _dataset_dir(self, remote: RemoteFile) -> Path:
        if not _NAME.fullmatch(remote.dataset):
            raise DataError(f"'{remote.dataset}' is not the name of a dataset: organisation/name")
        return self.root / remote.dataset.replace("/", "--")


def _listing_key(start: str, is_deep: bool) -> str:
    return f"{start}/**" if is_deep else f"{start}/*"


def fetched_path(place: Place, remote: RemoteFile) -> Path | None:
    """A file that ``waystage data fetch`` has brought, in the data folder or the cache; None where there is none."""
    for root in (place.data_dir, place.cache_dir):
        if root is not None:
            folder = HubFolder(root)
            commit = folder.commit_of(remote)
            if commit is not None and folder.known(remote, commit) is not None:
                return folder.path(remote, commit)
    return None


def check_digest(place: Place, remote: RemoteFile, path: Path) -> None:
    """Refuse a fetched file whose bytes are no longer those that were fetched.

    Raises:
        DataError: the digest is another one than when the file was fetched.
    """
    for root in (place.data_dir, place.cache_dir):
        folder = HubFolder(root) if root is not None else None
        commit = folder.commit_of(remote) if folder is not None else None
        if folder is None or commit is None or folder.path(remote, commit) != path:
            continue
        known = folder.known(remote, commit)
        if known is None or known.sha256 != sha256_of(path):
            expected = f"those of {remote.dataset} at {commit[:8]}: waystage data fetch gets them again"
            raise DataError(Problem(path, None, None, "bytes other than those that were fetched", expected))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # never written, or damaged: the files are fetched again
    return value if isinstance(value, dict) else {}


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    write_atomically(path, f"{json.dumps(dict(sorted(value.items())), indent=2)}\n".encode())
