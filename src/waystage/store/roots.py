"""The names under which artefacts are kept: collection spares them and all that they were made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from waystage.errors import Problem, StoreError
from waystage.store.artefact import check_id
from waystage.store.canonical import canonical_json, digest_bytes
from waystage.store.files import read_regular, write_atomically


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


RootsByName: TypeAlias = dict[str, tuple[str, ...]]
"""The ids that each root keeps."""


def root_content(name: str, ids: Iterable[str]) -> bytes:
    """The bytes of a root.

    Raises:
        StoreError: a bad id.
    """
    return canonical_json({"name": name, "ids": sorted({check_id(i) for i in ids})}) + b"\n"


def parse_root(content: bytes, file: Path | str) -> tuple[str, tuple[str, ...]]:
    """The name of a root, and the ids that it keeps.

    Raises:
        StoreError: these are not the bytes of a root. Passing over it would let collection remove what it keeps.
    """
    try:
        value = json.loads(content)
        return str(value["name"]), tuple(check_id(i) for i in value["ids"])
    except (ValueError, KeyError, TypeError, RecursionError, StoreError) as error:
        raise StoreError(Problem(file, None, None, f"unreadable: {error}", "a list of artefacts to keep")) from error


def write_root(directory: Path, name: str, ids: Iterable[str]) -> None:
    """Keeps ``ids`` under ``name``, in place of what it kept before.

    Raises:
        StoreError: a bad id, or the file cannot be written.
    """
    write_atomically(directory / root_file_name(name), root_content(name, ids))


def read_roots(directory: Path) -> RootsByName:
    """All roots by name.

    Raises:
        StoreError: a file is unreadable.
    """
    roots: RootsByName = {}
    for path in sorted(directory.glob("[!.]*.json")):
        try:
            content = read_regular(path)
        except OSError as error:
            raise StoreError(
                Problem(path, None, None, f"unreadable: {error}", "a list of artefacts to keep")
            ) from error
        name, ids = parse_root(content, path)
        roots[name] = ids
    return roots
