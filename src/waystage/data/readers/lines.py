"""Text files as numbered lines."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from waystage.errors import DataError, Problem


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, from 1; a byte-order mark and line ends (LF or CR LF) are taken off.

    Only a line feed ends a line: other characters that Unicode counts as line breaks occur inside sentences.

    Raises:
        DataError: the file cannot be read, is empty, is not UTF-8, or has a NUL character.
    """
    text = read_text(path)
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, start=1):
        yield number, line.removesuffix("\r")


def read_text(path: Path) -> str:
    """The text of a file (decompressed, where its name ends in ``.gz``), a byte-order mark taken off.

    Raises:
        DataError: the file cannot be read, is empty, is not UTF-8, or has a NUL character.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(Problem(path, None, None, f"cannot be read ({reason})")) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(Problem(path, line, None, f"not UTF-8 ({error.reason})", "text in UTF-8")) from error
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise DataError(Problem(path, line, None, "a NUL character", "text in UTF-8"))
    if not text.strip():
        raise DataError(Problem(path, None, None, "the file is empty"))
    return text
