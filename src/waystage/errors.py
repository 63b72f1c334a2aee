"""Errors that a user can act on, and the exit statuses that go with them.

Every error is made of :class:`Problem` values: where it is, what was found, what was expected and the nearest
valid choice. The command line prints them and exits with the status of the error's class.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, in words that name the place, what was found and what is valid.

    >>> print(Problem("study.yaml", 3, "targets[0].task", "unknown task 'xnlli'", "a task", "xnli"))
    study.yaml:3: targets[0].task: unknown task 'xnlli'; expected a task; did you mean 'xnli'?
    """

    file: Path | str
    line: int | None
    field: str | None
    found: str
    expected: str | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line is not None else f"{self.file}"
        parts = [f"{place}: {self.field}: {self.found}" if self.field else f"{place}: {self.found}"]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.nearest:
            parts.append(f"did you mean '{self.nearest}'?")
        return _writable("; ".join(parts))


class WaystageError(Exception):
    """An error with an exit status; anything else that reaches the user is a defect of Waystage."""

    exit_status = 1

    def __init__(self, problems: Problem | str | Sequence[Problem]) -> None:
        if isinstance(problems, str):
            self.problems: tuple[Problem, ...] = ()
            super().__init__(_writable(problems))
            return
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def _writable(text: str) -> str:
    """Text that any terminal or file takes: half of a surrogate pair, as JSON can hold, is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class StudyError(WaystageError):
    """The study file is not a valid study. Exit status 2, like any wrong usage."""

    exit_status = 2


class DataError(WaystageError):
    """A file of examples or text is missing, unreadable or not what its format says. Exit status 3."""

    exit_status = 3


class StoreError(WaystageError):
    """An artefact of the store is damaged or cannot be written. Exit status 4."""

    exit_status = 4


class StageError(WaystageError):
    """A stage failed while it ran; the others are kept. Exit status 5."""

    exit_status = 5


class LostPeerError(StageError):
    """One of the processes that train a stage together is gone; the stage can go on from its last checkpoint."""


class RecordError(WaystageError):
    """A sealed record is refused: it is unsafe, of a newer version, or not what it says it is. Exit status 7."""

    exit_status = 7


class FalsifiedError(WaystageError):
    """A gate falsified a record, or one of its claims. Exit status 8."""

    exit_status = 8


class UnverifiedError(WaystageError):
    """Something of a record is not verified, and that was asked to count. Exit status 9."""

    exit_status = 9


class NotEnoughMemoryError(Exception):
    """A training step needs more memory than there is; fewer sequences in a forward pass need less."""


class Interrupted(Exception):  # noqa: N818
    """The user asked to stop; what was under way has saved its state. Exit status 130."""

    exit_status = 130


def nearest_name(name: str, valid: Iterable[str]) -> str | None:
    """The valid name closest to ``name``, or None when none is close.

    >>> nearest_name("tatoba", ["xnli", "tatoeba"])
    'tatoeba'
    """
    matches = difflib.get_close_matches(str(name), list(valid), n=1, cutoff=0.6)
    return matches[0] if matches else None


def first_line(error: Exception) -> str:
    """What an error of another library says, in one line; its class where it says nothing.

    >>> first_line(ValueError("no such file\\n  at line 3")), first_line(EOFError())
    ('no such file', 'EOFError')
    """
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
