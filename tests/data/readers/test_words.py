from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from waystage.data.readers.words import Conll, ConllU
from waystage.errors import DataError


def values(table: Conll | ConllU, tmp_path: Path, content: str) -> list[dict[str, Any]]:
    path = tmp_path / "file.conll"
    path.write_bytes(content.encode())
    return [row.values for row in table.rows(path, ())]


@pytest.mark.parametrize("content", ["-DOCSTART- O\n\na\tX\nb c\tY\n\n\nd\tX", "a\tX\r\nb c\tY\r\n\r\nd\tX\r\n"])
def test_sentences_end_at_blank_lines(tmp_path: Path, content: str) -> None:
    found = [(row["words"], row["tags"]) for row in values(Conll(), tmp_path, content)]
    assert found == [(["a", "b c"], ["X", "Y"]), (["d"], ["X"])]


def test_columns_go_by_number_and_white_space_separates_where_there_is_no_tab(tmp_path: Path) -> None:
    (row,) = values(Conll(), tmp_path, "EU NNP I-NP B-ORG\nrejects VBZ I-VP O\n")
    assert row["2"] == ["NNP", "VBZ"]
    assert row["tags"] == ["B-ORG", "O"]


def test_words_alone_have_no_tags(tmp_path: Path) -> None:
    assert "tags" not in values(Conll(), tmp_path, "a\nb\n")[0]


def test_a_line_with_another_number_of_columns_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        values(Conll(), tmp_path, "a\tX\n\nb\tX\nc\n")
    assert caught.value.problems[0].line == 4


def token(number: str, form: str, upos: str, head: int | str) -> str:
    return "\t".join([number, form, "_", upos, "_", "_", str(head), "_", "_", "_"])


SENTENCE = "\n".join(
    [
        "# text = Er geht zum See.",
        token("1", "Er", "PRON", 2),
        token("2", "geht", "VERB", 0),
        token("3-4", "zum", "_", "_"),
        token("3", "zu", "ADP", 5),
        token("4", "dem", "DET", 5),
        token("5", "See", "NOUN", 2),
        token("5.1", "leer", "X", "_"),
        token("6", ".", "PUNCT", 2),
        "",
    ]
)


def test_words_are_the_parts_and_empty_nodes_are_skipped(tmp_path: Path) -> None:
    (row,) = values(ConllU(), tmp_path, SENTENCE)
    assert row["words"] == ["Er", "geht", "zu", "dem", "See", "."]
    assert row["tags"] == ["PRON", "VERB", "ADP", "DET", "NOUN", "PUNCT"]


def test_fused_forms_take_the_tag_of_the_part_nearest_the_root(tmp_path: Path) -> None:
    (row,) = values(ConllU(is_fused=True), tmp_path, SENTENCE)
    assert row["words"] == ["Er", "geht", "zum", "See", "."]
    assert row["tags"][2] == "ADP"
    nearer = SENTENCE.replace(token("4", "dem", "DET", 5), token("4", "dem", "DET", 2))
    assert values(ConllU(is_fused=True), tmp_path, nearer)[0]["tags"][2] == "DET"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("1\ttoo\tfew", "3 columns"),
        (token("x", "a", "X", 0), "id 'x'"),
        (token("1", "a", "X", "_"), "head '_'"),
        (token("1", "", "X", 0), "an empty word"),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, line: str, found: str) -> None:
    with pytest.raises(DataError, match=found) as caught:
        values(ConllU(), tmp_path, "# comment\n" + line + "\n")
    assert caught.value.problems[0].line == 2


@pytest.mark.parametrize("heads", [(2, 1), (9, 0), (1, 0)])
def test_heads_that_lead_to_no_root_are_named(tmp_path: Path, heads: tuple[int, int]) -> None:
    content = "\n".join([token("1-2", "ab", "_", "_"), token("1", "a", "X", heads[0]), token("2", "b", "X", heads[1])])
    with pytest.raises(DataError, match="leads to no root"):
        values(ConllU(is_fused=True), tmp_path, content)
