"""Whatever the bytes of a file are, reading gives examples or a DataError."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystage.data.examples import Example
from waystage.data.readers.columns import (
    Columns,
    ParallelColumns,
    QuestionColumns,
    TaggedColumns,
    TextColumns,
    examples_of,
)
from waystage.data.readers.formats import FORMATS
from waystage.data.readers.rows import Format
from waystage.data.readers.words import ConllU
from waystage.errors import DataError

COLUMNS: dict[str, Columns] = {
    "jsonl": TextColumns(id="id"),
    "csv": TextColumns(pair="pair"),
    "tsv": ParallelColumns(),
    "conll": TaggedColumns(),
    "conllu": TaggedColumns(),
    "squad-json": QuestionColumns(id="id"),
    "ccg-auto": TaggedColumns(),
}
PIECES = {
    "jsonl": [
        '{"text": "a", "label": "x", "id": 1}\n',
        '{"text": "\\ud800"}',
        "[[",
        "\n",
        "1e999",
        "NaN",
        '"',
    ],
    "csv": ["text,pair,label\n", "a,b,x\n", '"', ",", "\r\n", "\r", '""'],
    "tsv": ["source\ttarget\n", "a\tb\n", "\t", "\n", '"'],
    "conll": ["a\tx\n", "a x\n", "\n", "\t", "-DOCSTART-\n", " "],
    "conllu": [
        "1\ta\t_\tx\t_\t_\t0\t_\t_\t_\n",
        "1-2\ta\t_\t_\t_\t_\t_\t_\t_\t_\n",
        "# c\n",
        "\n",
        "1.1\t_\n",
        "²",
    ],
    "squad-json": [
        '{"data": [',
        '{"paragraphs": [{"context": "a b", "qas": [',
        '{"id": 1, "question": "a", "answers": [{"text": "b", "answer_start": 2}]}',
        '{"id": 1, "question": "a", "answers": [{"text": "b", "answer_start": -1}]}',
        '{"question": 1, "answers": {"text": ["a"]}}',
        "]}",
        ",",
    ],
    "ccg-auto": ["ID=1\n", "(<T S 0 1> (<L x NN NN a N>) )", "(<L x)", "\n", "y"],
}


def examples_or_error(path: Path, table: Format, columns: Columns) -> list[Example] | DataError:
    try:
        return examples_of(path, table.rows(path, columns.names), columns, ("x", "y"))
    except DataError as error:
        return error


def read(name: str, content: bytes, *, is_fused: bool = False) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        table = ConllU(is_fused=True) if is_fused else FORMATS[name]
        result = examples_or_error(path, table, COLUMNS[name])
    if isinstance(result, DataError):
        assert str(path) in str(result)
    else:
        assert result
        assert len({example.id for example in result}) == len(result)


@pytest.mark.parametrize("name", sorted(PIECES))
def test_any_bytes(name: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=200))
    def check(content: bytes) -> None:
        read(name, content)

    check()


@pytest.mark.parametrize("name", sorted(PIECES))
def test_pieces_of_valid_files_in_any_order(name: str) -> None:
    piece = st.one_of(st.sampled_from(PIECES[name]), st.text(max_size=5))

    @settings(max_examples=150, deadline=None)
    @given(st.lists(piece, max_size=12), st.booleans())
    def check(pieces: list[str], is_fused: bool) -> None:
        content = "".join(pieces).encode("utf-8", "surrogatepass")
        read(name, content, is_fused=is_fused and name == "conllu")

    check()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\x00" * 40 + b"PAR1", b"text"])
def test_damaged_parquet(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    path = tmp_path / "file.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError):
        list(FORMATS["parquet"].rows(path, ("text",)))


QUESTIONS = [{"id": f"q{i}", "question": "Where?", "answers": [{"text": "b", "answer_start": 2}]} for i in range(3)]
VALID = {
    "jsonl": "".join(f'{{"text": "word {i}", "label": "x", "id": {i}}}\n' for i in range(4)),
    "csv": "text,pair,label\n" + "".join(f'"a, {i}",b,x\n' for i in range(4)),
    "tsv": "source\ttarget\n" + "".join(f"eins {i}\tone {i}\n" for i in range(4)),
    "conll": "a\tx\nb\ty\n\nc\tx\n\nd\ty\n",
    "conllu": "# text = ab c\n1-2\tab\t_\t_\t_\t_\t_\t_\t_\t_\n" + "\n".join(
        "1\ta\t_\tx\t_\t_\t0\t_\t_\t_\n2\tb\t_\ty\t_\t_\t1\t_\t_\t_\n2.1\te\t_\ty\t_\t_\t_\t_\t_\t_\n" for _ in range(3)
    ),
    "squad-json": json.dumps({"data": [{"paragraphs": [{"context": "a b", "qas": QUESTIONS}]}]}, indent=1),
    "ccg-auto": "".join(f"ID={i}\n(<T S 0 1> (<L x NN NN a N>) (<L y NN NN b N>) )\n" for i in range(3)),
}  # fmt: skip


def lines(text: str) -> list[str]:
    return [line for line in text.removeprefix("\ufeff").split("\n") if line.strip()]


def blocks(text: str) -> list[str]:
    return [block for block in re.split(r"\n[ \t\r]*(?=\n)", text.removeprefix("\ufeff")) if block.strip(" \t\r\n")]


def n_conllu(text: str) -> int:
    words = ([line for line in block.split("\n") if line and not line.startswith("#")] for block in blocks(text))
    return sum(any(not re.match(r"\d+\.\d+\t", line) for line in block) for block in words)


def n_questions(text: str) -> int:
    content = json.loads(text.removeprefix("\ufeff"))
    return sum(len(paragraph["qas"]) for article in content["data"] for paragraph in article["paragraphs"])


# Rows that anyone can see in a file, counted without the reader.
COUNTS: dict[str, Callable[[str], int]] = {
    "jsonl": lambda text: len(lines(text)),
    "csv": lambda text: sum(bool(row) for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))) - 1,
    "tsv": lambda text: len(lines(text)) - 1,
    "conll": lambda text: len(blocks(text)),
    "conllu": n_conllu,
    "squad-json": n_questions,
    "ccg-auto": lambda text: sum(not line.startswith("ID=") for line in lines(text)),
}


@st.composite
def damaged(draw: st.DrawFn, valid: bytes) -> bytes:
    """A valid file with up to three stretches cut out, overwritten or put in."""
    content = valid
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(content)))
        stop = min(len(content), start + draw(st.integers(0, 6)))
        inserted = st.sampled_from(
            [b"", b"\n", b"\r\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\t", b'"', b",", b".", b"\n\n"]
        )
        content = content[:start] + draw(inserted | st.binary(max_size=3)) + content[stop:]
    return content


@pytest.mark.parametrize("name", sorted(VALID))
def test_damage_is_an_error_or_loses_no_row(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"

    @settings(max_examples=150, deadline=None)
    @given(damaged(VALID[name].encode()), st.booleans())
    def check(content: bytes, is_fused: bool) -> None:
        path.write_bytes(content)
        table = ConllU(is_fused=True) if is_fused and name == "conllu" else FORMATS[name]
        result = examples_or_error(path, table, COLUMNS[name])
        if isinstance(result, DataError):
            assert all(problem.file == path for problem in result.problems)
        else:
            assert len(result) == COUNTS[name](content.decode("utf-8"))

    check()


@pytest.mark.parametrize("name", sorted(VALID))
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_marks_and_ends_of_lines_change_nothing(name: str, mark: bytes, end: bytes, tmp_path: Path) -> None:
    plain, other = tmp_path / "plain", tmp_path / "other"
    plain.write_text(VALID[name], encoding="utf-8")
    other.write_bytes(mark + VALID[name].encode().replace(b"\n", end))
    expected = examples_or_error(plain, FORMATS[name], COLUMNS[name])
    assert not isinstance(expected, DataError)
    assert examples_or_error(other, FORMATS[name], COLUMNS[name]) == expected


@pytest.mark.parametrize("name", sorted(VALID))
@pytest.mark.parametrize(("content", "line"), [(b"", None), (b"\n\x00\n", 2), (b"\n\n\xff", 3), (b"\n \n", None)])
def test_what_no_text_has(name: str, content: bytes, line: int | None, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    error = examples_or_error(path, FORMATS[name], COLUMNS[name])
    assert isinstance(error, DataError)
    assert error.problems[0].line == line


def test_compressed_text(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl.gz"
    path.write_bytes(gzip.compress(VALID["jsonl"].encode()))
    examples = examples_or_error(path, FORMATS["jsonl"], COLUMNS["jsonl"])
    assert not isinstance(examples, DataError)
    assert len(examples) == 4
    for content in (b"text", gzip.compress(VALID["jsonl"].encode())[:-9], b"\x1f\x8b\x08"):
        path.write_bytes(content)
        error = examples_or_error(path, FORMATS["jsonl"], COLUMNS["jsonl"])
        assert isinstance(error, DataError)
        assert "cannot be read" in str(error)


@pytest.mark.parametrize(
    ("content", "line", "found"),
    [
        ("1\ta\t_\tx\t_\t_\t0\t_\t_\t_\n3\tb\t_\ty\t_\t_\t1\t_\t_\t_\n", 2, "word 3; expected word 2"),
        ("1.\ta\t_\tx\t_\t_\t0\t_\t_\t_\n", 1, "id '1.'"),
        ("1\ta\t_\tz\t_\t_\t0\t_\t_\t_\n", 1, "unknown label 'z'"),
    ],
)
def test_words_of_a_treebank(content: str, line: int, found: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    error = examples_or_error(path, FORMATS["conllu"], COLUMNS["conllu"])
    assert isinstance(error, DataError)
    assert error.problems[0].line == line
    assert found in str(error)
