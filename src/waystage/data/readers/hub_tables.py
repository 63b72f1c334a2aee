"""Tables as dataset repositories of the hub hold them: what differs from a row with the columns of an example."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waystage.data.readers.rows import Format, Parquet, Row
from waystage.errors import DataError, Problem

# How the hub writes that an example has no label: it is withheld, or annotators did not agree on one.
NO_LABEL = -1


@dataclass(frozen=True, slots=True)
class ClassLabels:
    """Parquet with a column of class labels: whole numbers that count in a declared order from 0.

    Where the file itself names its classes (the features in its metadata), they have to be the declared ones.

    Attributes:
        column: one label a row, or a list of them.
        names: the labels by their numbers.
        leaves_out_unlabelled: rows with the label -1 are left out (no label was agreed on); otherwise -1 is a gold
            label that is withheld.
    """

    column: str
    names: tuple[str, ...]
    leaves_out_unlabelled: bool = False

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a record, labels by name; None where the label is withheld."""
        self._check_names(path)
        for row in Parquet().rows(path, columns):
            value = row.values.get(self.column)
            if value == NO_LABEL and self.leaves_out_unlabelled:
                continue
            named = [self._name(path, row, item) for item in value] if isinstance(value, list) else None
            label = named if named is not None else self._name(path, row, value)
            yield Row(row.line, {**row.values, self.column: label})

    def _name(self, path: Path, row: Row, value: Any) -> str | None:
        if value is None or value == NO_LABEL:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(self.names):
            return self.names[value]
        found, expected = f"label {str(value)[:80]!r}", f"a number from 0 to {len(self.names) - 1}, or {NO_LABEL}"
        raise DataError(Problem(path, row.line, self.column, found, expected))

    def _check_names(self, path: Path) -> None:
        names = class_names(path, self.column)
        if names is not None and names != self.names:
            found = f"classes in the order {', '.join(names)}"
            raise DataError(Problem(path, None, self.column, found, ", ".join(self.names)))


def class_names(path: Path, column: str) -> tuple[str, ...] | None:
    """The names that a Parquet file gives the classes of a column; None where it gives none.

    Raises:
        DataError: the file is not readable.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        metadata = parquet.read_schema(path).metadata or {}
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        feature = features[column]
        feature = feature.get("feature", feature) if isinstance(feature, dict) else feature[0]
        return tuple(feature["names"])
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        return None  # no such metadata, or in another form
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(Problem(path, None, None, f"not a readable Parquet file ({error})")) from error


@dataclass(frozen=True, slots=True)
class TaggedTable:
    """Parquet with words and their tags, whose columns are found as the public code that reads such files finds them.

    Words are in ``tokens``, or else in the first column; tags in ``pos_tags``, or else in the second (``run_ner.py`` of
    izhx/nlu-evals). Tags are text, or numbers whose names the file itself states: no order of labels is assumed.
    """

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a sentence, with the columns ``words`` and ``tags``; DataError where numbers have no names."""
        words, tags = _word_columns(path)
        names = class_names(path, tags)
        for row in Parquet().rows(path, (words, tags)):
            found = row.values[tags]
            if isinstance(found, list) and any(isinstance(tag, int) for tag in found):
                found = [_named_tag(path, row, tags, tag, names) for tag in found]
            yield Row(row.line, {"words": row.values[words], "tags": found})


def _word_columns(path: Path) -> tuple[str, str]:
    import pyarrow
    from pyarrow import parquet

    try:
        names = parquet.read_schema(path).names
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DataError(Problem(path, None, None, f"not a readable Parquet file ({error})")) from error
    words = "tokens" if "tokens" in names else next(iter(names), None)
    tags = "pos_tags" if "pos_tags" in names else names[1] if len(names) > 1 else None
    if words is None or tags is None or words == tags:
        found = f"the columns {', '.join(names) or 'none'}"
        raise DataError(Problem(path, None, None, found, "words and tags"))
    return words, tags


def _named_tag(path: Path, row: Row, column: str, tag: Any, names: tuple[str, ...] | None) -> str:
    if names is None:
        expected = "tags as text, or the names of the numbers in the file's metadata"
        raise DataError(Problem(path, row.line, column, f"the number {tag!r:.40} without a name", expected))
    if isinstance(tag, bool) or not isinstance(tag, int) or not 0 <= tag < len(names):
        raise DataError(Problem(path, row.line, column, f"tag {tag!r:.40}", f"a number from 0 to {len(names) - 1}"))
    return names[tag]


@dataclass(frozen=True, slots=True)
class MappedValues:
    """Another format with the values of one column replaced: ``"1"`` by ``"A"``, for example. None stays None."""

    format: Format
    column: str
    values: tuple[tuple[str, str], ...]

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """The rows of the other format; DataError where a value is none of the known ones."""
        known = dict(self.values)
        for row in self.format.rows(path, columns):
            if row.values.get(self.column) is None:
                yield row
                continue
            value = str(row.values[self.column]).strip()
            if value not in known:
                raise DataError(Problem(path, row.line, self.column, f"'{value[:80]}'", f"one of {', '.join(known)}"))
            yield Row(row.line, {**row.values, self.column: known[value]})


@dataclass(frozen=True, slots=True)
class XtremePairs:
    """XTREME's translated sentences on the hub, as the columns ``source`` (English) and ``target``.

    Each side says which language it is in; English may be either of them.
    """

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a pair."""
        names = ("source_sentence", "target_sentence", "source_lang", "target_lang")
        for row in Parquet().rows(path, names):
            sides = {row.values[f"{side}_lang"]: row.values[f"{side}_sentence"] for side in ("source", "target")}
            english = [language for language in sides if language in ("eng", "en")]
            if len(sides) != 2 or len(english) != 1:
                found = f"languages {row.values['source_lang']} and {row.values['target_lang']}"
                raise DataError(Problem(path, row.line, None, found, "English and one other"))
            other = next(language for language in sides if language != english[0])
            yield Row(row.line, {"source": sides[english[0]], "target": sides[other]})


@dataclass(frozen=True, slots=True)
class LetteredChoices:
    """Choices as two lists, letters and texts, in the column ``choices``: gives the texts, in order of the letters."""

    format: Format

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a question; DataError where the letters are not A, B, C and so on."""
        for row in self.format.rows(path, columns):
            choices: Any = row.values.get("choices")
            yield Row(row.line, {**row.values, "choices": lettered_texts(path, row, choices)})


def lettered_texts(path: Path, row: Row, choices: Any) -> list[Any]:
    """The texts of choices that are lettered A, B, C and so on.

    ``choices`` is a mapping of two lists, ``label`` and ``text``, or a list of mappings with these keys.

    Raises:
        DataError: it is neither, or the letters are others or in another order.
    """
    pairs = list(_pairs(choices))
    letters = "".join(str(letter) for letter, _ in pairs)
    if not pairs or letters != "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(pairs)]:
        found = f"choices {letters[:30]}" if pairs else "no list of choices"
        raise DataError(Problem(path, row.line, "choices", found, "texts lettered A, B, C and so on, in order"))
    return [text for _, text in pairs]


def _pairs(choices: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(choices, Mapping):
        labels, texts = choices.get("label"), choices.get("text")
        if isinstance(labels, list) and isinstance(texts, list) and len(labels) == len(texts):
            yield from zip(labels, texts, strict=True)
    elif isinstance(choices, list) and all(isinstance(choice, Mapping) for choice in choices):
        yield from ((choice.get("label"), choice.get("text")) for choice in choices)
