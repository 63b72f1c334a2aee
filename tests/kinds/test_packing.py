"""What is read: languages in proportion, every token once a pass, nothing lost between sequences."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.corpora import drawn, token_caches
from tests.fixtures.encoders import SENTENCES
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import DataError
from waystage.kinds.packing import DrawnSequences, Frame, draw_for_budget, permuted
from waystage.study.pretraining import MaskedLm, Packing
from waystage.study.study import Training

GERMAN, FRENCH = SENTENCES[2:4], SENTENCES[4:6]


def content(sequences: DrawnSequences) -> list[int]:
    """All ordinary tokens, in the order of the sequences."""
    frame = {*sequences.frame.prefix, *sequences.frame.separator}
    return [token for sequence in sequences for token in sequence.ids.tolist() if token not in frame]


@given(n=st.integers(1, 5000), seed=st.integers(0, 2**62))
@settings(max_examples=50, deadline=None)
def test_a_permutation_has_every_place_once(n: int, seed: int) -> None:
    images = permuted(np.arange(n, dtype=np.int64), n, seed)
    assert np.array_equal(np.sort(images), np.arange(n))
    some = np.arange(n, dtype=np.int64)[:: max(1, n // 7)]
    assert np.array_equal(permuted(some, n, seed), images[some])


def test_permutations_are_shuffled_and_differ() -> None:
    images = [permuted(np.arange(1000, dtype=np.int64), 1000, seed) for seed in range(20)]
    assert len({tuple(image.tolist()) for image in images}) == 20
    # Fixed points and rises of a random permutation: about one, and half.
    assert np.mean([(image == np.arange(1000)).sum() for image in images]) < 3
    assert abs(np.mean([(np.diff(image) > 0).mean() for image in images]) - 0.5) < 0.02


@settings(max_examples=40, deadline=None)
@given(
    max_tokens=st.integers(4, 60),
    n_tokens=st.integers(1, 600),
    seed=st.integers(0, 2**32),
    packing=st.sampled_from(Packing),
)
def test_packed_sequences_fit(
    tokenizer: SubwordTokenizer, max_tokens: int, n_tokens: int, seed: int, packing: Packing
) -> None:
    sequences = drawn(tokenizer, {"de": GERMAN, "fr": FRENCH}, (max_tokens, n_tokens), seed, packing=packing)
    assert [len(sequence) for sequence in sequences] == sequences.lengths.tolist()
    assert all(3 <= len(sequence) <= max_tokens for sequence in sequences)
    assert sequences.lengths.sum() >= n_tokens > sequences.lengths[:-1].sum()
    assert all(sequence.ids[0] == 0 and sequence.ids[-1] == 2 for sequence in sequences)
    if packing is Packing.BLOCKS:
        # A block is full, but for a last place that a document and its separator do not fill.
        assert all(len(sequence) >= max_tokens - 1 for sequence in sequences)
    occurring = {token for sequence in sequences for token in sequence.ids.tolist()}
    assert occurring <= set(sequences.occurring(tokenizer.vocabulary_size).tolist())


@pytest.mark.parametrize("packing", Packing)
@pytest.mark.parametrize("max_tokens", [6, 17, 200])
def test_a_pass_keeps_every_token(tokenizer: SubwordTokenizer, packing: Packing, max_tokens: int) -> None:
    """Also those of documents that are longer than a sequence; the second pass has the same tokens in another order."""
    whole = Counter(token for ids in tokenizer.ids_of(SENTENCES) for token in ids)
    n_pass = sum(whole.values())
    sequences = drawn(tokenizer, {"en": SENTENCES}, (max_tokens, 5 * n_pass), 4, packing=packing)
    tokens = content(sequences)
    first, second = tokens[:n_pass], tokens[n_pass : 2 * n_pass]
    assert Counter(first) == Counter(second) == whole
    assert first != second


def test_documents_are_kept_apart(tokenizer: SubwordTokenizer) -> None:
    sequences = drawn(tokenizer, {"en": SENTENCES}, (500, 450), 4)
    text = {tuple(ids) for ids in tokenizer.ids_of(SENTENCES)}
    ids = sequences[0].ids.tolist()[1:]
    found = {tuple(group) for is_end, group in itertools.groupby(ids, lambda token: token == 2) if not is_end}
    assert text == found


def test_each_document_by_itself(tokenizer: SubwordTokenizer) -> None:
    sequences = drawn(tokenizer, {"en": SENTENCES}, (80, 9 * 30), 4, packing=Packing.SEPARATE)
    text = [tuple(ids) for ids in tokenizer.ids_of(SENTENCES)]
    assert {tuple(sequence.ids.tolist()[1:-1]) for sequence in sequences[:9]} == set(text)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_languages_are_drawn_in_proportion(tokenizer: SubwordTokenizer, alpha: float) -> None:
    texts = {"large": ["the small cat"] * 90, "small": ["eine kleine Katze"] * 10}
    sequences = drawn(tokenizer, texts, (16, 16 * 1500), 2, alpha=alpha)
    n_small, n = int((sequences.languages == 1).sum()), len(sequences)
    expected = 10**alpha / (10**alpha + 90**alpha)
    assert abs(n_small - n * expected) <= 5 * np.sqrt(n * expected * (1 - expected))


def test_the_order_of_languages_does_not_matter(tokenizer: SubwordTokenizer) -> None:
    def ids(*languages: str) -> list[list[int]]:
        texts = {language: {"de": GERMAN, "fr": FRENCH}[language] for language in languages}
        return [s.ids.tolist() for s in drawn(tokenizer, texts, (32, 300), 1)]

    assert ids("de", "fr") == ids("fr", "de")


def test_a_sequence_follows_from_its_place(tokenizer: SubwordTokenizer) -> None:
    """Whatever was read before: a resumed stage reads what an uninterrupted one does."""
    sequences, again = (drawn(tokenizer, {"en": SENTENCES}, (20, 900), 1) for _ in range(2))
    backwards = [sequences[at].ids.tolist() for at in reversed(range(len(sequences)))]
    assert [again[at].ids.tolist() for at in range(len(again))] == backwards[::-1]


def test_budgets(tokenizer: SubwordTokenizer) -> None:
    caches = token_caches(tokenizer, {"de": GERMAN, "fr": FRENCH})
    common = {"batch_size": 2, "max_tokens": 32}
    n_corpus = sum(len(ids) + 2 for ids in tokenizer.ids_of(GERMAN + FRENCH))

    def drawn_for(training: Training) -> tuple[int, Training]:
        sequences, rest = draw_for_budget(caches, Frame.of(tokenizer), MaskedLm(), training, 1)
        return int(sequences.lengths.sum()), rest

    n_tokens, training = drawn_for(Training(tokens=500, **common))
    assert 500 <= n_tokens < 532
    assert (training.epochs, training.tokens) == (1.0, None)
    n_tokens, training = drawn_for(Training(epochs=3, **common))
    assert 3 * n_corpus <= n_tokens < 3 * n_corpus + 32
    assert training.epochs == 1.0
    n_tokens, training = drawn_for(Training(steps=5, **common))
    assert training.steps == 5
    assert n_tokens >= 5 * 2 * 32


@pytest.mark.parametrize("texts", [{}, {"de": []}, {"de": ["", ""]}])
def test_no_text(tokenizer: SubwordTokenizer, texts: dict[str, list[str]]) -> None:
    with pytest.raises(DataError, match="not a single token"):
        drawn(tokenizer, texts, (16, 100), 1)


def test_no_room(tokenizer: SubwordTokenizer) -> None:
    with pytest.raises(DataError, match="max_tokens is 2, and 2 are special tokens"):
        drawn(tokenizer, {"de": GERMAN}, (2, 100), 1)
