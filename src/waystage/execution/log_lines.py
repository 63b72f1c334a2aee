"""Logs as JSON lines: one writer a file, any number of readers, no line torn, no secret in them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from waystage.store.canonical import JsonObject

_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|AUTH|JWT|COOKIE", re.IGNORECASE
)
_USER_INFO = re.compile(r"(?<=://)[^/\s@]+@")
_SHORTEST_SECRET = 6


def redacted(text: str, environment: Mapping[str, str] | None = None) -> str:
    """``text`` without the values of environment variables whose names say that they are secret, nor URL credentials.

    >>> redacted("GET https://me:pw@host/?key=abcdef123", {"HF_TOKEN": "abcdef123"})
    'GET https://***@host/?key=<HF_TOKEN>'
    """
    secrets = {
        value: name
        for name, value in (os.environ if environment is None else environment).items()
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name)
    }
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, f"<{secrets[value]}>")
    return _USER_INFO.sub("***@", text)


class LineLog:
    """Appends lines to a file. Each is written whole, in one call, and is there for readers at once.

    A log is no result: a line that cannot be written (a full disk) is lost, and the job goes on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_torn = False

    def add(self, event: str, **facts: Any) -> None:
        """Append a line: the time, the event, and facts that are not None."""
        known = {name: value for name, value in facts.items() if value is not None}
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": time, "event": event} | _without_secrets(known), ensure_ascii=False, allow_nan=False)
        try:
            self._write(line.encode("utf-8", "backslashreplace") + b"\n")
        except OSError:
            self._is_torn = True

    def _write(self, line: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Opened anew each time: a network folder shows other machines what a file holds when it is closed.
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            is_open = self._is_torn or (size > 0 and os.pread(descriptor, 1, size - 1) != b"\n")
            whole = b"\n" + line if is_open else line
            self._is_torn = os.write(descriptor, whole) != len(whole)
        finally:
            os.close(descriptor)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {str(name): _without_secrets(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(inner) for inner in value]
    return value


class LineReader:
    """Reads what was added to a log since it was last asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def new_lines(self) -> list[JsonObject]:
        """Whole lines that are new; one that is being written is left for the next time, what is none is skipped."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._offset)
                content = stream.read()
        except OSError:
            return []
        whole, _, _ = content.rpartition(b"\n")
        if not whole:
            return []
        self._offset += len(whole) + 1
        return [line for text in whole.split(b"\n") if (line := _parsed(text)) is not None]


def read_lines(path: Path) -> list[JsonObject]:
    """All whole lines of a log; none where there is no log."""
    return LineReader(path).new_lines()


def _parsed(text: bytes) -> JsonObject | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("event"), str) else None
