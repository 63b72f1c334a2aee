"""A bar in a terminal, which is not there anywhere else."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn


class TerminalBar:
    """A single task with a bar and some columns, live while it is entered."""

    def __init__(self, console: Console, description: str, total: float | None, *columns: ProgressColumn) -> None:
        self._bar = Progress(BarColumn(bar_width=32), *columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task(description, total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
