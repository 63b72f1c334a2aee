"""Parallel text in files: text files whose lines belong together, or the columns of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest
from pathlib import Path
from typing import Any

from waystage.data.parallel import Pair, pair_name
from waystage.data.readers.lines import numbered_lines
from waystage.data.readers.rows import Format
from waystage.data.source import Place
from waystage.data.sources.files import existing
from waystage.errors import DataError, Problem


@dataclass(frozen=True, slots=True)
class AlignedFiles:
    """Text files of several languages: line i of each is the same sentence.

    Attributes:
        paths: pairs of a language and its file, relative to the study file.
        pivot: only its pairs with the other languages are read; None reads every two languages.
    """

    paths: tuple[tuple[str, str], ...]
    pivot: str | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that it has."""
        return tuple(language for language, _ in self.paths)

    def files(self, pair: Pair, place: Place) -> list[Path]:
        """The two files; DataError where one is missing."""
        return [existing(place.study_dir / dict(self.paths)[language]) for language in pair]

    def read(self, pair: Pair, place: Place) -> Iterator[tuple[str, str]]:
        """The lines of both files, side by side."""
        first, second = self.files(pair, place)
        n_first = n_second = 0
        for one, other in zip_longest(numbered_lines(first), numbered_lines(second)):
            n_first += one is not None
            n_second += other is not None
            if one is not None and other is not None:
                yield one[1], other[1]
        if n_first != n_second:
            raise DataError(Problem(second, None, None, f"{n_second} lines", f"{n_first}, as in {first}"))


@dataclass(frozen=True, slots=True)
class AlignedColumns:
    """A table with a column for each language.

    Attributes:
        path: relative to the study file.
        columns: pairs of a language and its column; ``translation.de`` is the key ``de`` of what stands in the column
            ``translation``, as in the data sets of OPUS on the hub.
        pivot: as in :class:`AlignedFiles`.
    """

    path: str
    format: Format
    columns: tuple[tuple[str, str], ...]
    pivot: str | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that it has."""
        return tuple(language for language, _ in self.columns)

    def files(self, pair: Pair, place: Place) -> list[Path]:
        """The one file; DataError where it is missing."""
        return [existing(place.study_dir / self.path)]

    def read(self, pair: Pair, place: Place) -> Iterator[tuple[str, str]]:
        """The two columns of each row."""
        path = self.files(pair, place)[0]
        columns = [dict(self.columns)[language] for language in pair]
        tops = tuple(dict.fromkeys(column.partition(".")[0] for column in columns))
        for row in self.format.rows(path, tops):
            first, second = (_text(path, row.line, row.values, column) for column in columns)
            yield first, second


def _text(path: Path, line: int, values: dict[str, Any], column: str) -> str:
    top, _, key = column.partition(".")
    value = values.get(top)
    if key and isinstance(value, dict):
        value = value.get(key)
    if not isinstance(value, str):
        found = "missing" if value is None else f"{type(value).__name__} instead of text"
        raise DataError(Problem(path, line, column, found, "text"))
    return value


@dataclass(frozen=True, slots=True)
class AlignedTexts:
    """Parallel texts one after the other; each has some of the pairs."""

    texts: tuple[AlignedFiles | AlignedColumns, ...]
    version: int = 1

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs of languages, in the order of their codes."""
        return tuple(sorted({pair for text in self.texts for pair in pairs_of(text.languages, text.pivot)}))

    def files(self, pair: Pair, place: Place) -> Sequence[Path]:
        """The files of all texts that have the pair; DataError where none has it."""
        return [path for text in self._with(pair) for path in text.files(pair, place)]

    def read(self, pair: Pair, place: Place) -> Iterator[tuple[str, str]]:
        """Sentence pairs neither side of which is blank, runs of white space as one space."""
        for text in self._with(pair):
            for sentences in text.read(pair, place):
                first, second = (" ".join(sentence.split()) for sentence in sentences)
                if first and second:
                    yield first, second

    def _with(self, pair: Pair) -> list[AlignedFiles | AlignedColumns]:
        found = [text for text in self.texts if pair in pairs_of(text.languages, text.pivot)]
        if not found:
            raise DataError(f"there is no text in the languages {pair_name(pair)}")
        return found


def pairs_of(languages: Sequence[str], pivot: str | None) -> list[Pair]:
    """Every two languages, or the pivot with every other one; each pair in the order of the codes.

    >>> pairs_of(["en", "de", "sw"], "en")
    [('de', 'en'), ('en', 'sw')]
    """
    return [(one, other) for one, other in combinations(sorted(languages), 2) if pivot is None or pivot in (one, other)]
