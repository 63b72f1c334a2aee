"""Formats with one example a row: JSON lines, delimited text, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from waystage.data.readers.lines import numbered_lines, read_text
from waystage.errors import DataError, Problem

# Rows in memory at a time: documents may be long.
_PARQUET_ROWS = 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One example as its file has it; ``line`` is where it starts (the row number in Parquet)."""

    line: int
    values: dict[str, Any]


class Format(Protocol):
    """A file format."""

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """Rows in file order; ``columns`` are those that will be looked at, others may be left out.

        Raises:
            DataError: the file is unreadable or a line is malformed.
        """


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One JSON object a line; blank lines are skipped."""

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row an object."""
        for number, line in numbered_lines(path):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                reason = getattr(error, "msg", None) or type(error).__name__
                raise DataError(Problem(path, number, None, f"not JSON ({reason})", "a JSON object")) from error
            if not isinstance(values, dict):
                raise DataError(Problem(path, number, None, f"a JSON {type(values).__name__}", "a JSON object"))
            yield Row(number, values)


@dataclass(frozen=True, slots=True)
class Delimited:
    """Columns between delimiters.

    Attributes:
        delimiter: one character.
        is_quoted: fields may stand in double quotes (CSV); in TSV a quote is a character like any other.
        names: the columns' names where the file has no header line.
    """

    delimiter: str
    is_quoted: bool
    names: tuple[str, ...] = ()

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a record; the first line names the columns unless ``names`` does."""
        names = self.names
        for line, fields in self._records(path):
            if not fields:
                continue
            if not names:
                names = _header(path, line, fields, columns)
                continue
            if len(fields) != len(names):
                expected = f"{len(names)} ({', '.join(names)})"
                raise DataError(Problem(path, line, None, f"{len(fields)} columns", expected))
            yield Row(line, dict(zip(names, fields, strict=True)))

    def _records(self, path: Path) -> Iterator[tuple[int, list[str]]]:
        if not self.is_quoted:
            for number, text in numbered_lines(path):
                yield number, text.split(self.delimiter) if text.strip() else []
            return
        reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=self.delimiter, strict=True)
        line = 1
        try:
            for fields in reader:
                yield line, fields
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataError(Problem(path, line, None, f"not CSV ({error})")) from error


def _header(path: Path, line: int, fields: list[str], columns: Sequence[str]) -> tuple[str, ...]:
    names = tuple(field.strip() for field in fields)
    missing = [column for column in columns if column not in names]
    if missing:
        found = f"no column {', '.join(repr(column) for column in missing)} in the header"
        raise DataError(Problem(path, line, None, found, f"one of {', '.join(names)}"))
    if len(set(names)) < len(names):
        raise DataError(Problem(path, line, None, "a header that names a column twice", "different names"))
    return names


@dataclass(frozen=True, slots=True)
class Parquet:
    """An Apache Parquet file."""

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a record, numbered from 1."""
        import pyarrow
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(path) as file:
                names = file.schema_arrow.names
                missing = [column for column in columns if column not in names]
                if missing:
                    found = f"no column {', '.join(repr(column) for column in missing)}"
                    raise DataError(Problem(path, None, None, found, f"one of {', '.join(names)}"))
                number = 0
                for batch in file.iter_batches(_PARQUET_ROWS, columns=list(columns)):
                    for values in batch.to_pylist():
                        number += 1
                        yield Row(number, values)
        except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise DataError(Problem(path, None, None, f"not a readable Parquet file ({error})")) from error


def aligned_rows(paths: dict[str, Path]) -> Iterator[Row]:
    """Rows of files whose lines belong together: line i of each file, under the file's key.

    Raises:
        DataError: the files have different numbers of lines.
    """
    columns = {name: [line for _, line in numbered_lines(path)] for name, path in paths.items()}
    first_name = next(iter(paths))
    n_lines = len(columns[first_name])
    for name, lines in columns.items():
        if len(lines) != n_lines:
            expected = f"{n_lines}, as in {paths[first_name]}"
            raise DataError(Problem(paths[name], None, None, f"{len(lines)} lines", expected))
    for index in range(n_lines):
        yield Row(index + 1, {name: lines[index] for name, lines in columns.items()})
