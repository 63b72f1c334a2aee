"""Words are masked whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.fixtures.corpora import masked_lm_objective
from tests.fixtures.encoders import SENTENCES
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.kinds.masking import LONGEST_WORD, choose_words
from waystage.study.pretraining import MaskedLm, MaskUnit

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=12)


@given(shape=SHAPES, data=st.data(), seed=st.integers(0, 2**32), rate=st.floats(0.01, 0.9))
def test_all_tokens_of_a_word_or_none(shape: tuple[int, int], data: st.DataObject, seed: int, rate: float) -> None:
    eligible = data.draw(arrays.arrays(bool, shape))
    starts = data.draw(arrays.arrays(bool, shape))
    chosen = choose_words(eligible, starts, rate, np.random.default_rng(seed))
    assert not (chosen & ~eligible).any()
    assert chosen.any() == eligible.any()
    for row in range(shape[0]):
        for column in range(1, shape[1]):
            goes_on = eligible[row, column] and eligible[row, column - 1] and not starts[row, column]
            if goes_on and _length(eligible[row], starts[row], column) <= LONGEST_WORD:
                assert chosen[row, column] == chosen[row, column - 1]


def _length(eligible: np.ndarray, starts: np.ndarray, at: int) -> int:
    first, last = at, at
    while first > 0 and eligible[first - 1] and not starts[first]:
        first -= 1
    while last + 1 < len(eligible) and eligible[last + 1] and not starts[last + 1]:
        last += 1
    return last - first + 1


def test_the_share_of_tokens_is_the_rate_and_long_words_are_not_masked_whole() -> None:
    rng = np.random.default_rng(1)
    eligible = np.ones((300, 100), bool)
    starts = rng.random(eligible.shape) < 0.4
    chosen = choose_words(eligible, starts, 0.15, rng)
    assert abs(chosen.mean() - 0.15) < 0.01
    one_word = choose_words(eligible, np.zeros_like(starts), 0.15, rng)
    assert abs(one_word.mean() - 0.15) < 0.01
    assert 0.02 < one_word.mean(axis=1).min() < one_word.mean(axis=1).max() < 0.35


def test_an_objective_masks_whole_words(tokenizer: SubwordTokenizer) -> None:
    import torch

    settings = MaskedLm(mask=MaskUnit.WORDS)
    objective = masked_lm_objective(tokenizer, {"en": SENTENCES}, 64, 3000, 1, settings)
    vocabulary = objective.vocabulary()
    objective.trim(vocabulary)
    indices = np.arange(len(objective.sequences))
    rows, positions, originals = objective.micro_batch(indices, 3, torch.device("cpu")).targets.numpy()
    chosen = set(zip(rows.tolist(), positions.tolist(), strict=True))
    starts = tokenizer.starts_word
    for row, sequence in enumerate(objective.sequences):
        for at in range(1, len(sequence)):
            token, before = int(sequence.ids[at]), int(sequence.ids[at - 1])
            if not starts[token] and not {token, before} & set(tokenizer.special_ids):
                assert ((row, at) in chosen) == ((row, at - 1) in chosen)
    assert np.array_equal(
        vocabulary.token_ids[originals], [objective.sequences[r].ids[p] for r, p in chosen_order(rows, positions)]
    )


def chosen_order(rows: np.ndarray, positions: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(rows.tolist(), positions.tolist(), strict=True))
