"""A progress bar for files that are fetched, with the time left."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


class FetchProgress:
    """Counts bytes; the time left follows from their number and pace. Nothing is shown where there is no terminal."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            BarColumn(bar_width=32),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("fetching", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def expect(self, n_bytes: int) -> None:
        """So many bytes will come."""
        self._bar.update(self._task, total=float(n_bytes))

    def advance(self, n_bytes: int) -> None:
        """So many bytes more have come."""
        self._bar.advance(self._task, n_bytes)
