"""Sentence pairs as inputs of translation language modelling, and which of them are drawn."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.corpora import pair_caches, translation_lm_objective
from tests.fixtures.encoders import SENTENCES
from waystage.encoders.token_cache import HELD_OUT, TRAIN, TokenCache
from waystage.encoders.tokenizer import PairFrame, SubwordTokenizer
from waystage.encoders.trimming import TrimmedVocabulary
from waystage.errors import DataError
from waystage.kinds.sentence_pairs import PairForm, draw_pairs, draw_pairs_for_budget, sentences_of
from waystage.kinds.translation_lm import TranslationLmObjective
from waystage.study.pretraining import Positions, TranslationLm
from waystage.study.study import Training

XLM_R = PairFrame([0], [2, 2], [2], (0, 0, 0, 0, 0))
BERT = PairFrame([101], [102], [102], (0, 0, 0, 1, 1))
PAIRS = {
    "de+en": [(f"{SENTENCES[i % 9]} {i}", f"{SENTENCES[(i + 4) % 9]} {i}") for i in range(40)],
    "en+fr": [(f"{SENTENCES[i % 9]}", f"{SENTENCES[(i + 2) % 9]}") for i in range(5)],
}
CPU = torch.device("cpu")


def ids(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


@pytest.mark.parametrize(
    ("frame", "tokens", "positions", "types"),
    [
        # The second of XLM-R's two marks in the middle opens the second sentence, as in XLM.
        (XLM_R, [0, 11, 12, 13, 2, 2, 21, 22, 2], [0, 1, 2, 3, 4, 0, 1, 2, 3], [0] * 9),
        # BERT has one mark, which closes the first.
        (BERT, [101, 11, 12, 13, 102, 21, 22, 102], [0, 1, 2, 3, 4, 1, 2, 3], [0, 0, 0, 0, 0, 1, 1, 1]),
    ],
)
def test_both_sentences_begin_at_the_same_position(
    frame: PairFrame, tokens: list[int], positions: list[int], types: list[int]
) -> None:
    first, second = ids(11, 12, 13), ids(21, 22)
    reset = PairForm(frame, 20, Positions.RESET).joined(first, second)
    assert reset.ids.tolist() == tokens
    assert reset.positions is not None
    assert reset.positions.tolist() == positions
    assert reset.type_ids.tolist() == types
    running = PairForm(frame, 20, Positions.RUNNING).joined(first, second)
    assert (running.ids.tolist(), running.positions) == (tokens, None)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(6, 50))
def test_what_is_too_long_loses_the_end_of_its_longer_sentence(n_first: int, n_second: int, max_tokens: int) -> None:
    form = PairForm(XLM_R, max_tokens, Positions.RESET)
    first, second = np.arange(100, 100 + n_first, dtype=np.int32), np.arange(200, 200 + n_second, dtype=np.int32)
    joined = form.joined(first, second)
    assert len(joined) == form.lengths(np.array([n_first]), np.array([n_second]))[0] <= max_tokens
    kept_first, kept_second = ([i for i in joined.ids if i // 100 == part] for part in (1, 2))
    assert kept_first == first[: len(kept_first)].tolist()
    assert kept_second == second[: len(kept_second)].tolist()
    if n_first + n_second + 4 > max_tokens:
        shorter = min(n_first, n_second, (max_tokens - 4) // 2)
        assert min(len(kept_first), len(kept_second)) == shorter
        assert len(kept_first) + len(kept_second) == max_tokens - 4


def test_pairs_are_read_once_a_pass_in_either_order(tokenizer: SubwordTokenizer) -> None:
    caches = pair_caches(tokenizer, {"de+en": PAIRS["de+en"]})
    form = PairForm(tokenizer.pair_frame, 60, Positions.RUNNING)
    one_pass = Training(epochs=1.0, max_tokens=60)
    drawn, training = draw_pairs_for_budget(caches, form, TranslationLm(), one_pass, seed=1)
    assert len(drawn) == 40
    assert (training.epochs, training.tokens) == (1.0, None)
    assert sorted(drawn.numbers.tolist()) == list(range(40))
    assert 8 < drawn.is_swapped.sum() < 32
    for index in (0, 7, 39):
        first, second = sentences_of(caches["de+en"], int(drawn.numbers[index]))
        sentences = (second, first) if drawn.is_swapped[index] else (first, second)
        assert drawn[index].ids.tolist() == form.joined(*sentences).ids.tolist()
        assert len(drawn[index]) == drawn.lengths[index]


def test_a_budget_in_tokens_is_reached_and_not_passed(tokenizer: SubwordTokenizer) -> None:
    form = PairForm(tokenizer.pair_frame, 60, Positions.RESET)
    drawn = draw_pairs(pair_caches(tokenizer, PAIRS), form, 5000, 0.3, seed=1)
    assert drawn.lengths[:-1].sum() < 5000 <= drawn.lengths.sum()
    again, other = (draw_pairs(pair_caches(tokenizer, PAIRS), form, 5000, 0.3, seed) for seed in (1, 2))
    assert [s.ids.tolist() for s in again] == [s.ids.tolist() for s in drawn]
    assert [s.ids.tolist() for s in other][:20] != [s.ids.tolist() for s in drawn][:20]


@pytest.mark.parametrize(("alpha", "share"), [(0.0, 0.5), (1.0, 40 / 45), (0.5, 40**0.5 / (40**0.5 + 5**0.5))])
def test_pairs_of_languages_are_drawn_in_proportion_to_a_power_of_their_number(
    tokenizer: SubwordTokenizer, alpha: float, share: float
) -> None:
    form = PairForm(tokenizer.pair_frame, 60, Positions.RESET)
    drawn = draw_pairs(pair_caches(tokenizer, PAIRS), form, 60_000, alpha, seed=1)
    counts = Counter(drawn.languages.tolist())
    assert counts[0] / len(drawn) == pytest.approx(share, abs=0.05)


def test_a_pair_is_held_out_as_a_whole(tokenizer: SubwordTokenizer) -> None:
    whole, train, held_out = (
        pair_caches(tokenizer, PAIRS, n, part) for n, part in ((0, TRAIN), (3, TRAIN), (3, HELD_OUT))
    )
    # Of 40 pairs three are held out, of five none: a tenth at most.
    assert [len(caches["de+en"]) // 2 for caches in (whole, train, held_out)] == [40, 37, 3]
    assert [len(caches["en+fr"]) // 2 for caches in (whole, train, held_out)] == [5, 5, 0]

    def pairs(caches: dict[str, TokenCache]) -> list[tuple[bytes, ...]]:
        cache = caches["de+en"]
        return [tuple(side.tobytes() for side in sentences_of(cache, n)) for n in range(len(cache) // 2)]

    assert sorted(pairs(train) + pairs(held_out)) == sorted(pairs(whole))


def test_a_pair_without_a_token_on_one_side_is_left_out(tokenizer: SubwordTokenizer) -> None:
    caches = pair_caches(tokenizer, {"de+en": [("Katze", "cat"), ("Katze", ""), ("", "cat"), ("Licht", "light")]})
    assert len(caches["de+en"]) == 4


def test_there_must_be_pairs_and_room_for_them(tokenizer: SubwordTokenizer) -> None:
    frame = tokenizer.pair_frame
    with pytest.raises(DataError, match="not a single token"):
        draw_pairs(pair_caches(tokenizer, {"de+en": []}), PairForm(frame, 60, Positions.RESET), 10, 0.3, 1)
    with pytest.raises(DataError, match="max_tokens is 5, and 4 are special tokens"):
        draw_pairs(pair_caches(tokenizer, PAIRS), PairForm(frame, 5, Positions.RESET), 10, 0.3, 1)


@pytest.fixture
def objective(tokenizer: SubwordTokenizer) -> TranslationLmObjective:
    made = translation_lm_objective(tokenizer, PAIRS, (60, 8000), seed=1)
    made.trim(TrimmedVocabulary(np.arange(tokenizer.vocabulary_size)))
    return made


def test_tokens_of_both_sentences_are_masked(objective: TranslationLmObjective) -> None:
    """15 % of the tokens of each sentence, and never a special one."""
    n = len(objective.sequences)
    indices = np.arange(n)
    whole = objective.tokens(indices, CPU)
    batch = objective.micro_batch(indices, 7, CPU)
    rows, positions, originals = batch.targets
    assert torch.equal(whole.input_ids[rows, positions], originals)
    middles = [np.flatnonzero(objective.sequences[i].ids == 2)[0] for i in range(n)]
    is_first = positions.numpy() < np.array(middles)[rows.numpy()]
    n_first = sum(middles) - n
    n_second = int(whole.lengths.sum()) - sum(middles) - 3 * n
    assert is_first.sum() / n_first == pytest.approx(0.15, abs=0.03)
    assert (~is_first).sum() / n_second == pytest.approx(0.15, abs=0.03)
    assert not np.isin(originals.numpy(), [0, 1, 2, 4]).any()


def test_batches_carry_the_positions_that_are_reset(
    objective: TranslationLmObjective, tokenizer: SubwordTokenizer
) -> None:
    tokens = objective.tokens(np.arange(5), CPU)
    assert tokens.positions is not None
    for row in range(5):
        own = objective.sequences[row]
        assert own.positions is not None
        assert tokens.positions[row, : len(own)].tolist() == own.positions.tolist()
    settings = TranslationLm(positions=Positions.RUNNING)
    running = translation_lm_objective(tokenizer, PAIRS, (60, 400), 1, settings)
    running.trim(TrimmedVocabulary(np.arange(tokenizer.vocabulary_size)))
    assert running.tokens(np.arange(2), CPU).positions is None
