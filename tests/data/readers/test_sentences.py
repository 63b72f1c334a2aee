"""Sentences of English paragraphs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystage.data.readers.sentences import english_sentences

PARAGRAPHS = [
    (["It rained. ", "Nobody came."], "two plain sentences"),
    (['He said "Stop!" ', "She did not."], "a quote before the boundary"),
    (["Born in 1990.[4] ", "The town grew."], "a mark of an editor"),
    (["Dr. A. B. Smith met J. F. Kennedy at No. 10 in Oct. 1961."], "titles, initials and numbers"),
    (["They went to the U.S. Senate in the U.S. ", "The vote was close."], "an abbreviation that may end a sentence"),
    (["Was it 3.5 km? ", "(Yes.) ", "It was."], "a number and brackets"),
]


@pytest.mark.parametrize(("sentences", "why"), PARAGRAPHS)
def test_sentences_end_where_a_reader_sees_it(sentences: list[str], why: str) -> None:
    text = "".join(sentences)
    assert [text[start:stop] for start, stop in english_sentences(text)] == [s.rstrip() for s in sentences], why


@given(st.text(alphabet="Aa1. \n?!\"'()[]\u201d", max_size=60))
def test_sentences_hold_all_of_the_text_but_white_space_between_them(text: str) -> None:
    spans = english_sentences(text)
    assert all(start < stop for start, stop in spans)
    assert all(text[start:stop] == text[start:stop].strip() for start, stop in spans)
    ends = [0, *(end for span in spans for end in span), len(text)]
    assert ends == sorted(ends)
    assert all(not text[stop:start].strip() for stop, start in zip(ends[::2], ends[1::2], strict=True))


@pytest.mark.shared_data
def test_sentences_are_mostly_those_of_xquad_r(shared_data_dir: Path) -> None:
    content = json.loads((shared_data_dir / "lareqa/xquad-r/en.json").read_text(encoding="utf-8"))
    paragraphs = [paragraph for article in content["data"] for paragraph in article["paragraphs"]]
    n_right = n_found = n_gold = 0
    for paragraph in paragraphs:
        gold, found = {tuple(span) for span in paragraph["sentence_breaks"]}, english_sentences(paragraph["context"])
        n_right, n_found, n_gold = n_right + len(gold & set(found)), n_found + len(found), n_gold + len(gold)
    assert 2 * n_right / (n_found + n_gold) > 0.99
