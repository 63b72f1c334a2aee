"""The bytes of a record, from a folder or a .zip that may have been made to do harm.

Nothing is unpacked to disk and nothing is executed. Before a byte of content is read, the list of files is checked:
plain relative names, formats that run no code, regular files, few enough and small enough.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from waystage.errors import Problem, RecordError

MAX_FILES = 10_000
MAX_FILE_BYTES = 256 * 2**20
MAX_TOTAL_BYTES = 2**30
MAX_RATIO = 1_000
"""Deflate cannot pack more than about 1,032 to 1; what comes near is made of nothing but repetition."""

SUFFIXES = frozenset({".csv", ".gz", ".html", ".json", ".jsonl", ".yaml"})
"""Formats that run no code when they are read here (HTML is never opened, only its digest is taken)."""

_PART = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+@-]*")
_MAX_NAME = 400
_N_SHOWN = 20


def name_fault(name: str) -> str | None:
    """Why a record cannot hold a file of this name, or None where it can.

    >>> name_fault("evidence/cells/xnli/base.1.json.gz")
    >>> name_fault("../../etc/passwd.json")
    "the path '../../etc/passwd.json' leaves the record or is not plain"
    >>> name_fault("weights.pkl")
    "the format '.pkl' is not read: it could hold code"
    """
    if len(name) > _MAX_NAME or not all(_PART.fullmatch(part) for part in name.split("/")):
        return f"the path {name[:_MAX_NAME]!r} leaves the record or is not plain"
    suffix = PurePosixPath(name).suffix
    return None if suffix in SUFFIXES else f"the format {suffix!r} is not read: it could hold code"


class Source(Protocol):
    """Where the bytes of a record are. ``sizes`` maps every file to its size, all of them checked."""

    @property
    def path(self) -> Path:
        """The folder or the .zip."""

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of every file, by name."""

    def read(self, name: str) -> bytes:
        """All bytes of a file: as many as ``sizes`` says.

        Raises:
            RecordError: it cannot be read, or has another size.
        """


def open_source(path: Path) -> Source:
    """The record at ``path``.

    Raises:
        RecordError: there is none, or it is refused; with one problem a file.
    """
    if path.is_dir():
        return FolderSource(path, _folder_sizes(path))
    if path.is_file():
        return ZipSource(path, _zip_sizes(path))
    found = "neither a folder nor a file" if path.exists() else "no such folder or file"
    raise RecordError(Problem(path, None, None, found, "a record: its folder or its .zip"))


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A record in a folder."""

    path: Path
    sizes: dict[str, int]

    def read(self, name: str) -> bytes:
        """All bytes of a file; links are not followed, also not those put there since it was listed."""
        place = self.path / name
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            with open(os.open(place, flags), "rb") as stream:
                if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                    raise RecordError(Problem(place, None, None, "a link or special file", "a regular file"))
                return _read_exactly(stream, self.sizes[name], place)
        except OSError as error:
            raise RecordError(Problem(place, None, None, f"cannot be read: {error.strerror}")) from None


@dataclass(frozen=True, slots=True)
class ZipSource:
    """A record in a .zip, read in place."""

    path: Path
    sizes: dict[str, int]

    def read(self, name: str) -> bytes:
        """All bytes of a file, unpacked in memory and no further than its announced size."""
        place = self.path / name
        with _zip_faults(self.path, name), zipfile.ZipFile(self.path) as archive, archive.open(name) as stream:
            return _read_exactly(stream, self.sizes[name], place)


def _read_exactly(stream: IO[bytes], n_bytes: int, place: Path) -> bytes:
    content = stream.read(n_bytes + 1)
    if len(content) != n_bytes:
        found = "more bytes than were announced" if len(content) > n_bytes else f"{len(content):,} bytes"
        raise RecordError(Problem(place, None, None, found, f"{n_bytes:,} bytes"))
    return content


def _folder_sizes(folder: Path) -> dict[str, int]:
    sizes: dict[str, int] = {}
    problems: list[Problem] = []
    for name, path in _walk(folder):
        mode = os.lstat(path)
        fault = name_fault(name)
        if stat.S_ISLNK(mode.st_mode) or not (stat.S_ISREG(mode.st_mode) or stat.S_ISDIR(mode.st_mode)):
            problems.append(Problem(path, None, None, "a link or special file", "a regular file"))
        elif stat.S_ISREG(mode.st_mode) and fault:
            problems.append(Problem(path, None, None, fault))
        elif stat.S_ISREG(mode.st_mode):
            sizes[name] = mode.st_size
        if len(sizes) + len(problems) > MAX_FILES:
            break
    _refuse(folder, problems, sizes)
    return dict(sorted(sizes.items()))


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    for parent, folders, names in os.walk(folder, followlinks=False):
        for name in [*folders, *names]:
            path = Path(parent) / name
            yield path.relative_to(folder).as_posix(), path


def _zip_sizes(path: Path) -> dict[str, int]:
    with _zip_faults(path, None), zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    sizes: dict[str, int] = {}
    problems: list[Problem] = []
    for entry in entries[: MAX_FILES + 1]:
        fault = _entry_fault(entry) or ("it stands twice in the archive" if entry.filename in sizes else None)
        if fault:
            problems.append(Problem(path, None, entry.filename[:_MAX_NAME], fault))
        elif not entry.is_dir():
            sizes[entry.filename] = entry.file_size
    _refuse(path, problems, sizes)
    return dict(sorted(sizes.items()))


def _entry_fault(entry: zipfile.ZipInfo) -> str | None:
    """Why an entry of a .zip is refused."""
    # A name that zipfile had to mend (a NUL, a separator of another system) is not a plain one.
    if entry.filename != entry.orig_filename:
        return f"the path {entry.orig_filename[:_MAX_NAME]!r} leaves the record or is not plain"
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or special file"
    if entry.is_dir():
        return name_fault(entry.filename.rstrip("/") + "/x.json")
    if entry.flag_bits & 0x1:
        return "it is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is packed in a way that records are not"
    if entry.file_size > 2**20 and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
        return f"{entry.compress_size:,} bytes that unpack to {entry.file_size:,}"
    return name_fault(entry.filename)


def _refuse(path: Path, problems: list[Problem], sizes: dict[str, int]) -> None:
    """Refuses what is unsafe, too much or too large."""
    if len(sizes) + len(problems) > MAX_FILES:
        problems = [Problem(path, None, None, f"more than {MAX_FILES:,} files", f"at most {MAX_FILES:,}")]
    for name, n_bytes in sizes.items():
        if n_bytes > MAX_FILE_BYTES:
            expected = f"at most {MAX_FILE_BYTES:,} in one file"
            problems.append(Problem(path, None, name, f"{n_bytes:,} bytes", expected))
    total = sum(sizes.values())
    if not problems and total > MAX_TOTAL_BYTES:
        problems = [Problem(path, None, None, f"{total:,} bytes in all", f"at most {MAX_TOTAL_BYTES:,}")]
    if len(problems) > _N_SHOWN:
        more = Problem(path, None, None, f"and {len(problems) - _N_SHOWN} more")
        problems = [*problems[:_N_SHOWN], more]
    if problems:
        raise RecordError(problems)


@contextmanager
def _zip_faults(path: Path, name: str | None) -> Iterator[None]:
    """What reading a damaged archive raises, as a refusal."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        found = f"not a whole .zip: {str(error) or type(error).__name__}"
        raise RecordError(Problem(path, None, name, found, "the .zip as it was written")) from None
    except OSError as error:
        raise RecordError(Problem(path, None, name, f"cannot be read: {error.strerror}")) from None
