"""Canonical JSON and the SHA-256 digests that identify everything in the store.

Equal values give equal bytes on every machine: keys are sorted by code point, there are no spaces, text is
UTF-8 without escapes for what is not ASCII, a float is written as the shortest text that reads back as
itself (``repr``), a tuple is a list. ``1`` and ``1.0`` differ, and so do ``0.0`` and ``-0.0``. What has no
single JSON form is refused rather than guessed: NaN and infinities, keys that are not text, and any type but
None, bool, int, float, str, list, tuple and dict (subclasses too, so a NumPy float or an enum must be
converted by who knows what it means).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]

_LEAF_TYPES = (type(None), bool, int, str)


def canonical_json(value: Any) -> bytes:
    """The one JSON text of ``value``.

    Raises:
        TypeError: a type that JSON has no single form for, or a key that is not a str; the message says
            where.
        ValueError: NaN, an infinity, text that is not valid Unicode, or a value that contains itself.

    >>> canonical_json({"b": (1, 2.5), "a": "é"}).decode()
    '{"a":"é","b":[1,2.5]}'
    """
    _refuse_foreign(value, "$", frozenset())
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def _refuse_foreign(value: Any, place: str, parents: frozenset[int]) -> None:
    kind = type(value)
    if kind in _LEAF_TYPES:
        return
    if kind is float:
        if not math.isfinite(value):
            raise ValueError(f"{place}: {value!r} has no JSON form")
        return
    if kind not in (dict, list, tuple):
        raise TypeError(f"{place}: a {kind.__module__}.{kind.__qualname__} has no canonical JSON form")
    if id(value) in parents:
        raise ValueError(f"{place}: the value contains itself")
    inner = parents | {id(value)}
    if kind is not dict:
        for index, item in enumerate(value):
            if type(item) not in _LEAF_TYPES:
                _refuse_foreign(item, f"{place}[{index}]", inner)
        return
    for key, item in value.items():
        if type(key) is not str:
            raise TypeError(f"{place}: the key {key!r} is not a str")
        if type(item) not in _LEAF_TYPES:
            _refuse_foreign(item, f"{place}.{key}", inner)


def digest_bytes(content: bytes) -> str:
    """SHA-256, 64 hex digits.

    >>> digest_bytes(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(content).hexdigest()


def digest_file(path: Path | str) -> str:
    """SHA-256 of a file's bytes, read in pieces.

    Raises:
        OSError: the file cannot be read.
    """
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_stream(pieces: Iterable[bytes]) -> tuple[str, int]:
    """SHA-256 and number of bytes of what comes in pieces.

    >>> digest_stream([b"a", b"b"]) == (digest_bytes(b"ab"), 2)
    True
    """
    digest, n_bytes = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        n_bytes += len(piece)
    return digest.hexdigest(), n_bytes


def digest_json(value: Any) -> str:
    """SHA-256 of ``canonical_json(value)``; raises what that raises.

    >>> digest_json({"a": 1, "b": 2}) == digest_json({"b": 2, "a": 1})
    True
    """
    return digest_bytes(canonical_json(value))
