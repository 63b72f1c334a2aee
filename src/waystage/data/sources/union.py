"""Several sources as one: their examples one after the other, labels mapped to one set, ids made unique."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from waystage.data.examples import Example, TaggedExample, TextExample
from waystage.data.source import Place, RemoteFile, Source, Split, remote_files
from waystage.errors import DataError


@dataclass(frozen=True, slots=True)
class Member:
    """One of the sources.

    Attributes:
        name: put before every id, with a colon: different in each member.
        source: where its examples come from.
        labels: pairs of a label and what it is called in the union, for those that are called otherwise.
    """

    name: str
    source: Source
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Union:
    """The examples of all members. Training shuffles them, so each is met in proportion to its size.

    Attributes:
        members: at least one; every split that is read is one that each of them has.
        labels: the closed label set of the union; a label of another name is an error, not a new class.
    """

    members: tuple[Member, ...]
    labels: tuple[str, ...] = ()
    version: int = 1

    def remote(self, split: Split, language: str) -> tuple[RemoteFile, ...]:
        """The files of all members on the hub; none where it lacks the split of one."""
        found = [remote_files(member.source, split, language) for member in self.members]
        return tuple(file for files in found for file in files) if all(found) else ()

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The files of all members; DataError with the problems of all of them."""
        found: list[Path] = []
        errors: list[DataError] = []
        for member in self.members:
            try:
                found += member.source.files(split, language, place)
            except DataError as error:
                errors.append(error)
        problems = [problem for error in errors for problem in error.problems]
        if errors:
            raise DataError(problems) if problems else errors[0]
        return found

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """The examples of the first member, then those of the second, and so on; each in its own order."""
        examples: list[Example] = []
        for member in self.members:
            names = dict(member.labels)
            for example in member.source.read(split, language, place):
                examples.append(self._renamed(member, example, names))
        return examples

    def _renamed(self, member: Member, example: Example, names: dict[str, str]) -> Example:
        new_id = f"{member.name}:{example.id}"
        if isinstance(example, TextExample):
            label = None if example.label is None else self._label(member, example.label, names)
            return replace(example, id=new_id, label=label)
        if isinstance(example, TaggedExample):
            tags = None if example.tags is None else tuple(self._label(member, tag, names) for tag in example.tags)
            return replace(example, id=new_id, tags=tags)
        return replace(example, id=new_id)

    def _label(self, member: Member, label: str, names: dict[str, str]) -> str:
        name = names.get(label, label)
        if name not in self.labels:
            raise DataError(f"{member.name} has the label '{name}', which is none of {', '.join(self.labels)}")
        return name
