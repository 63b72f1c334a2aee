"""What a source of examples promises, whatever the format: files on disk or text inside an installed package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from waystage.data.examples import Example

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Place:
    """Where files may be looked for.

    ``data_dir`` holds published benchmark files (given on the command line); ``study_dir`` is the folder of the study
    file, against which a user's own relative paths are resolved; ``cache_dir`` holds what had to be fetched.
    """

    study_dir: Path
    cache_dir: Path
    data_dir: Path | None = None


class Source(Protocol):
    """Reads the examples of one split in one language.

    A source is a frozen dataclass: its fields, its ``version`` and the bytes of its files decide what it gives, so the
    three together identify prepared data.
    """

    @property
    def version(self) -> int:
        """Raised by one whenever the same files would be read differently."""

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The files that :meth:`read` will open, each of which exists.

        Raises:
            DataError: a file or package is missing; the message says which and how to get it.
        """

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """All examples, in file order, ids unique.

        Raises:
            DataError: with one problem a malformed line (file, line, what was found).
        """


class PoolSource(Protocol):
    """Reads the candidates that the queries of a split are looked for among. A frozen dataclass, as a source is."""

    @property
    def version(self) -> int:
        """Raised by one whenever the same files would be read differently."""

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The files that :meth:`read` will open, each of which exists; DataError that says what is missing."""

    def read(self, split: Split, language: str, place: Place) -> Iterable[Example]:
        """All candidates, in file order, ids unique; a pool may be too large for memory, so they may come one by one.

        Raises:
            DataError: a line is malformed.
        """


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a dataset repository on the hub.

    ``dataset`` is ``organisation/name``. ``revision`` is a commit of 40 hexadecimal digits, which pins the bytes; or a
    tag or branch, or None for the main branch, which is resolved when the file is fetched, and recorded.
    """

    dataset: str
    revision: str | None
    path: str


@runtime_checkable
class RemoteSource(Protocol):
    """A source whose files can be fetched from the hub."""

    def remote(self, split: Split, language: str) -> tuple[RemoteFile, ...]:
        """The files of a split in one language; none where the hub does not have it."""


def remote_files(source: Source, split: Split, language: str) -> tuple[RemoteFile, ...]:
    """The files that would have to be fetched for :meth:`Source.read`; none where a source knows of none."""
    return source.remote(split, language) if isinstance(source, RemoteSource) else ()
