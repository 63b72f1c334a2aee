"""Forges records: changes a file and writes an index that fits, as somebody would who knows the format."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from waystage.record.folder.reader import index_bytes, open_record
from waystage.record.folder.writer import digest_of, packed
from waystage.record.form.names import INDEX


def forge(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Put ``change`` of a JSON file in its place, and seal the record again."""
    path = folder / name
    content = path.read_bytes()
    value = json.loads(gzip.decompress(content) if name.endswith(".gz") else content)
    changed = change(value)
    text = json.dumps(value if changed is None else changed).encode()
    write_and_seal(folder, name, packed(text) if name.endswith(".gz") else text)


def write_and_seal(folder: Path, name: str, content: bytes | None) -> None:
    """Write a file (None: remove it) and an index that lists it as it is."""
    index = open_record(folder).index
    files = dict(index.files)
    if content is None:
        (folder / name).unlink()
        del files[name]
    else:
        (folder / name).write_bytes(content)
        files[name] = digest_of(name, content)
    (folder / INDEX).write_bytes(index_bytes(replace(index, files=dict(sorted(files.items()))).sealed()))
