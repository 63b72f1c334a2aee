"""Supertags of combinatory categorial grammar: ``word|POS|tag`` lines, and CCGbank's derivations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.readers.lines import numbered_lines
from waystage.data.readers.rows import Row
from waystage.errors import DataError, Problem

_LEAF = re.compile(r"\(<L (\S+) \S+ \S+ (\S+) \S+>\s*\)")


@dataclass(frozen=True, slots=True)
class Supertags:
    """A sentence a line, words separated by spaces; the columns ``words`` and ``tags``."""

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a sentence; DataError where a word is not of this form."""
        for number, line in numbered_lines(path):
            cells = [cell.split("|") for cell in line.split()]
            wrong = next((cell for cell in cells if len(cell) != 3 or not all(cell)), None)
            if wrong is not None:
                raise DataError(Problem(path, number, None, f"'{'|'.join(wrong)}'", "word|POS|supertag"))
            if cells:
                yield Row(number, {"words": [cell[0] for cell in cells], "tags": [cell[2] for cell in cells]})


@dataclass(frozen=True, slots=True)
class CcgAuto:
    """CCGbank's ``.auto`` files: a line ``ID=...``, then a derivation whose leaves are the words."""

    def rows(self, path: Path, columns: Sequence[str]) -> Iterator[Row]:
        """One row a derivation; DataError where a line has no words."""
        for number, line in numbered_lines(path):
            if not line.strip() or line.startswith("ID="):
                continue
            leaves = _LEAF.findall(line)
            if not leaves:
                raise DataError(
                    Problem(path, number, None, "a derivation without words", "leaves (<L tag POS POS word tag>)")
                )
            yield Row(number, {"words": [word for _, word in leaves], "tags": [tag for tag, _ in leaves]})
