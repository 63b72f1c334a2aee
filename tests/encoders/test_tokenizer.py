"""Words and their first subwords, for every kind of tokeniser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tests.fixtures.encoders import TOKENIZERS
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import DataError

WORDS = ["the", "Katze", "schläft", "aujourd'hui", "x", "roof", "!", "Küche"]


@pytest.fixture(params=TOKENIZERS)
def folder(request: pytest.FixtureRequest, tokenizer_dirs: dict[str, Path]) -> Path:
    return tokenizer_dirs[request.param]


@pytest.fixture(scope="module")
def tokenizers(tokenizer_dirs: dict[str, Path]) -> dict[str, SubwordTokenizer]:
    return {name: SubwordTokenizer(folder) for name, folder in tokenizer_dirs.items()}


def test_words_give_the_subwords_of_the_sentence(folder: Path) -> None:
    """A sentence given as words reads like the same sentence given as text."""
    tokenizer = SubwordTokenizer(folder)
    words = ["the", "small", "cat", "sleeps"]
    text = " ".join(words)
    # A byte-level tokeniser marks words by the space before them, which the first word of a text lacks.
    given_text = f" {text}" if folder.name == "byte-level" else text
    (whole,) = tokenizer.encode_words(words, 64)
    assert whole.tokens.ids.tolist() == Tokenizer.from_file(str(folder / "tokenizer.json")).encode(given_text).ids


def test_first_subwords_are_where_words_begin(folder: Path) -> None:
    tokenizer = SubwordTokenizer(folder)
    bare = Tokenizer.from_file(str(folder / "tokenizer.json"))
    (sequence,) = tokenizer.encode_words(WORDS, 64)
    stops = [*sequence.first_subwords[1:], len(sequence.tokens) - 1]
    for word, start, stop in zip(WORDS, sequence.first_subwords, stops, strict=True):
        text = f" {word}" if folder.name == "byte-level" else word
        assert sequence.tokens.ids[start:stop].tolist() == bare.encode(text, add_special_tokens=False).ids


def test_a_long_sentence_is_split_between_words_and_nothing_is_lost(folder: Path) -> None:
    tokenizer = SubwordTokenizer(folder)
    words = WORDS * 5
    parts = tokenizer.encode_words(words, 16)
    (whole,) = tokenizer.encode_words(words, 1000)
    assert len(parts) > 1
    assert all(len(part.tokens) <= 16 for part in parts)
    assert [part.first_word for part in parts] == [
        sum(len(part.first_subwords) for part in parts[:index]) for index in range(len(parts))
    ]
    inner = [token for part in parts for token in part.tokens.ids[1:-1].tolist()]
    assert inner == whole.tokens.ids[1:-1].tolist()


@pytest.mark.parametrize("word", ["\u200b", "\u0000", "", " "])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_every_word_has_a_subword(tokenizers: dict[str, SubwordTokenizer], name: str, word: str) -> None:
    (sequence,) = tokenizers[name].encode_words(["cat", word, "red"], 64)
    assert len(sequence.first_subwords) == 3
    assert sequence.first_subwords[1] < sequence.first_subwords[2] < len(sequence.tokens) - 1


def test_a_word_without_subwords_is_the_unknown_token(tokenizers: dict[str, SubwordTokenizer]) -> None:
    tokenizer = tokenizers["word-piece"]
    (sequence,) = tokenizer.encode_words(["cat", " ", "red"], 64)
    assert sequence.tokens.ids[sequence.first_subwords[1]] == tokenizer.unk_id


def test_a_word_longer_than_a_sequence_keeps_its_first_subwords(folder: Path) -> None:
    tokenizer = SubwordTokenizer(folder)
    parts = tokenizer.encode_words(["cat", "ü" * 50 + "Katze" * 20, "red"], 8)
    assert sum(len(part.first_subwords) for part in parts) == 3
    assert all(len(part.tokens) <= 8 for part in parts)


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.text(max_size=12), min_size=1, max_size=30),
    max_tokens=st.integers(4, 40),
    name=st.sampled_from(sorted(TOKENIZERS)),
)
def test_laws_of_alignment(
    tokenizers: dict[str, SubwordTokenizer], words: list[str], max_tokens: int, name: str
) -> None:
    parts = tokenizers[name].encode_words(words, max_tokens)
    assert sum(len(part.first_subwords) for part in parts) == len(words)
    for part in parts:
        assert len(part.tokens) <= max_tokens
        places = part.first_subwords.tolist()
        assert places == sorted(set(places))
        assert all(0 < place < len(part.tokens) - 1 for place in places)


def test_texts_are_cut_at_the_longer_part(folder: Path) -> None:
    tokenizer = SubwordTokenizer(folder)
    short, long = "the cat", "eine kleine Katze schläft auf dem warmen roten Dach"
    alone, pair = tokenizer.encode_texts([long, short], [None, long], 10)
    assert len(alone) == len(pair) == 10
    (free,) = tokenizer.encode_texts([short], [long], 500)
    n_equal = min(len(tokenizer.encode_texts([short], [None], 500)[0]) - 1, 4)
    assert pair.ids[:n_equal].tolist() == free.ids[:n_equal].tolist()


@settings(deadline=None)
@given(
    st.sampled_from(sorted(TOKENIZERS)),
    st.lists(st.sampled_from(WORDS), max_size=40),
    st.lists(st.sampled_from(WORDS), max_size=40),
    st.booleans(),
    st.integers(6, 40),
)
def test_texts_are_cut_as_the_library_cuts_them(
    tokenizers: dict[str, SubwordTokenizer], name: str, first: list[str], second: list[str], is_pair: bool, n: int
) -> None:
    tokenizer, texts = tokenizers[name], (" ".join(first), " ".join(second))
    (found,) = tokenizer.encode_texts([texts[0]], [texts[1] if is_pair else None], n)
    library = Tokenizer.from_file(str(tokenizer.folder / "tokenizer.json"))
    library.no_padding()
    library.enable_truncation(n, strategy="longest_first")
    expected = library.encode(*(texts if is_pair else texts[:1]))
    assert found.ids.tolist() == expected.ids
    assert found.type_ids.tolist() == expected.type_ids


def test_a_very_long_pair_is_cut_without_its_combinations(tokenizers: dict[str, SubwordTokenizer]) -> None:
    """The library makes some 12 million sequences of this one."""
    (found,) = tokenizers[min(TOKENIZERS)].encode_texts(["the small cat " * 20_000], ["red roof " * 20_000], 16)
    assert len(found) == 16


def test_what_a_text_gives_does_not_depend_on_what_came_before(folder: Path) -> None:
    tokenizer = SubwordTokenizer(folder)
    before = tokenizer.encode_texts(["the small cat sleeps"], [None], 6)[0].ids.tolist()
    tokenizer.encode_words(["the", "small"], 64)
    tokenizer.encode_texts(["red roof"], [None], 64)
    assert tokenizer.encode_texts(["the small cat sleeps"], [None], 6)[0].ids.tolist() == before


def test_special_tokens(folder: Path) -> None:
    tokenizer = SubwordTokenizer(folder)
    assert (tokenizer.prefix_ids, tokenizer.suffix_ids) == ([0], [2])
    assert (tokenizer.pad_id, tokenizer.unk_id, tokenizer.special_id("mask_token")) == (1, 3, 4)
    assert tokenizer.special_ids == {0, 1, 2, 3, 4}


def test_a_missing_special_token_is_named(tokenizer_dirs: dict[str, Path], tmp_path: Path) -> None:
    source = tokenizer_dirs["unigram"]
    (tmp_path / "tokenizer.json").write_bytes((source / "tokenizer.json").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"pad_token": "<pad>"}))
    with pytest.raises(DataError, match="has no mask token"):
        SubwordTokenizer(tmp_path).special_id("mask_token")


def test_a_text_without_a_first_special_token_has_no_cls(folder: Path, tmp_path: Path) -> None:
    SubwordTokenizer(folder).require_first_token()
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    content["post_processor"] = None
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"pad_token": "<pad>"}))
    with pytest.raises(DataError, match=r"has no cls token.*`pooling: cls` needs one"):
        SubwordTokenizer(tmp_path).require_first_token()


def test_special_tokens_with_options_are_understood(tokenizer_dirs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes((tokenizer_dirs["unigram"] / "tokenizer.json").read_bytes())
    mapping = {"pad_token": {"content": "<pad>", "lstrip": False}, "mask_token": {"content": "<mask>"}}
    (tmp_path / "special_tokens_map.json").write_text(json.dumps(mapping))
    assert SubwordTokenizer(tmp_path).special_id("mask_token") == 4


def test_a_file_that_is_no_tokeniser(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match=r"tokenizer\.json"):
        SubwordTokenizer(tmp_path)
