"""The published table of templates: rows of fields by test, columns of languages, some with variants.

A language has one column, or pairs of columns: texts, and beside each what it is for. ``adj`` in Russian, say, has a
form for some questions only; the column ``ru-placeholders`` beside it then lists those, in English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.readers.lines import numbered_lines
from waystage.errors import DataError, Problem

ENGLISH = "en"
_CONDITIONS = "-placeholders"
_HEADER, _NAME, _CAPABILITY = "Field", "Name", "Capability"
_ANSWER = "Answer"
_SEPARATORS = re.compile(r"\s*[,،，、]\s*")


@dataclass(frozen=True, slots=True)
class Variant:
    """A text, and the English values that it is for; none: it is for all that no other variant is for."""

    text: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table in one language, with its English text and how the table names that beside variants."""

    line: int
    english: str
    names: frozenset[str]
    variants: tuple[Variant, ...]

    def text(self, choose: Callable[[], Mapping[str, Mapping[str, bool]]]) -> str | None:
        """The variant for what was chosen; None where the language has none for it.

        Args:
            choose: gives field to English value to whether it was chosen. A variant's values are taken by field:
                of each field that they name, one has to be chosen.
        """
        if len(self.variants) == 1 and not self.variants[0].values:
            return self.variants[0].text
        chosen = choose()
        named = (variant for variant in self.variants if variant.values and _fits(variant.values, chosen))
        general = (variant for variant in self.variants if not variant.values)
        found = next(named, None) or next(general, None)
        return found.text if found else None


def _fits(values: Sequence[str], chosen: Mapping[str, Mapping[str, bool]]) -> bool:
    named = {field: [marks[value] for value in values if value in marks] for field, marks in chosen.items()}
    return any(named.values()) and all(any(marks) for marks in named.values() if marks)


@dataclass(frozen=True, slots=True)
class TestTemplates:
    """One test in one language: rows by field (``Context``, ``Question``, ``Answer``, ``adj``...), in order."""

    language: str
    rows: Mapping[str, tuple[Row, ...]]


def read_templates(path: Path, name: str, language: str) -> TestTemplates:
    """The rows of the test called ``name`` in a language.

    Raises:
        DataError: the file is not such a table, or lacks the language or the test.
    """
    lines = ((number, line.split("\t")) for number, line in numbered_lines(path))
    number, header = next(lines)
    columns = _columns(path, number, header, language)
    rows: dict[str, list[Row]] = {}
    for number, cells in _of_test(lines, name):
        if len(cells) > len(header):
            raise DataError(Problem(path, number, None, f"{len(cells)} columns", f"at most {len(header)}"))
        row = _row(number, cells, columns, header.index(ENGLISH))
        if row.english and not row.variants:
            raise DataError(Problem(path, number, language, f"no text for {row.english!r}", "a translation"))
        rows.setdefault(cells[0].strip(), []).append(row)
    if not rows:
        raise DataError(Problem(path, None, None, f"no test {name!r} in the table", "a row 'Name' with it"))
    return TestTemplates(language, {field: tuple(own) for field, own in rows.items()})


def _columns(path: Path, number: int, header: Sequence[str], language: str) -> list[tuple[int, int | None]]:
    """Places of the texts of a language, each with that of what they are for."""
    if header[0] != _HEADER or ENGLISH not in header:
        raise DataError(
            Problem(path, number, None, "not a table of templates", f"a column '{_HEADER}', and '{ENGLISH}'")
        )
    places = [place for place, title in enumerate(header) if title == language and not title.endswith(_CONDITIONS)]
    if not places:
        known = ", ".join(title for title in dict.fromkeys(header[1:]) if not title.endswith(_CONDITIONS))
        raise DataError(Problem(path, number, None, f"no column '{language}'", f"one of {known}"))
    titles = dict(enumerate(header))
    return [(place, place + 1 if titles.get(place + 1) == language + _CONDITIONS else None) for place in places]


def _of_test(lines: Iterator[tuple[int, list[str]]], name: str) -> Iterator[tuple[int, list[str]]]:
    """The lines below the test's name, to the next one."""
    is_inside = False
    for number, cells in lines:
        if cells[0] == _NAME:
            is_inside = len(cells) > 1 and cells[1].strip() == name
        elif is_inside and cells[0].strip() not in ("", _CAPABILITY):
            yield number, cells


def _row(number: int, cells: Sequence[str], columns: Sequence[tuple[int, int | None]], english: int) -> Row:
    def cell(place: int | None) -> str:
        return cells[place].strip() if place is not None and place < len(cells) else ""

    variants = [Variant(cell(text), split_values(cell(values))) for text, values in columns if cell(text)]
    if cells[0].strip() == _ANSWER:
        # Beside an answer stands another form of it, not what it is for (Quechua).
        others = [cell(values) for _, values in columns if "{" in cell(values)]
        variants = [Variant(own.text) for own in variants] + [Variant(text) for text in others]
    text = cell(english)
    return Row(number, text, frozenset((text, *split_values(text), text.split(" ")[-1])), tuple(variants))


def split_values(text: str) -> tuple[str, ...]:
    """The parts between commas, of whatever script.

    >>> split_values("older, old"), split_values("")
    (('older', 'old'), ())
    """
    return tuple(part for part in _SEPARATORS.split(text) if part)
