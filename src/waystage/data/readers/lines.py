"""Text files as numbered lines."""

from __future__ import annotations

import gzip
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from waystage.errors import DataError, Problem

_PIECE_BYTES = 1 << 18
# What a file that cannot be read, or decompressed, raises.
_READ_ERRORS = (OSError, EOFError, zlib.error)


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, from 1; a byte-order mark and line ends (LF or CR LF) are taken off.

    Only a line feed ends a line: other characters that Unicode counts as line breaks occur inside sentences. A file is
    read in pieces, so that its size does not matter; one whose name ends in ``.gz`` is decompressed.

    Raises:
        DataError: the file cannot be read, is empty, is not UTF-8, or has a NUL character; raised on the way there.
    """
    number, is_blank = 0, True
    for content in _pieces(path):
        text = _decoded(path, content.removeprefix(BOM_UTF8) if number == 0 else content, number)
        is_blank = is_blank and not text.strip()
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        for line in lines:
            number += 1
            yield number, line.removesuffix("\r")
    if is_blank:
        raise DataError(Problem(path, None, None, "the file is empty"))


def _pieces(path: Path) -> Iterator[bytes]:
    """Whole lines of a file with their ends, a quarter of a mebibyte at a time."""
    rest = b""
    try:
        with _opened(path) as stream:
            while content := stream.read(_PIECE_BYTES):
                head, feed, tail = content.rpartition(b"\n")
                if feed:
                    yield rest + head + feed
                    rest = tail
                else:
                    rest += content
    except _READ_ERRORS as error:
        raise _unreadable(path, error) from error
    if rest:
        yield rest


def _opened(path: Path) -> BinaryIO:
    """The bytes of a file, decompressed where its name ends in ``.gz``."""
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _decoded(path: Path, content: bytes, n_before: int) -> str:
    """Text of lines that come after ``n_before`` others; DataError where it is not plain UTF-8."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = n_before + content.count(b"\n", 0, error.start) + 1
        raise DataError(Problem(path, line, None, f"not UTF-8 ({error.reason})", "text in UTF-8")) from error
    if "\x00" in text:
        line = n_before + text.count("\n", 0, text.index("\x00")) + 1
        raise DataError(Problem(path, line, None, "a NUL character", "text in UTF-8"))
    return text


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(Problem(path, None, None, f"cannot be read ({getattr(error, 'strerror', None) or error})"))


def has_nothing(path: Path) -> bool:
    """Whether a file has no byte at all, besides a byte-order mark; DataError where it cannot be read."""
    try:
        with _opened(path) as stream:
            return stream.read(len(BOM_UTF8) + 1) in (b"", BOM_UTF8)
    except _READ_ERRORS as error:
        raise _unreadable(path, error) from error


def read_text(path: Path) -> str:
    """The text of a file, a byte-order mark taken off.

    Raises:
        DataError: the file cannot be read, is empty, is not UTF-8, or has a NUL character.
    """
    try:
        with _opened(path) as stream:
            content = stream.read()
    except _READ_ERRORS as error:
        raise _unreadable(path, error) from error
    text = _decoded(path, content.removeprefix(BOM_UTF8), 0)
    if not text.strip():
        raise DataError(Problem(path, None, None, "the file is empty"))
    return text
