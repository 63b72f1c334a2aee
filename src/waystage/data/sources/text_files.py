"""Raw text in files: one document a line, or a column of tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.readers.lines import numbered_lines
from waystage.data.readers.rows import Format
from waystage.data.source import Place
from waystage.data.sources.files import data_dir, existing, filled
from waystage.errors import DataError, Problem, first_line


@dataclass(frozen=True, slots=True)
class TextFilesCorpus:
    """A user's own text files.

    Attributes:
        paths: pairs of a language and its paths, in which ``{lang}`` is replaced and ``*`` stands for any
            characters; relative to the study file. What ``*`` finds is read in sorted order.
        format: how tables are read; None for text files.
        column: the column of the text; not looked at for text files.
        skips_unreadable: pass over files that cannot be read as what they are.
    """

    paths: tuple[tuple[str, tuple[str, ...]], ...]
    format: Format | None = None
    column: str = "text"
    skips_unreadable: bool = False
    version: int = 1

    def files(self, language: str, place: Place) -> Sequence[Path]:
        """The files of a language; DataError where it has none, or a path names no file."""
        patterns = dict(self.paths).get(language)
        if not patterns:
            raise DataError(f"no text files are given for '{language}'")
        return [path for pattern in patterns for path in _expanded(place.study_dir, filled(pattern, "train", language))]

    def read(self, language: str, place: Place) -> Iterator[str]:
        """Documents that are not blank, in file order."""
        return self._files(language, place).documents()

    def unreadable(self, language: str, place: Place) -> dict[Path, str]:
        """Files that are passed over, and why."""
        return self._files(language, place).unreadable()

    def _files(self, language: str, place: Place) -> DocumentFiles:
        return DocumentFiles(self.files(language, place), self.format, self.column, self.skips_unreadable)


@dataclass(frozen=True, slots=True)
class DocumentFiles:
    """Files with documents: see :class:`TextFilesCorpus`."""

    paths: Sequence[Path]
    format: Format | None
    column: str
    skips_unreadable: bool

    def documents(self) -> Iterator[str]:
        """Documents that are not blank, in file order.

        Raises:
            DataError: a file cannot be read, or, where such files are passed over, none can.
        """
        skipped = self.unreadable()
        if skipped and len(skipped) == len(self.paths):
            path, reason = next(iter(skipped.items()))
            raise DataError(f"none of {len(skipped)} files can be read; the first, {path}: {reason}")
        for path in self.paths:
            if path not in skipped:
                yield from self._of(path)

    def unreadable(self) -> dict[Path, str]:
        """Files that are passed over, and why: each is read to its end to find out, and none of it is used."""
        if not self.skips_unreadable:
            return {}
        reasons = {path: _reason(self._of(path)) for path in self.paths}
        return {path: reason for path, reason in reasons.items() if reason is not None}

    def _of(self, path: Path) -> Iterator[str]:
        return documents([path]) if self.format is None else documents_in_tables([path], self.format, self.column)


def _reason(content: Iterator[str]) -> str | None:
    try:
        for _ in content:
            pass
    except DataError as error:
        (problem, *_) = error.problems or (None,)
        if problem is None:
            return first_line(error)
        return problem.found if problem.line is None else f"{problem.found} in line {problem.line}"
    return None


@dataclass(frozen=True, slots=True)
class RawTextFolder:
    """All files ``raw_text/<source>/<language>.txt`` of the data folder, in order of the sources' names."""

    version: int = 1

    def files(self, language: str, place: Place) -> Sequence[Path]:
        """The files of a language; DataError where no source has one."""
        folder = data_dir(place) / "raw_text"
        found = sorted(folder.glob(f"*/{language}.txt"))
        if not found:
            raise DataError(f"no file {folder}/*/{language}.txt")
        return found

    def read(self, language: str, place: Place) -> Iterator[str]:
        """Lines that are not blank."""
        return documents(self.files(language, place))


def documents(paths: Iterable[Path]) -> Iterator[str]:
    """The lines of several files that are not blank, white space at their ends taken off."""
    for path in paths:
        for _, line in numbered_lines(path):
            document = " ".join(line.split())
            if document:
                yield document


def documents_in_tables(paths: Iterable[Path], table: Format, column: str) -> Iterator[str]:
    """The values of a column that are not blank, runs of white space as one space.

    Raises:
        DataError: a file is malformed, or a value is not text.
    """
    for path in paths:
        for row in table.rows(path, (column,)):
            value = row.values.get(column)
            if not isinstance(value, str):
                found = f"{type(value).__name__} instead of text" if column in row.values else "missing"
                raise DataError(Problem(path, row.line, column, found, "text"))
            document = " ".join(value.split())
            if document:
                yield document


def _expanded(root: Path, pattern: str) -> list[Path]:
    path = root / pattern
    if "*" not in pattern:
        return [existing(path)]
    anchor = Path(path.anchor)
    try:
        found = sorted(file for file in anchor.glob(str(path.relative_to(anchor))) if file.is_file())
    except (ValueError, NotImplementedError, OSError) as error:
        raise DataError(f"'{pattern}' is not a path: {error}") from error
    if not found:
        raise DataError(f"no file matches {path}")
    return found
