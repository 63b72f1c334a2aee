"""Parallel text from aligned files and from columns of tables."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from waystage.data.readers.formats import FORMATS
from waystage.data.source import Place
from waystage.data.sources.aligned import AlignedColumns, AlignedFiles, AlignedTexts
from waystage.errors import DataError

ENGLISH = ["the cat", "the  light", "", "rain"]
GERMAN = ["die Katze", "das Licht", "leer", "Regen"]
PAIRS = [("die Katze", "the cat"), ("das Licht", "the light"), ("Regen", "rain")]


def write(folder: Path, name: str, lines: list[str], end: str = "\n", mark: str = "") -> str:
    (folder / name).write_bytes((mark + "".join(line + end for line in lines)).encode("utf-8"))
    return name


@pytest.mark.parametrize(("end", "mark"), [("\n", ""), ("\r\n", "\ufeff")])
def test_line_i_of_each_file_is_the_same_sentence(tmp_path: Path, place: Place, end: str, mark: str) -> None:
    files = {"en": write(tmp_path, "a.en", ENGLISH, end, mark), "de": write(tmp_path, "a.de", GERMAN)}
    texts = AlignedTexts((AlignedFiles(tuple(files.items())),))
    assert texts.pairs == (("de", "en"),)
    assert list(texts.read(("de", "en"), place)) == PAIRS


def test_columns_of_tables(tmp_path: Path, place: Place) -> None:
    rows = [{"e": one, "d": other} for one, other in zip(ENGLISH, GERMAN, strict=True)]
    write(tmp_path, "b.tsv", ["e\td", *(f"{row['e']}\t{row['d']}" for row in rows)])
    write(tmp_path, "b.jsonl", [json.dumps(row) for row in rows])
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "b.parquet")
    for name in ("tsv", "jsonl", "parquet"):
        text = AlignedColumns(f"b.{name}", FORMATS[name], (("en", "e"), ("de", "d")))
        assert list(AlignedTexts((text,)).read(("de", "en"), place)) == PAIRS


def test_keys_in_a_column_as_opus_has_them(tmp_path: Path, place: Place) -> None:
    rows = [{"id": "1", "translation": {"de": "die Katze", "en": "the cat"}}]
    write(tmp_path, "b.jsonl", [json.dumps(row) for row in rows])
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "b.parquet")
    columns = (("en", "translation.en"), ("de", "translation.de"))
    for name in ("jsonl", "parquet"):
        assert list(AlignedTexts((AlignedColumns(f"b.{name}", FORMATS[name], columns),)).read(("de", "en"), place)) == [
            ("die Katze", "the cat")
        ]
    lacking = AlignedTexts((AlignedColumns("b.jsonl", FORMATS["jsonl"], (("en", "translation.en"), ("fr", "x"))),))
    with pytest.raises(DataError, match=r"b.jsonl:1: x: missing"):
        list(lacking.read(("en", "fr"), place))


def test_files_with_different_numbers_of_lines_do_not_belong_together(tmp_path: Path, place: Place) -> None:
    files = (("en", write(tmp_path, "a.en", ENGLISH)), ("de", write(tmp_path, "a.de", GERMAN[:3])))
    with pytest.raises(DataError, match=r"a\.en: found 4 lines.*3, as in .*a\.de|4 lines"):
        list(AlignedTexts((AlignedFiles(files),)).read(("de", "en"), place))


def test_a_pivot_keeps_its_own_pairs_and_texts_follow_each_other(tmp_path: Path, place: Place) -> None:
    for language in ("en", "de", "fr"):
        write(tmp_path, f"a.{language}", [f"{language} 1", f"{language} 2"])
    write(tmp_path, "c.en", ["more"])
    write(tmp_path, "c.de", ["mehr"])
    first = tuple((language, f"a.{language}") for language in ("en", "de", "fr"))
    second = AlignedFiles((("en", "c.en"), ("de", "c.de")))
    every = AlignedTexts((AlignedFiles(first),))
    assert every.pairs == (("de", "en"), ("de", "fr"), ("en", "fr"))
    texts = AlignedTexts((AlignedFiles(first, "en"), second))
    assert texts.pairs == (("de", "en"), ("en", "fr"))
    assert list(texts.read(("de", "en"), place))[-1] == ("mehr", "more")
    assert len(texts.files(("de", "en"), place)) == 4
    with pytest.raises(DataError, match=r"no text in the languages de\+fr"):
        texts.files(("de", "fr"), place)


@pytest.mark.parametrize(
    ("paths", "n_pairs"),
    [
        ({"en": "flores200_devtest/eng_Latn.devtest", "sw": "flores200_devtest/swh_Latn.devtest"}, 1012),
        ({"en": "ntrex128/newstest2019-src.eng.txt", "yo": "ntrex128/newstest2019-ref.yor.txt"}, 1997),
        ({"en": "tico19/en-my/tico19-test.en", "my": "tico19/en-my/tico19-test.my"}, 2100),
    ],
)
def test_published_parallel_text(shared_data_dir: Path, tmp_path: Path, paths: dict[str, str], n_pairs: int) -> None:
    """Every line has both sides; byte-order marks and carriage returns are no part of a sentence."""
    texts = AlignedTexts((AlignedFiles(tuple(paths.items()), "en"),))
    (pair,) = texts.pairs
    pairs = list(texts.read(pair, Place(shared_data_dir, tmp_path)))
    assert len(pairs) == n_pairs
    assert not any(mark in sentence for both in pairs for sentence in both for mark in "\ufeff\r\n\t")
