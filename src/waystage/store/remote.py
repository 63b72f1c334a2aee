"""Bytes by key on another machine, through fsspec: whole objects only, tried again while the network is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from waystage.errors import Problem, StoreError, first_line
from waystage.store.canonical import digest_stream

LOG = logging.getLogger(__name__)

EXTRAS = {"s3": "s3", "gs": "gs", "gcs": "gs"}
"""Extras of Waystage by the scheme of the URL that they are for."""

_FLAT_SCHEMES = frozenset({*EXTRAS, "s3a", "az", "abfs", "memory"})
"""Schemes whose keys are not in folders. Making a folder there would make a bucket, which is not ours to make."""

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 15.0
_BLOCK = 1 << 22
_N_AT_ONCE = 256

# Trying again does not help against these; everything else may be the network.
_FINAL = (FileNotFoundError, FileExistsError, PermissionError, NotImplementedError, ImportError, TypeError, ValueError)

T = TypeVar("T")


@dataclass(frozen=True)
class Remote:
    """The objects below ``url``. A reader sees an object whole or not at all, as object stores promise.

    Attributes:
        url: ``scheme://bucket/prefix``; credentials never stand in it.
        patience_seconds: how long an operation is tried again while the other side does not answer.
    """

    url: str
    patience_seconds: float = 300.0

    def __post_init__(self) -> None:
        try:
            place = urlsplit(self.url)
            has_credentials = "@" in place.netloc or bool(place.query)
        except ValueError as error:
            raise StoreError(_problem(self.url, f"not a URL: {error}", "s3://bucket/prefix")) from None
        if has_credentials:
            expected = "credentials in the environment or in the configuration of the client, never in a URL"
            raise StoreError(_problem(f"{place.scheme}://…", "a URL with credentials or a query", expected))

    def read(self, key: str) -> bytes | None:
        """The object's bytes; None where there is none."""
        try:
            content: bytes = self._insist(key, lambda: self._files.cat_file(self._path(key)))
        except FileNotFoundError:
            return None
        return content

    def read_all(self, folder: str) -> Iterator[tuple[str, bytes]]:
        """The names below ``folder`` and their bytes; those that go meanwhile are left out."""
        names = sorted(self.names(folder))
        for at in range(0, len(names), _N_AT_ONCE):
            paths = {self._path(f"{folder}/{name}"): name for name in names[at : at + _N_AT_ONCE]}
            contents = self._insist(folder, partial(self._files.cat, list(paths), on_error="return"))
            for path, content in sorted(contents.items()):
                if isinstance(content, bytes):
                    yield paths[path.lstrip("/")], content
                elif not isinstance(content, FileNotFoundError):
                    raise StoreError(_problem(self.at(paths[path.lstrip("/")]), f"cannot be read: {content}", None))

    def digest(self, key: str) -> tuple[str, int]:
        """SHA-256 and size of an object, read in pieces.

        Raises:
            FileNotFoundError: there is none.
        """

        def read() -> tuple[str, int]:
            with self._files.open(self._path(key), "rb", block_size=_BLOCK) as stream:
                return digest_stream(iter(lambda: stream.read(_BLOCK), b""))

        return self._insist(key, read)

    def write(self, key: str, content: bytes) -> None:
        """Writes an object in place of what is there."""
        self._send(key, lambda: self._files.pipe_file(self._new_path(key), content))

    def create(self, key: str, content: bytes) -> bool:
        """Writes an object where there is none; False where there is one, which then stays as it is.

        The other side decides (a conditional put). Where it cannot, the answer is right but for a moment.
        """

        def put() -> bool:
            path = self._new_path(key)
            try:
                self._files.pipe_file(path, content, mode="create")
            except FileExistsError:
                return False
            except (NotImplementedError, ValueError, TypeError):
                if self._files.exists(path):
                    return False
                self._files.pipe_file(path, content)
            return True

        return self._send(key, put)

    def upload(self, path: Path, key: str) -> None:
        """Sends a file."""
        self._send(key, lambda: self._files.put_file(str(path), self._new_path(key)))

    def download(self, key: str, path: Path) -> None:
        """Fetches an object into a file.

        Raises:
            FileNotFoundError: there is none.
        """
        self._insist(key, lambda: self._files.get_file(self._path(key), str(path)))

    def names(self, folder: str) -> dict[str, int]:
        """Keys below ``folder``, relative to it, with their sizes in bytes."""
        start = f"{self._path(folder)}/".lstrip("/")

        def find() -> dict[str, Any]:
            self._files.invalidate_cache()
            found: dict[str, Any] = self._files.find(self._path(folder), detail=True)
            return found

        try:
            found = self._insist(folder, find)
        except FileNotFoundError:
            return {}
        return {path.lstrip("/").removeprefix(start): int(info.get("size") or 0) for path, info in found.items()}

    def is_older(self, key: str, seconds: float) -> bool:
        """Whether an object was written longer ago than that; False where the other side does not say."""
        try:
            modified = self._insist(key, lambda: self._files.modified(self._path(key)))
        except (FileNotFoundError, NotImplementedError):
            return False
        aware = modified if modified.tzinfo is not None else modified.replace(tzinfo=UTC)
        return bool(datetime.now(UTC) - aware > timedelta(seconds=seconds))

    def remove(self, key: str) -> None:
        """Removes an object, which may be gone already."""
        try:
            self._insist(key, lambda: self._files.rm_file(self._path(key)))
        except FileNotFoundError:
            return

    def at(self, key: str) -> str:
        """The URL of an object, for messages."""
        return f"{self.url.rstrip('/')}/{key}"

    def _send(self, key: str, action: Callable[[], T]) -> T:
        try:
            return self._insist(key, action)
        except FileNotFoundError as error:
            raise StoreError(_problem(self.at(key), first_line(error), "a bucket that is there")) from error

    def _insist(self, key: str, action: Callable[[], T]) -> T:
        """Do ``action``, again and again with longer and longer waits while it fails as networks fail.

        Raises:
            FileNotFoundError, FileExistsError, NotImplementedError: as ``action`` does.
            StoreError: it is refused, or ``patience_seconds`` are over.
        """
        wait, give_up_at = _FIRST_WAIT_SECONDS, time.monotonic() + self.patience_seconds
        while True:
            try:
                return action()
            except (FileNotFoundError, FileExistsError, NotImplementedError):
                raise
            except StoreError:
                raise
            except Exception as error:  # clients raise errors of their own, of their HTTP library and of the system
                if _is_final(error):
                    found = f"refused: {first_line(error)}"
                    raise StoreError(_problem(self.at(key), found, "permission to read and write there")) from error
                if time.monotonic() + wait > give_up_at:
                    found = f"no answer for {self.patience_seconds:g} seconds: {first_line(error)}"
                    expected = "a network store that answers; what is done is kept in the cache, run again"
                    raise StoreError(_problem(self.at(key), found, expected)) from error
                LOG.warning("%s: %s; trying again in %g s", self.url, first_line(error), wait)
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}".lstrip("/")

    def _new_path(self, key: str) -> str:
        path = self._path(key)
        if self._scheme not in _FLAT_SCHEMES:
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        return path

    @property
    def _scheme(self) -> str:
        return self.url.partition("://")[0]

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        import fsspec

        try:
            files, root = fsspec.url_to_fs(self.url, use_listings_cache=False, skip_instance_cache=True)
        except ImportError as error:
            extra = EXTRAS.get(self._scheme)
            expected = f"pip install 'waystage[{extra}]'" if extra else "the package that fsspec names"
            raise StoreError(_problem(self.url, first_line(error), expected)) from None
        except ValueError as error:
            expected = "a folder, s3://bucket/prefix or gs://bucket/prefix"
            raise StoreError(_problem(self.url, first_line(error), expected)) from None
        _silence("gcsfs")
        return files, str(root).rstrip("/")

    @property
    def _files(self) -> Any:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    def __getstate__(self) -> dict[str, Any]:
        # A process that receives it connects by itself.
        return {"url": self.url, "patience_seconds": self.patience_seconds}


def _is_final(error: Exception) -> bool:
    """Whether trying again does not help. For status 403, gcsfs raises an error of the system without a number."""
    is_forbidden = isinstance(error, OSError) and error.errno is None and str(error).startswith("Forbidden: ")
    return isinstance(error, _FINAL) or is_forbidden


def _silence(client: str) -> None:
    """Some clients log each failed request with a trace; here a line says that it is tried again.

    Who has set a level keeps it.
    """
    logger = logging.getLogger(client)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)


def _problem(url: str, found: str, expected: str | None) -> Problem:
    return Problem(url, None, None, found, expected)
