"""Masking, within what chance allows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.fixtures.corpora import masked_lm_objective
from tests.fixtures.encoders import SENTENCES
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.kinds.masked_lm import MaskedLmObjective
from waystage.kinds.masking import choose_positions

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def objective(tokenizer: SubwordTokenizer) -> MaskedLmObjective:
    """Some 20,000 tokens, numbered by rows."""
    objective = masked_lm_objective(tokenizer, {"en": SENTENCES}, 64, 20_000, seed=1)
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


@pytest.mark.parametrize("mask_rate", [0.001, 0.5])
def test_a_batch_always_has_something_to_predict(mask_rate: float) -> None:
    eligible = np.array([[False, True, False]])
    chosen = [choose_positions(eligible, mask_rate, np.random.default_rng(seed)) for seed in range(20)]
    assert all(places.tolist() == [[False, True, False]] for places in chosen)
    assert not choose_positions(np.zeros((1, 2), bool), mask_rate, np.random.default_rng(1)).any()
