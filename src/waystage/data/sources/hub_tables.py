"""Published benchmarks as tables in dataset repositories of the hub, and the rule which of several copies is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from waystage.data.examples import Example
from waystage.data.readers.columns import Columns, examples_of
from waystage.data.readers.rows import Format, Parquet, Row
from waystage.data.source import Place, RemoteFile, Source, Split
from waystage.data.sources.files import LANGUAGE_MARK
from waystage.data.sources.hub_folder import check_digest, fetched_path
from waystage.errors import DataError, Problem

_PARQUET = Parquet()


@dataclass(frozen=True, slots=True)
class HubRepo:
    """A dataset repository at one commit: ``organisation/name`` and 40 hexadecimal digits."""

    dataset: str
    revision: str


@dataclass(frozen=True, slots=True)
class HubPart:
    """One split of a task in a dataset repository.

    Attributes:
        split: the split of the task.
        repo: the repository.
        paths: paths in it, read one after the other; ``{lang}`` is replaced.
        columns: which columns make an example.
        format: how the files are read.
        codes: pairs of a language and what stands for it in the repository (``af`` and ``Afrikaans``), for the
            languages that it has; empty: every language of the task, by its own code.
        id_mark: in a file of all languages, what the ids of a language begin with; ``{lang}`` is replaced.
    """

    split: Split
    repo: HubRepo
    paths: tuple[str, ...]
    columns: Columns
    format: Format = _PARQUET
    codes: tuple[tuple[str, str], ...] = ()
    id_mark: str = ""

    def code(self, language: str) -> str | None:
        """What stands for a language in the repository; None where it does not have it."""
        return dict(self.codes).get(language) if self.codes else language

    def remote(self, language: str) -> tuple[RemoteFile, ...]:
        """The files of a language; none where the repository does not have it."""
        code = self.code(language)
        if code is None:
            return ()
        names = (path.replace(LANGUAGE_MARK, code) for path in self.paths)
        return tuple(RemoteFile(self.repo.dataset, self.repo.revision, name) for name in names)

    def rows(self, path: Path, language: str) -> Iterator[Row]:
        """The rows of one file that are in the language."""
        mark = self.id_mark.replace(LANGUAGE_MARK, self.code(language) or language)
        for row in self.format.rows(path, self.columns.names):
            if not mark or str(row.values.get(self.columns.id or "")).startswith(mark):
                yield row


@dataclass(frozen=True, slots=True)
class HubTables:
    """What the hub has of a task, read from what ``waystage data fetch`` has brought: never over the network."""

    parts: tuple[HubPart, ...]
    labels: tuple[str, ...] = ()
    version: int = 1

    def remote(self, split: Split, language: str) -> tuple[RemoteFile, ...]:
        """The files of a split in one language; none where the hub does not have it."""
        return tuple(file for part in self._parts(split) for file in part.remote(language))

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The fetched files.

        Raises:
            DataError: the hub does not have the split, or it was not fetched.
        """
        remote = self.remote(split, language)
        if not remote:
            raise DataError(f"the hub has no {split} split in {language}")
        found = [fetched_path(place, file) for file in remote]
        missing = [f"{file.dataset}: {file.path}" for file, path in zip(remote, found, strict=True) if path is None]
        if missing:
            raise DataError([Problem(name, None, None, "not fetched") for name in missing])
        return [path for path in found if path is not None]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """The examples of all files, one after the other."""
        self.files(split, language, place)
        examples: list[Example] = []
        for part in self._parts(split):
            for remote in part.remote(language):
                path = fetched_path(place, remote)
                if path is not None:
                    check_digest(place, remote, path)
                    examples += examples_of(path, part.rows(path, language), part.columns, self.labels)
        return examples

    def _parts(self, split: Split) -> list[HubPart]:
        return [part for part in self.parts if part.split == split]


@dataclass(frozen=True, slots=True)
class Published:
    """A published data set: its files in the data folder, or the copy that was fetched from the hub.

    The files in the data folder come first. The fetched copy is read where they are missing, and where they are
    published without gold (XTREME takes the labels off its test files) and the copy has it.

    Attributes:
        name: what ``waystage data fetch`` calls it.
        published: the files as their authors or XTREME lay them out.
        hub: the copy on the hub.
    """

    name: str
    published: Source
    hub: HubTables
    version: int = 1

    def remote(self, split: Split, language: str) -> tuple[RemoteFile, ...]:
        """The files on the hub; none where it does not have the split."""
        return self.hub.remote(split, language)

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The published files, and the fetched copy where it is there.

        Raises:
            DataError: neither is there; the message names the published file and the command that fetches the copy.
        """
        copies = self._fetched(split, language, place)
        try:
            return [*self.published.files(split, language, place), *copies]
        except DataError as error:
            if copies:
                return copies
            raise self._missing(error, split, language, place) from error

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """The examples of the first copy that has gold, in file order."""
        copies = self._fetched(split, language, place)
        try:
            self.published.files(split, language, place)
        except DataError:
            self.files(split, language, place)
            return self.hub.read(split, language, place)
        examples = self.published.read(split, language, place)
        if copies and not any(example.has_gold for example in examples):
            return self.hub.read(split, language, place)
        return examples

    def _fetched(self, split: Split, language: str, place: Place) -> list[Path]:
        try:
            return list(self.hub.files(split, language, place))
        except DataError:
            return []

    def _missing(self, error: DataError, split: Split, language: str, place: Place) -> DataError:
        if not self.remote(split, language):
            return error
        command = f"waystage data fetch {self.name}"
        if place.data_dir is None:
            return DataError(f"{self.name}: no data folder and nothing fetched: pass --data DIR, or run {command}")
        expected = f"that file, or the hub's copy ({command})"
        return DataError([replace(problem, expected=expected) for problem in error.problems] or str(error))
