"""A small persistent memory for values that are slow to find and cheap to lose, such as digests of files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waystage.store.canonical import digest_bytes, digest_json
from waystage.store.files import read_regular, write_atomically


@dataclass(frozen=True, slots=True)
class Memo:
    """One file a key. A file that is missing or was changed counts as nothing remembered."""

    directory: Path

    def get(self, key: str) -> Any:
        """The value last put under ``key``, or None."""
        try:
            entry = json.loads(read_regular(self._path(key)))
            intact = entry["digest"] == digest_json([key, entry["value"]])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return entry["value"] if intact else None

    def put(self, key: str, value: Any) -> None:
        """Remembers a JSON value, which is not None.

        Raises:
            ValueError, TypeError: the value has no canonical JSON, or is None.
            StoreError: it cannot be written.
        """
        if value is None:
            raise ValueError("None means that nothing is remembered")
        entry = {"key": key, "value": value, "digest": digest_json([key, value])}
        content = json.dumps(entry, ensure_ascii=False).encode()
        write_atomically(self._path(key), content, durable=False)

    def _path(self, key: str) -> Path:
        digest = digest_bytes(key.encode())
        return self.directory / digest[:2] / f"{digest}.json"
