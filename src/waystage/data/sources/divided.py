"""Sources made from others: a part of a split, or a split without what another source has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.examples import Example
from waystage.data.overlap import passage_keys
from waystage.data.source import Place, RemoteFile, Source, Split, remote_files
from waystage.errors import DataError


@dataclass(frozen=True, slots=True)
class Part:
    """Examples ``start`` to ``stop`` (None: the last) of the split ``of``, taken as ``split``."""

    split: Split
    of: Split
    start: int = 0
    stop: int | None = None


@dataclass(frozen=True, slots=True)
class Divided:
    """Splits that are parts of the splits of another source, where its own training file is not at hand."""

    source: Source
    parts: tuple[Part, ...]
    version: int = 1

    def remote(self, split: Split, language: str) -> tuple[RemoteFile, ...]:
        """What the hub has of the split that is divided."""
        return remote_files(self.source, self._part(split).of, language)

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The files of the split that is divided."""
        return self.source.files(self._part(split).of, language, place)

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """The examples of the part, in their order."""
        part = self._part(split)
        return self.source.read(part.of, language, place)[part.start : part.stop]

    def _part(self, split: Split) -> Part:
        for part in self.parts:
            if part.split == split:
                return part
        raise DataError(f"there is no {split} split")


@dataclass(frozen=True, slots=True)
class Without:
    """Another source without the examples whose passage stands in the test split of ``excluded`` in English."""

    source: Source
    excluded: Source
    version: int = 1

    def remote(self, split: Split, language: str) -> tuple[RemoteFile, ...]:
        """What the hub has of both sources; none where it lacks one."""
        own, excluded = remote_files(self.source, split, language), remote_files(self.excluded, "test", "en")
        return (*own, *excluded) if own and excluded else ()

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The files of both sources."""
        return [*self.source.files(split, language, place), *self.excluded.files("test", "en", place)]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """The examples that are left, in their order."""
        keys = passage_keys(self.excluded.read("test", "en", place))
        examples = self.source.read(split, language, place)
        return [example for example in examples if not passage_keys([example]) & keys]


@dataclass(frozen=True, slots=True)
class BySplit:
    """Each split from a source of its own."""

    sources: tuple[tuple[Split, Source], ...]
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The files of the split's source."""
        return self._source(split).files(split, language, place)

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """The examples of the split's source, in their order."""
        return self._source(split).read(split, language, place)

    def _source(self, split: Split) -> Source:
        for name, source in self.sources:
            if name == split:
                return source
        raise DataError(f"no file is given for the {split} split; there is one for {self._splits}")

    @property
    def _splits(self) -> str:
        return ", ".join(name for name, _ in self.sources) or "none"
