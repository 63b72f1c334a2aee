"""Masking and sampling, within what chance allows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.encoders import SENTENCES
from waystage.encoders.tokenizer import SubwordTokenizer, TokenSequence
from waystage.errors import DataError
from waystage.kinds.masked_lm import MaskedLmObjective, choose_positions, draw_for_budget, draw_sequences
from waystage.study.study import Training

CPU = torch.device("cpu")
GERMAN, FRENCH = SENTENCES[2:4], SENTENCES[4:6]


@pytest.fixture(scope="module")
def objective(tokenizer: SubwordTokenizer) -> MaskedLmObjective:
    """Some 20,000 tokens, numbered by rows."""
    sequences = draw_sequences(tokenizer, {"en": SENTENCES}, 64, 20_000, 0.3, seed=1)
    objective = MaskedLmObjective(tokenizer, sequences, 0.15)
    objective.trim(objective.vocabulary())
    return objective


def masked(objective: MaskedLmObjective, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Original ids, corrupted ids and chosen places of the whole set."""
    indices = np.arange(len(objective.sequences))
    batch = objective.micro_batch(indices, seed, CPU)
    original = objective.tokens(indices, CPU).input_ids.numpy()
    rows, positions, targets = batch.targets.numpy()
    chosen = np.zeros(original.shape, bool)
    chosen[rows, positions] = True
    assert targets.tolist() == original[rows, positions].tolist()
    return original, batch.tokens.input_ids.numpy(), chosen


def within_chance(n_hits: int, n: int, probability: float) -> bool:
    """Within five standard deviations."""
    return abs(n_hits - n * probability) <= 5 * np.sqrt(n * probability * (1 - probability))


def test_fifteen_percent_are_predicted_and_never_a_special_token(
    objective: MaskedLmObjective, tokenizer: SubwordTokenizer
) -> None:
    original, _, chosen = masked(objective)
    special = objective.vocabulary().rows(np.array([], np.int64))  # nothing: rows are numbered already
    assert special.size == 0
    # Special tokens are the first ids of the tiny vocabulary, and stay the first rows.
    is_special = original < len(tokenizer.special_ids)
    assert not (chosen & is_special).any()
    assert within_chance(int(chosen.sum()), int((~is_special).sum()), 0.15)


def test_eighty_ten_ten(objective: MaskedLmObjective, tokenizer: SubwordTokenizer) -> None:
    original, corrupted, chosen = masked(objective)
    assert np.array_equal(original[~chosen], corrupted[~chosen])
    before, after = original[chosen], corrupted[chosen]
    n, n_masked = len(before), int((after == objective.mask_id).sum())
    assert within_chance(n_masked, n, 0.8)
    others = after[after != objective.mask_id]
    assert (others >= len(tokenizer.special_ids)).all()
    # Of the 10 % that become a random token, one in the number of ordinary tokens is what it was.
    n_ordinary = int(original.max()) + 1 - len(tokenizer.special_ids)
    kept = 0.1 + 0.1 / n_ordinary
    assert within_chance(int((after == before).sum()), n, kept)


def test_masks_depend_on_the_seed_alone(objective: MaskedLmObjective) -> None:
    first, again, other = masked(objective, 1), masked(objective, 1), masked(objective, 2)
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[2], other[2])


def test_a_batch_always_has_something_to_predict() -> None:
    ids, mask = np.array([[0, 9, 2]]), np.ones((1, 3), bool)
    chosen = [choose_positions(ids, mask, np.array([0, 2]), 0.001, np.random.default_rng(seed)) for seed in range(20)]
    assert all(places.tolist() == [[False, True, False]] for places in chosen)
    nothing = choose_positions(
        np.array([[0, 2]]), np.ones((1, 2), bool), np.array([0, 2]), 0.5, np.random.default_rng(1)
    )
    assert not nothing.any()


@settings(max_examples=25, deadline=None)
@given(max_tokens=st.integers(4, 60), n_tokens=st.integers(1, 600), seed=st.integers(0, 2**32))
def test_packed_sequences_fit(tokenizer: SubwordTokenizer, max_tokens: int, n_tokens: int, seed: int) -> None:
    sequences = draw_sequences(tokenizer, {"de": GERMAN, "fr": FRENCH}, max_tokens, n_tokens, 0.5, seed)
    assert all(3 <= len(sequence) <= max_tokens for sequence in sequences)
    assert sum(map(len, sequences)) >= n_tokens
    assert sum(map(len, sequences[:-1])) < n_tokens
    assert all(sequence.ids[0] == 0 for sequence in sequences)


def test_documents_are_kept_apart_and_none_is_lost(tokenizer: SubwordTokenizer) -> None:
    sequences = draw_sequences(tokenizer, {"en": SENTENCES}, 500, 450, 0.3, seed=4)
    text = {tuple(s.ids.tolist()[1:-1]) for s in tokenizer.encode_texts(SENTENCES, [None] * 9, 500)}
    ids = sequences[0].ids.tolist()[1:]
    found = {tuple(group) for is_end, group in itertools.groupby(ids, lambda token: token == 2) if not is_end}
    assert text <= found


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_languages_are_drawn_in_proportion(tokenizer: SubwordTokenizer, alpha: float) -> None:
    texts = {"large": ["the small cat"] * 90, "small": ["eine kleine Katze"] * 10}
    german = set(tokenizer.encode_texts(texts["small"][:1], [None], 20)[0].ids.tolist()) - {0, 2}
    sequences = draw_sequences(tokenizer, texts, 16, 16 * 1500, alpha, seed=2)
    n_small = sum(bool(german & set(sequence.ids.tolist()[1:3])) for sequence in sequences)
    assert within_chance(n_small, len(sequences), 10**alpha / (10**alpha + 90**alpha))


def test_the_order_of_languages_does_not_matter(tokenizer: SubwordTokenizer) -> None:
    def ids(*languages: str) -> list[list[int]]:
        texts = {language: {"de": GERMAN, "fr": FRENCH}[language] for language in languages}
        return [s.ids.tolist() for s in draw_sequences(tokenizer, texts, 32, 300, 0.3, seed=1)]

    assert ids("de", "fr") == ids("fr", "de")


def test_budgets(tokenizer: SubwordTokenizer) -> None:
    texts = {"de": GERMAN, "fr": FRENCH}
    common = {"batch_size": 2, "max_tokens": 32}
    n_corpus = sum(map(len, tokenizer.encode_texts(GERMAN + FRENCH, [None] * 4, 32)))

    def drawn(training: Training) -> tuple[list[TokenSequence], Training]:
        return draw_for_budget(tokenizer, texts, training, 0.3, 1)

    by_tokens, training = drawn(Training(tokens=500, **common))
    assert 500 <= sum(map(len, by_tokens)) < 532
    assert (training.epochs, training.tokens) == (1.0, None)
    by_epochs, training = drawn(Training(epochs=3, **common))
    assert 3 * n_corpus <= sum(map(len, by_epochs)) < 3 * n_corpus + 32
    assert training.epochs == 1.0
    by_steps, training = drawn(Training(steps=5, **common))
    assert training.steps == 5
    assert len(by_steps) >= 10


@pytest.mark.parametrize("texts", [{}, {"de": []}])
def test_no_text(tokenizer: SubwordTokenizer, texts: dict[str, list[str]]) -> None:
    with pytest.raises(DataError, match="no text"):
        draw_sequences(tokenizer, texts, 16, 100, 0.3, 1)


def test_text_without_tokens(tokenizer: SubwordTokenizer) -> None:
    with pytest.raises(DataError, match="without a single token"):
        draw_sequences(tokenizer, {"de": ["", ""]}, 16, 100, 0.3, 1)
