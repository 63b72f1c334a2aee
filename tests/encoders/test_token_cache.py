"""A corpus in token form on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.corpora import token_caches
from tests.fixtures.encoders import SENTENCES
from waystage.encoders import token_cache
from waystage.encoders.token_cache import HELD_OUT, TRAIN, TokenCache, write_token_cache
from waystage.encoders.tokenizer import SubwordTokenizer

# Every text twice, and two without a token.
TEXTS = [f"{first} {second}" for first in SENTENCES for second in SENTENCES] * 2 + ["", "  "]


def ids_of(cache: TokenCache) -> list[tuple[int, ...]]:
    return [tuple(document.tolist()) for document in cache.documents()]


def test_nothing_that_is_held_out_is_trained_on(tokenizer: SubwordTokenizer) -> None:
    """Also where a text occurs twice; together the parts are the corpus."""
    train = ids_of(token_caches(tokenizer, {"en": TEXTS}, 7)["en"])
    held_out = ids_of(token_caches(tokenizer, {"en": TEXTS}, 7, HELD_OUT)["en"])
    assert len(held_out) == len(set(held_out)) == 7
    assert not set(train) & set(held_out)
    assert sorted(train + held_out + held_out) == sorted(tuple(ids) for ids in tokenizer.ids_of(TEXTS) if ids)


@pytest.mark.parametrize("block", [1, 100, 1 << 18])
def test_documents_are_those_of_the_tokeniser(
    tokenizer: SubwordTokenizer, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(token_cache, "_BLOCK_CHARACTERS", block)
    cache = token_caches(tokenizer, {"en": TEXTS})["en"]
    expected = [tuple(ids) for ids in tokenizer.ids_of(TEXTS) if ids]
    assert ids_of(cache) == expected
    assert cache.n_tokens == sum(map(len, expected))
    assert cache.lengths(np.array([3, 0, 3])).tolist() == [len(expected[i]) for i in (3, 0, 3)]
    assert cache.read(4, 2, 5).tolist() == list(expected[4][2:5])
    assert cache.read(4, 1, 10**6).tolist() == list(expected[4][1:])


def test_nothing_is_held_out_of_a_small_corpus(tokenizer: SubwordTokenizer) -> None:
    assert ids_of(token_caches(tokenizer, {"en": SENTENCES}, 5, HELD_OUT)["en"]) == []
    assert len(ids_of(token_caches(tokenizer, {"en": SENTENCES}, 5)["en"])) == 9


def test_the_files_are_bare_integers(tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    write_token_cache(tokenizer, lambda: SENTENCES, 0, tmp_path)
    starts = np.frombuffer((tmp_path / f"{TRAIN}.i64").read_bytes(), "<i8")
    tokens = np.frombuffer((tmp_path / f"{TRAIN}.i32").read_bytes(), "<i4")
    assert starts[0] == 0
    assert starts[-1] == len(tokens) == sum(map(len, tokenizer.ids_of(SENTENCES)))
    assert (tmp_path / f"{HELD_OUT}.i32").stat().st_size == 0
