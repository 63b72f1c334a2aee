"""Files that have their form each and contradict each other: what is made from them says so instead of failing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waystage.errors import Problem, WaystageError, first_line


@contextmanager
def refused_as(kind: type[WaystageError], path: Path, expected: str) -> Iterator[None]:
    """For what is made from a record that was read: it may have been changed so that its parts contradict each other.

    Raises:
        WaystageError: the block met such a contradiction; an error of the given ``kind`` about ``path``.
    """
    try:
        yield
    except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError, RecursionError) as error:
        found = f"its parts do not fit together: {type(error).__name__}: {first_line(error)}"
        raise kind(Problem(path, None, None, found, expected)) from error
