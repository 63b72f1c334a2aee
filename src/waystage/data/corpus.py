"""A corpus: raw text in several languages, for continued pretraining."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from waystage.data.source import Place


class CorpusSource(Protocol):
    """Reads the raw text of one language, a document (line or paragraph) at a time."""

    @property
    def version(self) -> int:
        """Raised by one whenever the same files would be read differently."""

    def files(self, language: str, place: Place) -> Sequence[Path]:
        """The files that :meth:`read` will open, each of which exists; DataError where one is missing."""

    def read(self, language: str, place: Place) -> Iterator[str]:
        """Non-empty documents in file order, without line breaks; DataError where text is not UTF-8."""


@runtime_checkable
class SkippingSource(Protocol):
    """A source that may have been told to pass over files that cannot be read."""

    def unreadable(self, language: str, place: Place) -> dict[Path, str]:
        """Files that are passed over, and why; empty where it was not told to."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The declaration of a corpus."""

    name: str
    source: CorpusSource
    languages: tuple[str, ...]
    description: str
    licence: str
    reference: str
