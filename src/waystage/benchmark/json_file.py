"""JSON files whose mistakes are named with their line."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from waystage.benchmark.lines import shown
from waystage.data.readers.lines import read_text
from waystage.errors import DataError, Problem


class _TwiceError(Exception):
    """An object that names a key twice."""


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A file of one JSON value, in which no object has a key twice."""

    path: Path
    text: str
    value: Any

    @classmethod
    def read(cls, path: Path) -> JsonFile:
        """The file; DataError where it is unreadable, not JSON, or has a key twice in one object."""
        text = read_text(path)
        try:
            return cls(path, text, json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant))
        except _TwiceError as error:
            key = str(error)
            file = cls(path, text, None)
            raise DataError(file.problem(key, None, f"{shown(key)} stands twice", "keys that are unique")) from None
        except json.JSONDecodeError as error:
            raise DataError(Problem(path, error.lineno, None, f"not JSON ({error.msg})", "JSON")) from None
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
            raise DataError(Problem(path, None, None, f"not JSON ({reason})", "JSON")) from None

    def problem(self, key: str, field: str | None, found: str, expected: str | None = None) -> Problem:
        """A problem at the last place where ``key`` is written as a JSON text."""
        places = (self.text.rfind(json.dumps(key, ensure_ascii=is_ascii)) for is_ascii in (False, True))
        place = max(places)
        line = self.text.count("\n", 0, place) + 1 if place >= 0 else None
        return Problem(self.path, line, field, found, expected)

    def members(self, expected: str) -> dict[str, Any]:
        """The value, if it is an object with at least one member; DataError otherwise."""
        if not isinstance(self.value, dict):
            raise DataError(Problem(self.path, 1, None, f"a JSON {type(self.value).__name__}", expected))
        if not self.value:
            raise DataError(Problem(self.path, 1, None, "an empty object", expected))
        return self.value


def json_text(value: Any) -> str:
    """``value`` as the text of such a file, a member a line, so that a mistake in it has a line.

    >>> print(json_text({"q1": "两"}), end="")
    {
     "q1": "两"
    }
    """
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise _TwiceError(counts.most_common(1)[0][0])
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
