"""The names under which artefacts are kept: collection spares them and all that they were made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from waystage.errors import Problem, StoreError
from waystage.store.artefact import check_id
from waystage.store.canonical import canonical_json, digest_bytes
from waystage.store.files import write_atomically


def root_file_name(name: str) -> str:
    """A file name for any name; a digest keeps apart names that would become the same.

    >>> root_file_name("demo")
    'demo.json'
    >>> root_file_name("Demo!")
    'demo~9ea7919d.json'
    """
    plain = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip(".-")[:80]
    if plain and plain == name:
        return f"{plain}.json"
    # No plain name has a "~", so the two forms never meet.
    return f"{plain or 'root'}~{digest_bytes(name.encode())[:8]}.json"


def write_root(directory: Path, name: str, ids: Iterable[str]) -> None:
    """Keeps ``ids`` under ``name``, in place of what it kept before.

    Raises:
        StoreError: a bad id, or the file cannot be written.
    """
    value = {"name": name, "ids": sorted({check_id(i) for i in ids})}
    write_atomically(directory / root_file_name(name), canonical_json(value) + b"\n")


def read_roots(directory: Path) -> dict[str, tuple[str, ...]]:
    """All names, each with the ids that it keeps.

    Raises:
        StoreError: a file is unreadable. Passing over it would let collection remove what it keeps.
    """
    roots: dict[str, tuple[str, ...]] = {}
    for path in sorted(directory.glob("[!.]*.json")):
        try:
            value = json.loads(path.read_bytes())
            roots[str(value["name"])] = tuple(check_id(i) for i in value["ids"])
        except (OSError, ValueError, KeyError, TypeError, StoreError) as error:
            found = f"unreadable: {error}"
            raise StoreError(Problem(path, None, None, found, "a list of artefacts to keep")) from error
    return roots
