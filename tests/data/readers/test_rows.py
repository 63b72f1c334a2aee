from __future__ import annotations

from pathlib import Path

import pytest

from waystage.data.readers.formats import FORMATS
from waystage.data.readers.rows import Delimited, Row, aligned_rows
from waystage.errors import DataError


def rows(tmp_path: Path, name: str, content: str, columns: tuple[str, ...] = ()) -> list[Row]:
    path = tmp_path / f"file.{name}"
    path.write_bytes(content.encode())
    return list(FORMATS[name].rows(path, columns))


def test_json_lines_give_objects_and_skip_blank_lines(tmp_path: Path) -> None:
    found = rows(tmp_path, "jsonl", '{"text": "a"}\n\n{"text": "b", "n": 1}\n')
    assert found == [Row(1, {"text": "a"}), Row(3, {"text": "b", "n": 1})]


@pytest.mark.parametrize("line", ["{", "[1]", '"text"', "null", "[" * 100_000, '{"n": ' + "9" * 5000 + "}"])
def test_what_is_no_json_object_is_named_by_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataError) as caught:
        rows(tmp_path, "jsonl", '{"text": "a"}\n' + line + "\n")
    assert caught.value.problems[0].line == 2


def test_quoted_fields_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    found = rows(tmp_path, "csv", 'text,label\r\n"a, ""b""\nc",x\r\nd,y\r\n', ("text", "label"))
    assert found == [Row(2, {"text": 'a, "b"\nc', "label": "x"}), Row(4, {"text": "d", "label": "y"})]


def test_in_tsv_a_quote_is_a_character(tmp_path: Path) -> None:
    assert rows(tmp_path, "tsv", 'text\tlabel\n"a\tx\n') == [Row(2, {"text": '"a', "label": "x"})]


def test_a_table_without_header_takes_the_given_names(tmp_path: Path) -> None:
    path = tmp_path / "file.tsv"
    path.write_text("a\tb\n", encoding="utf-8")
    table = Delimited("\t", is_quoted=False, names=("premise", "hypothesis"))
    assert list(table.rows(path, ())) == [Row(1, {"premise": "a", "hypothesis": "b"})]


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_too_few_and_too_many_columns_are_named(tmp_path: Path, name: str) -> None:
    mark = {"csv": ",", "tsv": "\t"}[name]
    for cells in (["only"], ["a", "b", "c"]):
        with pytest.raises(DataError, match=f"{len(cells)} columns; expected 2") as caught:
            rows(tmp_path, name, f"text{mark}label\n{mark.join(cells)}\n")
        assert caught.value.problems[0].line == 2


def test_a_column_that_the_header_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"file\.csv:1: no column 'label' in the header; expected one of text, tag"):
        rows(tmp_path, "csv", "text,tag\na,b\n", ("text", "label"))


def test_a_quote_that_never_closes_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        rows(tmp_path, "csv", 'text,label\na,b\n"c,d\n')
    assert caught.value.problems[0].line == 3


def test_parquet_gives_the_columns_asked_for(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow reads Parquet")
    path = tmp_path / "file.parquet"
    parquet.write_table(pyarrow.table({"text": ["a", "b"], "label": [0, 1], "other": [1.0, 2.0]}), path)
    found = list(FORMATS["parquet"].rows(path, ("text", "label")))
    assert found == [Row(1, {"text": "a", "label": 0}), Row(2, {"text": "b", "label": 1})]
    with pytest.raises(DataError, match="no column 'gold'"):
        list(FORMATS["parquet"].rows(path, ("gold",)))


def test_what_is_not_parquet_is_a_data_error(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        rows(tmp_path, "parquet", "text,label\n", ("text",))


def test_aligned_files_must_have_the_same_number_of_lines(tmp_path: Path) -> None:
    source, target = tmp_path / "a.en", tmp_path / "a.de"
    source.write_text("one\ntwo\n", encoding="utf-8")
    target.write_text("eins\nzwei\n", encoding="utf-8")
    assert list(aligned_rows({"s": source, "t": target}))[1] == Row(2, {"s": "two", "t": "zwei"})
    target.write_text("eins\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.de: 1 lines; expected 2"):
        list(aligned_rows({"s": source, "t": target}))
