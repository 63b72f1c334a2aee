"""What other installed packages bring by entry point, beside what is built in.

An entry point's name is the name of what it brings, so a name is known, and found to stand for two things, without
importing any package; one is imported when its name is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Generic, Protocol, TypeVar

from waystage.errors import Problem, StudyError, first_line

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
BUILT_IN = "built in"


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)


@dataclass(frozen=True)
class Catalogue(Mapping[str, T], Generic[T]):
    """Everything of one kind that a study can name.

    Attributes:
        group: of the entry points.
        kind: the class of a value.
        built_in: what needs no other package.
        brought: entry points by name; more than one stands for a name that is taken twice.
        faults_of: what keeps a value from working.
    """

    group: str
    kind: type[T]
    built_in: Mapping[str, T]
    brought: Mapping[str, tuple[metadata.EntryPoint, ...]]
    faults_of: Callable[[T], Iterable[str]]
    _loaded: dict[str, T] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        group: str,
        kind: type[T],
        built_in: Mapping[str, T],
        faults_of: Callable[[T], Iterable[str]] = lambda value: (),
    ) -> Catalogue[T]:
        """What is built in, and what the packages that are installed now bring."""
        brought: dict[str, tuple[metadata.EntryPoint, ...]] = {}
        for point in sorted(metadata.entry_points(group=group), key=_origin):
            brought[point.name] = (*brought.get(point.name, ()), point)
        return cls(group, kind, built_in, brought, faults_of)

    def __getitem__(self, name: str) -> T:
        """The value of that name.

        Raises:
            KeyError: there is none.
            StudyError: the name is taken twice, or the package that brings it is broken.
        """
        if name not in self.brought:
            return self.built_in[name]
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self.built_in or name in self.brought

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self.built_in, *self.brought)))

    def __len__(self) -> int:
        return len(self.built_in.keys() | self.brought.keys())

    def origin(self, name: str) -> str:
        """Where a value comes from: ``built in``, or distribution and version."""
        return ", ".join(map(_origin, self.brought[name])) if name in self.brought else BUILT_IN

    def _load(self, name: str) -> T:
        points = self.brought[name]
        if name in self.built_in or len(points) > 1:
            others = [BUILT_IN] if name in self.built_in else []
            places = ", ".join([*others, *map(_origin, points)])
            raise self._error(points[-1], f"the name stands for two things ({places})", "a name of its own")
        value = self._value(points[0])
        faults = [] if _NAME.fullmatch(name) else ["its name is not made of letters, digits and . _ + -"]
        faults += self.faults_of(value)
        if faults:
            raise self._error(points[0], "; ".join(faults), f"a {self.kind.__name__} that works")
        return value

    def _value(self, point: metadata.EntryPoint) -> T:
        what = f"a {self.kind.__name__}, or a function that gives one or several"
        try:
            value = point.load()
            found = value() if callable(value) and not isinstance(value, self.kind) else value
            members = [found] if isinstance(found, self.kind) else list(found)
        except Exception as error:  # whatever another package raises
            raise self._error(point, f"{type(error).__name__}: {first_line(error)}", what) from error
        own = [member for member in members if isinstance(member, self.kind)]
        if len(own) < len(members):
            other = next(member for member in members if not isinstance(member, self.kind))
            raise self._error(point, f"it gives a {type(other).__name__}", what)
        named = [member for member in own if member.name == point.name]
        if len(named) != 1:
            names = ", ".join(member.name for member in own) or "nothing"
            raise self._error(point, f"it gives {names}", f"one that is named {point.name}")
        return named[0]

    def _error(self, point: metadata.EntryPoint, found: str, expected: str) -> StudyError:
        return StudyError(Problem(_origin(point), None, f"{self.group}: {point.name}", found, expected))


def _origin(point: metadata.EntryPoint) -> str:
    """Distribution and version of an entry point."""
    return "unknown distribution" if point.dist is None else f"{point.dist.name} {point.dist.version}"
