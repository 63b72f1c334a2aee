"""Examples and raw text in dataset repositories of the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.examples import Example
from waystage.data.readers.columns import Columns, examples_of
from waystage.data.readers.rows import Format
from waystage.data.source import Place, RemoteFile, Split
from waystage.data.sources.files import filled, pattern_of
from waystage.data.sources.hub_folder import fetched_path
from waystage.data.sources.hub_listing import is_pattern, matches
from waystage.data.sources.text_files import DocumentFiles
from waystage.errors import DataError


@dataclass(frozen=True, slots=True)
class HubSource:
    """One file of a dataset repository a split and language. No code of the repository is run.

    Attributes:
        dataset: ``organisation/name``.
        revision: a commit, tag or branch; give a commit for what must stay the same.
        paths: pairs of a split and a path in the repository, in which ``{lang}`` and ``{split}`` are
            replaced.
        format: how the files are read.
        columns: which columns make an example.
        labels: the closed label set; empty for tasks without labels.
    """

    dataset: str
    revision: str | None
    paths: tuple[tuple[Split, str], ...]
    format: Format
    columns: Columns
    labels: tuple[str, ...] = ()
    version: int = 1

    def remote(self, split: Split, language: str) -> tuple[RemoteFile, ...]:
        """The one file."""
        name = filled(pattern_of(self.paths, split), split, language)
        return (RemoteFile(self.dataset, self.revision, name),)

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file, fetched into the hub's cache where ``waystage data fetch`` has not brought it."""
        remote = self.remote(split, language)[0]
        return [fetched_path(place, remote) or fetched(self.dataset, self.revision, remote.path)]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """The examples of the file, in its order."""
        path = self.files(split, language, place)[0]
        return examples_of(path, self.format.rows(path, self.columns.names), self.columns, self.labels)


@dataclass(frozen=True, slots=True)
class HubCorpus:
    """Raw text of a dataset repository: UTF-8 text files, a document a line, or a column of tables.

    Attributes:
        dataset: ``organisation/name``.
        revision: a commit, tag or branch.
        paths: paths in the repository, in which ``{lang}`` is replaced; they are read one after the other. ``*`` stands
            for any characters but ``/``, ``**/`` for any folders; what they find is read in sorted order.
        format: how tables are read; None for text files.
        column: the column of the text; not looked at for text files.
        skips_unreadable: pass over files that cannot be read as what they are.
    """

    dataset: str
    revision: str | None
    paths: tuple[str, ...]
    format: Format | None = None
    column: str = "text"
    skips_unreadable: bool = False
    version: int = 1

    def remote(self, language: str, place: Place, *, asks_again: bool = False) -> tuple[RemoteFile, ...]:
        """The files of a language, each once; ``asks_again``: see :func:`waystage.data.sources.hub_listing.matches`.

        Raises:
            DataError: a pattern names no file, or the hub does not say which.
        """
        names: dict[str, None] = {}
        for path in self.paths:
            name = filled(path, "train", language)
            wanted = RemoteFile(self.dataset, self.revision, name)
            found = matches(place, wanted, asks_again=asks_again).names if is_pattern(name) else (name,)
            names |= dict.fromkeys(found)
        return tuple(RemoteFile(self.dataset, self.revision, name) for name in names)

    def files(self, language: str, place: Place) -> Sequence[Path]:
        """The files of a language, fetched into the hub's cache where ``waystage data fetch`` has not brought them."""
        return [
            fetched_path(place, remote) or fetched(self.dataset, self.revision, remote.path)
            for remote in self.remote(language, place)
        ]

    def read(self, language: str, place: Place) -> Iterator[str]:
        """Documents in file order."""
        return self._files(language, place).documents()

    def unreadable(self, language: str, place: Place) -> dict[Path, str]:
        """Files that are passed over, and why."""
        return self._files(language, place).unreadable()

    def _files(self, language: str, place: Place) -> DocumentFiles:
        return DocumentFiles(self.files(language, place), self.format, self.column, self.skips_unreadable)


def fetched(dataset: str, revision: str | None, name: str) -> Path:
    """A file of a dataset repository, from the hub's cache or the hub.

    Raises:
        DataError: no such dataset, revision or file, no access, or no connection.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    at = f"{dataset}@{revision}" if revision else dataset
    try:
        return Path(hf_hub_download(dataset, name, repo_type="dataset", revision=revision))
    except LocalEntryNotFoundError as error:
        raise DataError(
            f"{name} of the dataset {at} is not in the cache and the hub cannot be reached: "
            "connect, or set HF_ENDPOINT to a mirror"
        ) from error
    except (OSError, HFValidationError, ValueError) as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise DataError(f"cannot get {name} of the dataset {at}: {reason}") from error
