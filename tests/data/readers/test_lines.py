from __future__ import annotations

from pathlib import Path

import pytest

from waystage.data.readers.lines import numbered_lines
from waystage.errors import DataError


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    return path


def test_takes_off_the_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfone\r\ntwo\n\nfour")
    assert list(numbered_lines(path)) == [(1, "one"), (2, "two"), (3, ""), (4, "four")]


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    path = write(tmp_path, "a\u2028b\x0bc\x85d\n".encode())
    assert list(numbered_lines(path)) == [(1, "a\u2028b\x0bc\x85d")]


@pytest.mark.parametrize(
    ("content", "line", "found"),
    [
        (b"good\nbad \xff\n", 2, "not UTF-8"),
        (b"good\n\nno\x00ught\n", 3, "a NUL character"),
        (b"", None, "empty"),
        (b" \r\n\n", None, "empty"),
        (b"\xef\xbb\xbf", None, "empty"),
    ],
)
def test_names_file_and_line_of_what_is_not_text(tmp_path: Path, content: bytes, line: int | None, found: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        list(numbered_lines(path))
    (problem,) = caught.value.problems
    assert problem.file == path
    assert problem.line == line
    assert found in problem.found


def test_a_missing_file_and_a_folder_are_data_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.txt", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            list(numbered_lines(path))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 18])
def test_the_size_of_pieces_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr("waystage.data.readers.lines._PIECE_BYTES", size)
    lines = ["ein Haus", "", "二つの家", "", "", "дом\u2028", "end"]
    for end in ("", "\n", "\n\n"):
        path = write(tmp_path, b"\xef\xbb\xbf" + ("\r\n".join(lines) + end).encode())
        expected = [*lines, *[""] * (len(end) - 1)]
        assert list(numbered_lines(path)) == list(enumerate(expected, start=1))
