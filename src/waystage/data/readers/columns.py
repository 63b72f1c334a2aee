"""From rows to examples: which column is what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from waystage.data.examples import Example, ParallelExample, TaggedExample, TextExample
from waystage.data.readers.rows import Row
from waystage.errors import DataError, Problem, nearest_name

MAX_PROBLEMS = 20


class RowError(Exception):
    """A row that cannot be made an example; the caller knows the file and the line."""

    def __init__(self, field: str, found: str, expected: str | None = None, nearest: str | None = None) -> None:
        super().__init__(found)
        self.field, self.found, self.expected, self.nearest = field, found, expected, nearest


class Columns(Protocol):
    """Which columns make an example."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at."""

    def example(self, row: Row, example_id: str, labels: tuple[str, ...]) -> Example:
        """The example of a row. Raises RowError where a value is missing or unfit."""

    @property
    def id(self) -> str | None:
        """The column of the id; None: examples are numbered from 1."""


@dataclass(frozen=True, slots=True)
class TextColumns:
    """A sentence or a pair, with a label (``label`` None: the gold is withheld throughout)."""

    text: str = "text"
    pair: str | None = None
    label: str | None = "label"
    id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(name for name in (self.text, self.pair, self.label, self.id) if name is not None)

    def example(self, row: Row, example_id: str, labels: tuple[str, ...]) -> TextExample:
        """The example of a row; a null label is a withheld one."""
        text = _text(row, self.text)
        pair = _text(row, self.pair) if self.pair is not None else None
        value = _value(row, self.label) if self.label is not None else None
        label = _label(value, self.label or "", labels) if value is not None else None
        return TextExample(example_id, text, pair, label)


@dataclass(frozen=True, slots=True)
class TaggedColumns:
    """Words and their tags: lists, or text separated by spaces (``tags`` None: the gold is withheld)."""

    words: str = "words"
    tags: str | None = "tags"
    id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(name for name in (self.words, self.tags, self.id) if name is not None)

    def example(self, row: Row, example_id: str, labels: tuple[str, ...]) -> TaggedExample:
        """The example of a row; absent or null tags are withheld ones."""
        words = tuple(_sound(word, self.words) for word in _list(_value(row, self.words), self.words))
        found = row.values.get(self.tags) if self.tags is not None else None
        if found is None or self.tags is None:
            return TaggedExample(example_id, words, None)
        column = self.tags
        tags = tuple(_label(tag, column, labels) for tag in _list(found, column))
        if len(tags) != len(words):
            raise RowError(column, f"{len(tags)} tags for {len(words)} words", "a tag a word")
        return TaggedExample(example_id, words, tags)


@dataclass(frozen=True, slots=True)
class ParallelColumns:
    """A sentence in the source language and its translation."""

    source: str = "source"
    target: str = "target"
    id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(name for name in (self.source, self.target, self.id) if name is not None)

    def example(self, row: Row, example_id: str, labels: tuple[str, ...]) -> ParallelExample:
        """The example of a row."""
        return ParallelExample(example_id, _text(row, self.source), _text(row, self.target))


def examples_of(path: Path, rows: Iterable[Row], columns: Columns, labels: tuple[str, ...]) -> list[Example]:
    """The examples of one file.

    An integer label that is not itself in ``labels`` is an index into them, as hub datasets write it.

    Raises:
        DataError: up to 20 problems at once: values that are missing or unfit, unknown labels, ids that
            repeat; or no example at all.
    """
    examples: list[Example] = []
    problems: list[Problem] = []
    first_line_of: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        try:
            example_id = str(number) if columns.id is None else _id(row, columns.id)
            if example_id in first_line_of:
                found = f"id '{example_id}' again, first in line {first_line_of[example_id]}"
                raise RowError(columns.id or "id", found, "a unique id")
            first_line_of[example_id] = row.line
            examples.append(columns.example(row, example_id, labels))
        except RowError as error:
            problems.append(Problem(path, row.line, error.field, error.found, error.expected, error.nearest))
            if len(problems) == MAX_PROBLEMS:
                break
    if problems:
        raise DataError(problems)
    if not examples:
        raise DataError(Problem(path, None, None, "no examples in the file"))
    return examples


def _value(row: Row, column: str) -> Any:
    if column not in row.values:
        present = ", ".join(sorted(row.values)) or "nothing"
        raise RowError(column, "missing", f"one of what is there: {present}", nearest_name(column, row.values))
    return row.values[column]


def _text(row: Row, column: str) -> str:
    value = _value(row, column)
    if not isinstance(value, str):
        raise RowError(column, f"{type(value).__name__} instead of text", "text")
    return _sound(value.strip(), column)


def _sound(value: Any, column: str) -> str:
    """Text that is neither empty nor impossible to write down again."""
    if not isinstance(value, str):
        raise RowError(column, f"{type(value).__name__} instead of text", "text")
    if not value.strip():
        raise RowError(column, "empty", "text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise RowError(column, "half of a surrogate pair", "text in Unicode") from None
    return value


def _id(row: Row, column: str) -> str:
    value = _value(row, column)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise RowError(column, f"{type(value).__name__} instead of an id", "text or a whole number")
    return _sound(str(value), column)


def _list(value: Any, column: str) -> list[Any]:
    items = value.split() if isinstance(value, str) else value
    if not isinstance(items, list):
        raise RowError(column, f"{type(value).__name__} instead of a list", "a list, or text separated by spaces")
    if not items:
        raise RowError(column, "empty", "at least one word")
    return items


def _label(value: Any, column: str, labels: tuple[str, ...]) -> str:
    text = value.strip() if isinstance(value, str) else str(value)
    if text in labels:
        return text
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(labels):
        return labels[value]
    shown = text.encode("utf-8", "replace").decode("utf-8")[:80]
    listed = ", ".join(labels[:20]) + (", ..." if len(labels) > 20 else "")
    raise RowError(column, f"unknown label '{shown}'", f"one of {listed}", nearest_name(shown, labels))
