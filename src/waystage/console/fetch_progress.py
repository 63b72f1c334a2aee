"""A progress bar for files that are fetched, with the time left."""

from __future__ import annotations

from rich.console import Console
from rich.progress import DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from waystage.console.bar import TerminalBar


class FetchProgress(TerminalBar):
    """Counts bytes; the time left follows from their number and pace. Nothing is shown where there is no terminal."""

    def __init__(self, console: Console) -> None:
        left = TimeRemainingColumn(compact=True), TextColumn("left")
        super().__init__(console, "fetching", None, DownloadColumn(), TransferSpeedColumn(), *left)

    def expect(self, n_bytes: int) -> None:
        """So many bytes will come."""
        self._bar.update(self._task, total=float(n_bytes))

    def advance(self, n_bytes: int) -> None:
        """So many bytes more have come."""
        self._bar.advance(self._task, n_bytes)
