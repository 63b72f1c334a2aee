from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tests.data.readers.test_malformed import examples_or_error
from tests.fixtures.hub_datasets import write_table
from waystage.data.readers.columns import TextColumns
from waystage.data.readers.hub_tables import (
    ClassLabels,
    LetteredChoices,
    MappedValues,
    TaggedTable,
    XtremePairs,
    class_names,
)
from waystage.data.readers.rows import Format, Parquet
from waystage.data.sources.hub_tables import HubRepo
from waystage.errors import DataError

REPO = HubRepo("tiny/data", "0" * 40)


def table(folder: Path, columns: dict[str, Any], classes: dict[str, list[str]] | None = None) -> Path:
    return write_table(folder, REPO, "file.parquet", columns, classes or {})


def rows(reader: Format, path: Path, *columns: str) -> list[dict[str, Any]]:
    return [row.values for row in reader.rows(path, columns)]


def test_class_labels_are_named_and_withheld_ones_are_none(tmp_path: Path) -> None:
    path = table(tmp_path, {"label": pa.array([1, 0, -1, None])}, {"label": ["no", "yes"]})
    assert class_names(path, "label") == ("no", "yes")
    named = rows(ClassLabels("label", ("no", "yes")), path, "label")
    assert [row["label"] for row in named] == ["yes", "no", None, None]
    left = rows(ClassLabels("label", ("no", "yes"), leaves_out_unlabelled=True), path, "label")
    assert [row["label"] for row in left] == ["yes", "no", None]


def test_classes_in_another_order_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, {"label": pa.array([1])}, {"label": ["yes", "no"]})
    with pytest.raises(DataError, match="classes in the order yes, no; expected no, yes"):
        rows(ClassLabels("label", ("no", "yes")), path, "label")
    tags = table(tmp_path, {"tags": pa.array([[1]])}, {"tags": ["B", "O"]})
    with pytest.raises(DataError, match="classes in the order B, O"):
        rows(ClassLabels("tags", ("O", "B")), tags, "tags")


def test_words_and_tags_are_found_by_name_or_by_place(tmp_path: Path) -> None:
    words, numbers = pa.array([["a", "b"]]), pa.array([[1, 0]])
    expected = [{"words": ["a", "b"], "tags": ["VERB", "NOUN"]}]
    named = table(tmp_path, {"pos_tags": numbers, "tokens": words}, {"pos_tags": ["NOUN", "VERB"]})
    assert rows(TaggedTable(), named, "words", "tags") == expected
    placed = table(tmp_path, {"form": words, "upos": numbers, "x": words}, {"upos": ["NOUN", "VERB"]})
    assert rows(TaggedTable(), placed, "words", "tags") == expected
    spelled = table(tmp_path, {"tokens": words, "pos_tags": pa.array([["VERB", "NOUN"]])})
    assert rows(TaggedTable(), spelled, "words", "tags") == expected


def test_numbers_of_tags_without_names_are_refused(tmp_path: Path) -> None:
    words = pa.array([["a", "b"]])
    bare = table(tmp_path, {"tokens": words, "pos_tags": pa.array([[1, 0]])})
    with pytest.raises(DataError, match=r"file\.parquet:1: pos_tags: the number 1 without a name"):
        rows(TaggedTable(), bare, "words", "tags")
    beyond = table(tmp_path, {"tokens": words, "pos_tags": pa.array([[2, 0]])}, {"pos_tags": ["NOUN", "VERB"]})
    with pytest.raises(DataError, match=r"tag 2; expected a number from 0 to 1"):
        rows(TaggedTable(), beyond, "words", "tags")
    with pytest.raises(DataError, match="the columns tokens; expected words and tags"):
        rows(TaggedTable(), table(tmp_path, {"tokens": words}), "words", "tags")


@pytest.mark.parametrize("value", [2, -2])
def test_a_label_out_of_range_is_named_with_its_row(value: int, tmp_path: Path) -> None:
    path = table(tmp_path, {"label": pa.array([0, value])})
    with pytest.raises(DataError, match=rf"file\.parquet:2: label: label '{value}'; expected a number from 0 to 1"):
        rows(ClassLabels("label", ("no", "yes")), path, "label")


def test_mapped_values(tmp_path: Path) -> None:
    reader = MappedValues(Parquet(), "label", (("1", "A"), ("2", "B")))
    path = table(tmp_path, {"label": ["2", None, "1"]})
    assert [row["label"] for row in rows(reader, path, "label")] == ["B", None, "A"]
    with pytest.raises(DataError, match="'3'; expected one of 1, 2"):
        rows(reader, table(tmp_path, {"label": ["3"]}), "label")


def test_english_is_found_on_either_side(tmp_path: Path) -> None:
    columns = {
        "source_sentence": ["a", "b"], "target_sentence": ["c", "d"],
        "source_lang": ["eng", "deu"], "target_lang": ["deu", "eng"],
    }  # fmt: skip
    found = rows(XtremePairs(), table(tmp_path, columns))
    assert found == [{"source": "a", "target": "c"}, {"source": "d", "target": "b"}]
    with pytest.raises(DataError, match="languages deu and deu"):
        rows(XtremePairs(), table(tmp_path, columns | {"source_lang": ["deu"] * 2, "target_lang": ["deu"] * 2}))


@pytest.mark.parametrize("labels", [["B", "A"], ["A"], ["A", "B", "C"]])
def test_letters_have_to_be_in_order(labels: list[str], tmp_path: Path) -> None:
    path = table(tmp_path, {"choices": pa.array([{"label": labels, "text": ["x", "y"]}])})
    with pytest.raises(DataError, match="texts lettered A, B, C"):
        rows(LetteredChoices(Parquet()), path, "choices")


def test_damaged_tables_are_errors_or_lose_no_row(tmp_path: Path) -> None:
    path = table(tmp_path, {"text": ["a", "b", "c"], "label": pa.array([0, 1, 0])}, {"label": ["x", "y"]})
    valid = path.read_bytes()
    reader, columns = ClassLabels("label", ("x", "y")), TextColumns()

    @settings(max_examples=80, deadline=None)
    @given(st.integers(0, len(valid)), st.integers(0, 8), st.binary(max_size=8))
    def check(start: int, n_cut: int, inserted: bytes) -> None:
        path.write_bytes(valid[:start] + inserted + valid[start + n_cut :])
        result = examples_or_error(path, reader, columns)
        if isinstance(result, DataError):
            assert all(problem.file == path for problem in result.problems)
        else:
            assert len(result) == parquet.read_metadata(path).num_rows

    check()
