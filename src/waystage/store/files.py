"""What the store does to files: which names it takes, and writes that are whole or absent."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from safetensors import SafetensorError

from waystage.errors import Problem, StoreError

MANIFEST_NAME = "manifest.json"
ABOUT_NAME = "about.json"
RESERVED_NAMES = frozenset({MANIFEST_NAME, ABOUT_NAME})

ALLOWED_SUFFIXES = frozenset(
    {
        ".arrow",
        ".csv",
        ".html",
        ".i32",
        ".i64",
        ".json",
        ".jsonl",
        ".model",
        ".parquet",
        ".safetensors",
        ".svg",
        ".tsv",
        ".txt",
    }
)
"""Formats that run no code when they are read: not pickles, nor .npz and .pt, which may hold them.

``.i32`` and ``.i64`` are bare integers of so many bits, little-endian.
"""

_NAME_PART = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+@-]*")


def name_fault(name: str) -> str | None:
    """Why an artefact cannot hold a file of this relative name, or None where it can.

    >>> name_fault("encoder/model.safetensors")
    >>> name_fault("../model.safetensors")
    "the name '../model.safetensors' is not a plain relative path"
    >>> name_fault("weights.pkl")
    "the suffix '.pkl' is not accepted"
    """
    if not all(_NAME_PART.fullmatch(part) for part in name.split("/")):
        return f"the name {name!r} is not a plain relative path"
    suffix = PurePosixPath(name).suffix
    return None if suffix in ALLOWED_SUFFIXES else f"the suffix {suffix!r} is not accepted"


def scan(directory: Path) -> tuple[dict[str, Path], list[Problem]]:
    """Every file under ``directory`` by relative name, sorted, and a problem for each that the store refuses.

    The two files that the store itself adds at the top are left out. Symbolic links are never followed.
    """
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    for parent, folders, names in os.walk(directory, followlinks=False):
        for name in [*folders, *names]:
            path = Path(parent) / name
            relative = path.relative_to(directory).as_posix()
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                problems.append(Problem(path, None, None, "a link or special file", "a regular file"))
            elif path.is_file() and relative not in RESERVED_NAMES:
                fault = name_fault(relative)
                if fault:
                    expected = f"letters, digits and . _ + - @, ending in {' '.join(sorted(ALLOWED_SUFFIXES))}"
                    problems.append(Problem(path, None, None, fault, expected))
                else:
                    found[relative] = path
    return dict(sorted(found.items())), problems


def read_regular(path: Path) -> bytes:
    """The bytes of a regular file. A link, a pipe or a device in its place is never followed, nor waited for.

    Raises:
        OSError: there is no such file, it is something else, or it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return stream.read()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns an OSError into a StoreError that names ``path`` (or the file that the error names)."""
    try:
        yield
    except OSError as error:
        place = error.filename if isinstance(error.filename, str) else path
        found = f"cannot be written: {error.strerror or error}"
        raise StoreError(Problem(place, None, None, found, "a writable folder with free space")) from error


@contextmanager
def writing_tensors(path: Path) -> Iterator[None]:
    """:func:`writing` for a file that safetensors writes: a full disk is no OSError there."""
    with writing(path):
        try:
            yield
        except SafetensorError as error:
            raise OSError(errno.EIO, str(error), str(path)) from error


def random_name() -> str:
    """A name that no other process uses."""
    return secrets.token_hex(8)


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Writes a file so that a reader sees the old bytes or the new, never a part.

    ``durable`` waits until the disk has them; caches can do without.

    Raises:
        StoreError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{random_name()}")
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("xb") as stream:
                stream.write(content)
                if durable:
                    stream.flush()
                    os.fsync(stream.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        if durable:
            sync(path.parent)


def sync(path: Path) -> None:
    """Waits until the disk has a file's bytes, or a folder's entries."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(directory: Path) -> None:
    """:func:`sync` of every file and folder under ``directory``, and of itself."""
    for parent, _, names in os.walk(directory):
        for name in names:
            sync(Path(parent) / name)
        sync(Path(parent))


def tree_size(directory: Path) -> int:
    """Bytes in all files under ``directory``; files that vanish meanwhile count nothing."""
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except FileNotFoundError:
                continue
    return total


def remove_tree(directory: Path) -> None:
    """Removes a folder (or the file or link in its place) that may be gone already.

    Raises:
        StoreError: something in it cannot be removed.
    """
    try:
        if directory.is_symlink() or directory.is_file():
            directory.unlink()
        else:
            shutil.rmtree(directory)
    except FileNotFoundError:
        return
    except OSError as error:
        found = f"cannot be removed: {error.strerror or error}"
        raise StoreError(Problem(error.filename or directory, None, None, found, "permission to remove it")) from error
