"""What executors on other machines share: progress and the wish to stop go through files in the folder of the run."""

from __future__ import annotations

import time

from waystage.execution.executor import JobRequest, OnAdvanced, WorkerSetting
from waystage.execution.job_log import attempt_path
from waystage.execution.log_lines import LineReader
from waystage.store.canonical import JsonObject

_LOOK_SECONDS = 1.0


class Followed:
    """Jobs that run elsewhere, as their logs tell."""

    def __init__(self, setting: WorkerSetting) -> None:
        self._run_dir, self._seconds = setting.run_dir, setting.log_seconds
        self._readers: dict[str, LineReader] = {}
        self._looked_at = 0.0

    def begin(self, request: JobRequest) -> None:
        """Follow an attempt."""
        if self._run_dir is not None:
            path = attempt_path(self._run_dir, request.node.id, request.attempt)
            self._readers[request.node.id] = LineReader(path)

    def report(self, on_advanced: OnAdvanced) -> dict[str, list[JsonObject]]:
        """Tell the last share that each job has written, and give all new lines; looks every ``log_seconds``."""
        if time.monotonic() - self._looked_at < self._seconds:
            return {}
        self._looked_at = time.monotonic()
        news = {node_id: lines for node_id, reader in self._readers.items() if (lines := reader.new_lines())}
        for node_id, lines in news.items():
            fractions = [line["fraction"] for line in lines if line["event"] == "advanced"]
            if fractions:
                on_advanced(node_id, float(fractions[-1]))
        return news

    def end(self, request: JobRequest) -> None:
        """Follow it no longer."""
        self._readers.pop(request.node.id, None)


class StopFile:
    """A file that the driver writes when jobs should save a checkpoint and end."""

    def __init__(self, setting: WorkerSetting) -> None:
        self._path = None if setting.run_dir is None else setting.run_dir / "stop"
        self._looked_at = 0.0
        self._is_there = False

    def write(self) -> None:
        """Ask for it. Where the disk is full, jobs are ended without a checkpoint and go on from the one before."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch()
        except OSError:
            return

    def is_there(self) -> bool:
        """Whether it was asked for; the disk is asked once a second."""
        if self._path is None or self._is_there or time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return self._is_there
        self._looked_at = time.monotonic()
        self._is_there = self._path.exists()
        return self._is_there
