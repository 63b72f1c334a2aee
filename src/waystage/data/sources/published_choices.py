"""Published multiple choice: COPA and CommonsenseQA as their files are laid out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waystage.data.examples import Example
from waystage.data.readers.columns import ChoiceColumns, examples_of
from waystage.data.readers.hub_tables import lettered_texts
from waystage.data.readers.lines import numbered_lines
from waystage.data.readers.rows import JsonLines, Row
from waystage.data.source import Place, Split
from waystage.data.sources.files import published
from waystage.errors import DataError, Problem

# XTREME-R's wording for every language.
COPA_COLUMNS = ChoiceColumns("{premise} What was the {question}?", ("choice1", "choice2"), "label", id="idx")


@dataclass(frozen=True, slots=True)
class Copa:
    """COPA in SuperGLUE's JSON lines: ``copa/{train,val,test}-en.jsonl``, English only.

    SuperGLUE's test file has a placeholder for every label; ``copa/test-labels.txt`` has the real ones, line by line,
    and without it the gold of the test split is withheld.
    """

    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The examples, and the labels of the test split where they are there."""
        path = published(place, f"copa/{'val' if split == 'validation' else split}-en.jsonl")
        labels = path.with_name("test-labels.txt")
        return [path, labels] if split == "test" and labels.is_file() else [path]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Examples, in file order."""
        path, *labels = self.files(split, language, place)
        rows: Iterable[Row] = JsonLines().rows(path, ())
        if split == "test":
            rows = self._with_labels(path, list(rows), labels)
        return examples_of(path, rows, COPA_COLUMNS, ())

    def _with_labels(self, path: Path, rows: list[Row], labels: list[Path]) -> Iterator[Row]:
        given: list[str | None] = (
            [line.strip() for _, line in numbered_lines(labels[0])] if labels else [None] * len(rows)
        )
        if len(given) != len(rows):
            expected = f"{len(rows)}, as in {path}"
            raise DataError(Problem(labels[0], None, None, f"{len(given)} lines", expected))
        for row, label in zip(rows, given, strict=True):
            yield Row(row.line, {**row.values, "label": label})


@dataclass(frozen=True, slots=True)
class CommonsenseQaLines:
    """CommonsenseQA's JSON lines as rows with the columns ``stem``, ``choices``, ``answerKey`` and ``id``."""

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a question; choices are in the order of their letters."""
        for row in JsonLines().rows(path, columns):
            question: Any = row.values.get("question")
            if not isinstance(question, dict):
                raise DataError(Problem(path, row.line, "question", "no question with choices", "CommonsenseQA's form"))
            texts = lettered_texts(path, row, question.get("choices"))
            yield Row(row.line, {**row.values, "stem": question.get("stem"), "choices": texts})
