"""From rows to examples: which column is what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from waystage.data.examples import (
    Answer,
    Candidate,
    Example,
    MatchExample,
    MultipleChoiceExample,
    ParallelExample,
    QueryExample,
    QuestionExample,
    TaggedExample,
    TextExample,
)
from waystage.data.readers.rows import Row
from waystage.errors import DataError, Problem, nearest_name

MAX_PROBLEMS = 20
HALF_SURROGATE = "half of a surrogate pair"
_MARK = re.compile(r"\{([^{}]+)\}")


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


@dataclass(frozen=True, slots=True)
class ChoiceColumns:
    """A text with choices.

    Attributes:
        text: a column, or a template with columns in braces: ``"{context} {question}"``.
        choices: one column that holds a list, or a column a choice.
        answer: the right choice: its position from 0, or a letter from A; None where the gold is withheld.
        id: the column of the id.
    """

    text: str = "text"
    choices: tuple[str, ...] = ("choices",)
    answer: str | None = "answer"
    id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        in_text = tuple(_MARK.findall(self.text)) or (self.text,)
        return (*in_text, *self.choices, *(name for name in (self.answer, self.id) if name is not None))

    def example(self, row: Row, example_id: str, labels: tuple[str, ...]) -> MultipleChoiceExample:
        """The example of a row; a null or absent answer is a withheld one."""
        if len(self.choices) == 1:
            column = self.choices[0]
            found = _value(row, column)
            if not isinstance(found, list) or len(found) < 2:
                raise RowError(column, "not a list of choices", "a list of at least two")
            choices = tuple(_sound(choice, column).strip() for choice in found)
        else:
            choices = tuple(_text(row, column) for column in self.choices)
        value = row.values.get(self.answer) if self.answer is not None else None
        answer = None if value is None else _position(value, self.answer or "", len(choices))
        return MultipleChoiceExample(example_id, self._text(row), choices, answer)

    def _text(self, row: Row) -> str:
        if not _MARK.search(self.text):
            return _text(row, self.text)
        return _MARK.sub(lambda mark: _text(row, mark[1]), self.text)


@dataclass(frozen=True, slots=True)
class QuestionColumns:
    """A question, its context and the answers that are accepted.

    ``answers`` holds a list of objects ``{"text": ..., "answer_start": ...}``, an object of two lists of these names,
    or the text of the one answer, which then is its first occurrence; an empty list or text says that there is no
    answer. None, or answers whose texts are blank, are withheld.
    """

    question: str = "question"
    context: str = "context"
    answers: str | None = "answers"
    id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(name for name in (self.question, self.context, self.answers, self.id) if name is not None)

    def example(self, row: Row, example_id: str, labels: tuple[str, ...]) -> QuestionExample:
        """The example of a row. The context keeps its white space: answers are counted in it."""
        context = _sound(_value(row, self.context), self.context)
        value = row.values.get(self.answers) if self.answers is not None else None
        answers = None if value is None else _answers(value, self.answers or "", context)
        return QuestionExample(example_id, _text(row, self.question), context, answers)


@dataclass(frozen=True, slots=True)
class QueryColumns:
    """A query and the ids of its right candidates: a list, or text separated by spaces; empty where none is right."""

    query: str = "query"
    answers: str = "answers"
    id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(name for name in (self.query, self.answers, self.id) if name is not None)

    def example(self, row: Row, example_id: str, labels: tuple[str, ...]) -> QueryExample:
        """The example of a row; null answers are withheld ones."""
        value = _value(row, self.answers)
        if value is None:
            return QueryExample(example_id, _text(row, self.query), None)
        found = value.split() if isinstance(value, str) else value if isinstance(value, list) else [value]
        answers = tuple(_id(Row(row.line, {self.answers: answer}), self.answers) for answer in found)
        if len(set(answers)) < len(answers):
            raise RowError(self.answers, "the same id twice", "each id once")
        return QueryExample(example_id, _text(row, self.query), answers)


@dataclass(frozen=True, slots=True)
class MatchColumns:
    """A query and the text that is right for it, with the text around that where ``context`` names a column."""

    query: str = "query"
    text: str = "text"
    context: str | None = None
    id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(name for name in (self.query, self.text, self.context, self.id) if name is not None)

    def example(self, row: Row, example_id: str, labels: tuple[str, ...]) -> MatchExample:
        """The example of a row."""
        context = None if self.context is None else _text(row, self.context)
        return MatchExample(example_id, _text(row, self.query), _text(row, self.text), context)


@dataclass(frozen=True, slots=True)
class CandidateColumns:
    """A candidate of a pool, with the text around it where ``context`` names a column."""

    text: str = "text"
    context: str | None = None
    id: str | None = "id"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(name for name in (self.text, self.context, self.id) if name is not None)

    def example(self, row: Row, example_id: str, labels: tuple[str, ...]) -> Candidate:
        """The candidate of a row."""
        return Candidate(example_id, _text(row, self.text), None if self.context is None else _text(row, self.context))


def _answers(value: Any, column: str, context: str) -> tuple[Answer, ...] | None:
    if isinstance(value, str):
        return (_answer(value, None, column, context),) if value.strip() else ()
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        starts = value.get("answer_start")
        if not isinstance(starts, list) or len(starts) != len(value["text"]):
            raise RowError(
                column, "texts and starts of answers that do not go together", "as many of one as of the other"
            )
        pairs = list(zip(value["text"], starts, strict=True))
    elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
        pairs = [(item.get("text"), item.get("answer_start")) for item in value]
    else:
        raise RowError(column, f"{type(value).__name__} instead of answers", "a list of text and answer_start")
    if pairs and all(text == "" for text, _ in pairs):
        return None
    return tuple(_answer(text, start, column, context) for text, start in pairs)


def _answer(text: Any, start: Any, column: str, context: str) -> Answer:
    text = _sound(text, column)
    first = context.find(text)
    if first < 0:
        raise RowError(column, f"the answer '{text[:80]}' is not in its context", "a stretch of the context")
    if start is None:
        return Answer(first, text)
    if isinstance(start, bool) or not isinstance(start, int):
        raise RowError(column, f"{type(start).__name__} instead of the start of an answer", "a whole number")
    if start < 0 or context[start : start + len(text)] != text:
        found = f"the answer '{text[:80]}' does not stand at character {start} of its context"
        raise RowError(column, found, f"the character where it stands, the first time {first}")
    return Answer(start, text)


def _position(value: Any, column: str, n_choices: int) -> int:
    """A position from 0; letters count from A."""
    text = str(value).strip()
    is_number = text.isascii() and text.isdigit() and not isinstance(value, bool)
    position = int(text) if is_number else "ABCDEFGHIJKLMNOPQRSTUVWXYZ".find(text) if len(text) == 1 else -1
    if not 0 <= position < n_choices:
        raise RowError(column, f"'{text[:80]}' is none of {n_choices} choices", "a position from 0, or a letter from A")
    return position


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
    if not is_encodable(value):
        raise RowError(column, HALF_SURROGATE, "text in Unicode")
    return value


def is_encodable(text: str) -> bool:
    """Whether text can be written down: JSON can hold half of a surrogate pair, UTF-8 cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


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
