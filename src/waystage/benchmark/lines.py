"""Files with one answer a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from waystage.benchmark.form import Measure, ScoredFile
from waystage.data.readers.columns import MAX_PROBLEMS
from waystage.data.readers.lines import read_text
from waystage.data.readers.rows import JsonLines
from waystage.errors import DataError, Problem, nearest_name
from waystage.metrics.accuracy import LABEL_ACCURACY
from waystage.metrics.metric import Metric
from waystage.metrics.span_counts import IntArray

_N_SHOWN = 80


class LineReader(Protocol):
    """How the answers of a file are read."""

    @property
    def extension(self) -> str:
        """Of the files, without the dot."""

    def read(self, path: Path) -> IntArray:
        """The answer of each line as a number, ``[n_lines]``.

        Raises:
            DataError: up to 20 lines that are not an answer.
        """


@dataclass(frozen=True, slots=True)
class LabelLines:
    """One of ``labels`` a line."""

    labels: tuple[str, ...]
    extension: str = "tsv"

    def read(self, path: Path) -> IntArray:
        """Places in ``labels``."""
        return coded(path, stripped_lines(path), self.labels, "label")


@dataclass(frozen=True, slots=True)
class IndexLines:
    """A whole number from 0 a line: the place of the sentence that was found."""

    extension: str = "tsv"

    def read(self, path: Path) -> IntArray:
        """The numbers."""
        lines = stripped_lines(path)
        refuse(
            Problem(path, number, None, f"{shown(line)} instead of a place", "a whole number from 0")
            for number, line in enumerate(lines, 1)
            if not _is_index(line)
        )
        return np.array([int(line) for line in lines], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class LabelObjects:
    """A JSON object a line, whose ``label`` is a number from 0 to ``n_labels`` - 1; other keys are not read."""

    n_labels: int
    extension: str = "jsonl"

    def read(self, path: Path) -> IntArray:
        """The labels."""
        expected = f"a whole number from 0 to {self.n_labels - 1}"
        found: list[int] = []
        problems: list[Problem] = []
        for row in JsonLines().rows(path, ("label",)):
            if row.line != len(found) + len(problems) + 1:
                raise DataError(Problem(path, len(found) + len(problems) + 1, None, "an empty line", "a JSON object"))
            label = row.values.get("label")
            if isinstance(label, int) and not isinstance(label, bool) and 0 <= label < self.n_labels:
                found.append(label)
            else:
                text = json.dumps(label)[:_N_SHOWN] if "label" in row.values else "no label"
                problems.append(Problem(path, row.line, "label", text, expected))
        refuse(problems)
        return np.array(found, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class OneAnswerALine:
    """Line i of the predictions answers line i of the gold; accuracy."""

    reader: LineReader
    measures: tuple[Measure, ...] = (Measure("accuracy", LABEL_ACCURACY.score),)
    metric: Metric = LABEL_ACCURACY

    @property
    def extension(self) -> str:
        """Of both files, without the dot."""
        return self.reader.extension

    def score(self, gold: Path, predictions: Path, language: str) -> ScoredFile:
        """Correct (0 or 1), and 1, for each line."""
        right, answers = self.reader.read(gold), self.reader.read(predictions)
        if right.size != answers.size:
            line = min(right.size, answers.size) + (right.size < answers.size)
            found, expected = f"{answers.size} lines", f"{right.size}, as in {gold}"
            raise DataError(Problem(predictions, line, None, found, expected))
        is_correct = (right == answers).astype(np.float64)
        return ScoredFile(np.stack([is_correct, np.ones_like(is_correct)], axis=1))


def stripped_lines(path: Path) -> list[str]:
    """Lines without white space around them and without line ends (LF or CR LF).

    Raises:
        DataError: the file cannot be read, is empty, is not UTF-8, or has a NUL character.
    """
    text = read_text(path)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    lines = text.removesuffix("\n").split("\n")
    return [line.strip(" \t") for line in lines] if " " in text or "\t" in text else lines


def coded(path: Path, lines: Sequence[str], labels: Sequence[str], what: str) -> IntArray:
    """The place of each line in ``labels``.

    Raises:
        DataError: up to 20 lines that are not among them; ``what`` names what a line should be.
    """
    place_of = {label: place for place, label in enumerate(labels)}
    if not place_of.keys() >= set(lines):
        known = [label for label in labels if label]
        expected = f"one of {', '.join(known)}"
        unknown = ((number, line) for number, line in enumerate(lines, 1) if line not in place_of)
        refuse(
            Problem(path, number, None, found, expected, nearest_name(line[:_N_SHOWN], known))
            for number, line in unknown
            for found in [f"unknown {what} {shown(line)}" if line else "an empty line"]
        )
    return np.fromiter(map(place_of.__getitem__, lines), np.int64, len(lines))


def refuse(problems: Iterable[Problem]) -> None:
    """Raises a DataError of the first 20 problems, if there is one; later ones are not even looked for."""
    first = list(islice(problems, MAX_PROBLEMS))
    if first:
        raise DataError(first)


def shown(text: str) -> str:
    """Text in quotes, at most 80 characters of it, so that it can be printed whatever it is.

    >>> shown("a\\tb")
    "'a\\\\tb'"
    """
    return ascii(text[:_N_SHOWN]) if not text.isprintable() else repr(text[:_N_SHOWN])


def _is_index(line: str) -> bool:
    """Digits without a leading zero, and no more of them than a file has lines."""
    return line.isascii() and line.isdigit() and len(line) < 10 and (line == "0" or line[0] != "0")
