"""Examples in files: a user's own, or published ones in the data folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.examples import Example
from waystage.data.readers.columns import Columns, examples_of
from waystage.data.readers.rows import Format
from waystage.data.source import Place, Split
from waystage.errors import DataError, Problem

LANGUAGE_MARK = "{lang}"
SPLIT_MARK = "{split}"


@dataclass(frozen=True, slots=True)
class FileSource:
    """One file a split and language.

    Attributes:
        paths: pairs of a split and a path, in which ``{lang}`` and ``{split}`` are replaced; relative to the
            study file, or to the data folder where ``is_published``.
        format: how the files are read.
        columns: which columns make an example.
        labels: the closed label set; empty for tasks without labels.
        is_published: the files belong to a published benchmark.
    """

    paths: tuple[tuple[Split, str], ...]
    format: Format
    columns: Columns
    labels: tuple[str, ...] = ()
    is_published: bool = False
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file; DataError where it is missing or the split has none."""
        pattern = pattern_of(self.paths, split)
        name = filled(pattern, split, language)
        return [published(place, name) if self.is_published else existing(place.study_dir / name)]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """The examples of the file, in its order."""
        path = self.files(split, language, place)[0]
        return examples_of(path, self.format.rows(path, self.columns.names), self.columns, self.labels)


def pattern_of(paths: tuple[tuple[Split, str], ...], split: Split) -> str:
    """The path given for a split; DataError where there is none."""
    for name, pattern in paths:
        if name == split:
            return pattern
    raise DataError(
        f"no file is given for the {split} split; there is one for {', '.join(n for n, _ in paths) or 'none'}"
    )


def filled(pattern: str, split: Split, language: str) -> str:
    """A path pattern with language and split put in.

    >>> filled("dev-{lang}.tsv", "validation", "sw")
    'dev-sw.tsv'
    """
    return pattern.replace(LANGUAGE_MARK, language).replace(SPLIT_MARK, split)


def data_dir(place: Place) -> Path:
    """The folder of published files; DataError where none was given."""
    if place.data_dir is None:
        raise DataError("this task needs a data folder: pass --data DIR")
    return place.data_dir


def published(place: Place, *names: str) -> Path:
    """The first of ``names`` that is in the data folder or its sub-folder ``download``.

    Raises:
        DataError: none is there; the message names the first.
    """
    for root in published_roots(place):
        for name in names:
            if (root / name).is_file():
                return root / name
    also = f" (or {', '.join(names[1:])})" if len(names) > 1 else ""
    raise DataError(Problem(data_dir(place) / names[0], None, None, f"there is no such file{also}"))


def published_roots(place: Place) -> tuple[Path, Path]:
    """The data folder, and where XTREME's scripts put their files in it."""
    return data_dir(place), data_dir(place) / "download"


def existing(path: Path) -> Path:
    """``path`` itself; DataError where there is no such file."""
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        is_file = False
    if not is_file:
        raise DataError(Problem(path, None, None, "there is no such file"))
    return path
