"""What a source of examples promises, whatever the format: files on disk or text inside an installed package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from waystage.data.examples import Example

Split = Literal["train", "validation", "test"]


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
