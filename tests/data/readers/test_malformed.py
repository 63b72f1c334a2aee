"""Whatever the bytes of a file are, reading gives examples or a DataError."""

from __future__ import annotations

import tempfile
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
