"""Machine-translated training data of pairs, as XTREME and XNLI publish it.

XTREME's files (``en-{lang}-translated.tsv``) have no header. Those of September 2020 and later have the English pair
first: five columns, of which the last three are the translated pair and the label; earlier ones have these three alone.
XTREME's own script reads the first three columns of either. Both spell the label ``contradictory``, and so does
XNLI-MT (``multinli.train.{lang}.tsv``), whose header is ``premise hypo label``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from waystage.data.readers.lines import numbered_lines
from waystage.data.readers.rows import Row
from waystage.errors import DataError, Problem

_SPELLED = {"contradictory": "contradiction"}


def xtreme_names(folder: str, benchmark: str, language: str) -> tuple[str, str]:
    """Where XTREME's scripts look for a translated training set, and where its authors' bucket has it."""
    name = f"en-{language}-translated.tsv"
    return f"{folder}/{name}", f"xtreme_translations/{benchmark}/translate-train/{name}"


def translated_rows(path: Path, names: tuple[str, str, str]) -> Iterator[Row]:
    """The translated pairs of a file, with their labels, under three names.

    Raises:
        DataError: a line has neither three nor five columns.
    """
    for number, line in numbered_lines(path):
        columns = line.split("\t")
        if number == 1 and columns[0] == "premise":
            continue
        if len(columns) not in (3, 5):
            raise DataError(Problem(path, number, None, f"{len(columns)} columns", "three, or five with the original"))
        first, second, label = columns[-3:]
        label = label.strip()
        yield Row(number, dict(zip(names, (first, second, _SPELLED.get(label, label)), strict=True)))
