"""Batches and learning rates as functions of seed and step."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystage.errors import StageError
from waystage.study.study import Training
from waystage.training.schedule import BatchOrder, count_steps, learning_rate

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=400).map(lambda values: np.array(values, np.int64))
SIZES = st.integers(1, 9)
SEEDS = st.integers(0, 2**32 - 1)


@given(LENGTHS, SIZES, SEEDS, st.integers(0, 5))
def test_an_epoch_has_every_sequence_once(lengths: np.ndarray, size: int, seed: int, number: int) -> None:
    order = BatchOrder(lengths, size, seed)
    batches = order.epoch(number)
    assert len(batches) == order.n_steps_per_epoch
    assert all(1 <= len(batch) <= size for batch in batches)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))


@given(LENGTHS, SIZES, SEEDS)
def test_order_depends_on_seed_and_epoch_alone(lengths: np.ndarray, size: int, seed: int) -> None:
    def listed(number: int) -> list[list[int]]:
        return [batch.tolist() for batch in BatchOrder(lengths, size, seed).epoch(number)]

    assert listed(3) == listed(3)


def test_epochs_and_seeds_differ() -> None:
    lengths = np.arange(1, 101)
    first = np.concatenate(BatchOrder(lengths, 4, 1).epoch(0)).tolist()
    assert first != np.concatenate(BatchOrder(lengths, 4, 1).epoch(1)).tolist()
    assert first != np.concatenate(BatchOrder(lengths, 4, 2).epoch(0)).tolist()
    assert first != sorted(first)


def test_batches_hold_sequences_of_similar_length() -> None:
    lengths = np.random.default_rng(1).integers(1, 100, 800)
    batches = BatchOrder(lengths, 16, 1).epoch(0)
    padded = sum(int(lengths[batch].max()) * len(batch) for batch in batches)
    assert padded < 1.1 * lengths.sum()


@settings(max_examples=40, deadline=None)
@given(LENGTHS, SIZES, SEEDS, st.integers(1, 2_000))
def test_a_budget_of_tokens_is_rounded_up_to_whole_steps(
    lengths: np.ndarray, size: int, seed: int, n_tokens: int
) -> None:
    order = BatchOrder(lengths, size, seed)
    n_steps = count_steps(order, Training(tokens=n_tokens, batch_size=size))
    per_epoch = order.n_steps_per_epoch
    steps = [batch for number in range(n_steps // per_epoch + 1) for batch in order.epoch(number)]
    read = [int(lengths[batch].sum()) for batch in steps[:n_steps]]
    assert sum(read) >= n_tokens
    assert sum(read[:-1]) < n_tokens


@pytest.mark.parametrize(("epochs", "n_steps"), [(1.0, 5), (2.0, 10), (0.5, 2), (0.01, 1), (1.3, 6)])
def test_a_budget_of_epochs(epochs: float, n_steps: int) -> None:
    assert count_steps(BatchOrder(np.ones(10, np.int64), 2, 1), Training(epochs=epochs)) == n_steps


def test_nothing_to_train_on() -> None:
    with pytest.raises(StageError, match="no training example"):
        count_steps(BatchOrder(np.array([], np.int64), 2, 1), Training(epochs=1))


@given(st.integers(1, 500), st.floats(0, 1), st.floats(1e-6, 1.0))
def test_learning_rate_rises_to_its_peak_and_falls(n_steps: int, warmup: float, peak: float) -> None:
    training = Training(learning_rate=peak, warmup_fraction=warmup)
    rates = [learning_rate(step, n_steps, training) for step in range(n_steps)]
    n_warmup = round(warmup * n_steps)
    assert all(0 < rate <= peak * (1 + 1e-12) for rate in rates)
    assert all(after > before for before, after in itertools.pairwise(rates[:n_warmup]))
    falling = rates[n_warmup:]
    assert all(after < before for before, after in itertools.pairwise(falling))
    if falling:
        assert falling[0] == pytest.approx(peak)
        assert falling[-1] == pytest.approx(peak / (n_steps - n_warmup))
