"""Words in the tokens of three families of tokenisers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.encoders import SENTENCES
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.encoders.word_starts import starts_of_words


@pytest.mark.parametrize("name", ["unigram", "byte-level", "word-piece"])
def test_a_word_starts_after_each_space(tokenizer_dirs: dict[str, Path], name: str) -> None:
    (tokenizer_dirs[name] / "config.json").write_text("{}", encoding="utf-8")
    tokenizer = SubwordTokenizer(tokenizer_dirs[name])
    for sentence in SENTENCES[:6]:
        # Punctuation is a word of its own for WordPiece alone, so none here; the first word of a byte-level text
        # carries no mark.
        words = sentence.replace("'", "").split()
        (ids,) = tokenizer.ids_of([" ".join(words)])
        expected = len(words) - (name == "byte-level")
        assert int(tokenizer.starts_word[ids].sum()) == expected


@pytest.mark.parametrize("token", ["山", "ประเทศ", "ひら", "မြန်", "##山", "▁東京"])
def test_each_token_is_a_word_in_scripts_without_spaces(token: str) -> None:
    mark = "##x" if token.startswith("##") else "▁x"
    assert starts_of_words({token: 0, mark: 1}, 2)[0]


def test_scripts_with_spaces_and_tokens_that_are_missing() -> None:
    vocabulary = {"▁a": 0, "서울": 1, "дом": 3, "123": 4, "<s>": 5}
    assert np.array_equal(starts_of_words(vocabulary, 7), [True, False, False, False, False, False, False])
