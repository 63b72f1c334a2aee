"""Which examples make up each step, and the learning rate of each step: pure functions of seed and step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from waystage.errors import StageError
from waystage.seeds import derive_seed
from waystage.study.study import Training

_BUCKET_BATCHES = 50


class Order(Protocol):
    """Which inputs each step reads."""

    @property
    def n_steps_per_epoch(self) -> int:
        """Steps of one pass."""

    @property
    def n_inputs(self) -> int:
        """Inputs that there are."""

    def n_tokens(self, batch: NDArray[np.int64]) -> int:
        """Tokens of a batch."""

    def batches(self, start: int) -> Iterator[NDArray[np.int64]]:
        """The batches from step ``start`` on, without end: indices of inputs."""


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """Batches of sequences of similar length.

    Each epoch shuffles the sequences, sorts stretches of 50 batches by length, cuts them into batches and shuffles the
    batches: padding stays small and the order stays random. The batch of a step depends on nothing but seed and step,
    so that a resumed stage sees what an uninterrupted one sees.

    Attributes:
        lengths: tokens of each sequence, ``[n_sequences]``.
        batch_size: sequences in a step (the last of an epoch may have fewer).
        seed: of the stage.
    """

    lengths: NDArray[np.integer[Any]]
    batch_size: int
    seed: int

    @property
    def n_steps_per_epoch(self) -> int:
        """Steps of one pass."""
        return -(-len(self.lengths) // self.batch_size)

    @property
    def n_inputs(self) -> int:
        """Sequences that there are."""
        return len(self.lengths)

    def n_tokens(self, batch: NDArray[np.int64]) -> int:
        """Tokens of a batch."""
        return int(self.lengths[batch].sum())

    def batches(self, start: int) -> Iterator[NDArray[np.int64]]:
        """The batches from step ``start`` on, without end."""
        number, place = divmod(start, self.n_steps_per_epoch)
        while True:
            yield from self.epoch(number)[place:]
            number, place = number + 1, 0

    def epoch(self, number: int) -> list[NDArray[np.int64]]:
        """All batches of one pass: indices of sequences.

        >>> order = BatchOrder(np.array([3, 9, 1, 4, 7]), 2, seed=1)
        >>> sorted(int(i) for batch in order.epoch(0) for i in batch)
        [0, 1, 2, 3, 4]
        """
        rng = np.random.Generator(np.random.PCG64(derive_seed(self.seed, "order", number)))
        permutation = rng.permutation(len(self.lengths))
        batches: list[NDArray[np.int64]] = []
        stretch = _BUCKET_BATCHES * self.batch_size
        for start in range(0, len(permutation), stretch):
            part = permutation[start : start + stretch]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            batches.extend(part[at : at + self.batch_size] for at in range(0, len(part), self.batch_size))
        return [batches[index] for index in rng.permutation(len(batches))]


def count_steps(order: Order, training: Training) -> int:
    """Optimiser steps that the budget pays for, at least one.

    Raises:
        StageError: there is nothing to train on.
    """
    if order.n_inputs == 0:
        raise StageError("there is no training example")
    if training.steps is not None:
        return training.steps
    if training.epochs is not None:
        return max(1, round(training.epochs * order.n_steps_per_epoch))
    if training.examples is not None:
        return _steps_for(order, training.examples, len)
    return _steps_for(order, training.tokens or 0, order.n_tokens)


def _steps_for(order: Order, n_left: int, size: Callable[[NDArray[np.int64]], int]) -> int:
    """Steps until batches of a ``size`` come to so much."""
    n_steps, batches = 0, order.batches(0)
    while n_left > 0:
        n_left -= size(next(batches))
        n_steps += 1
    return max(1, n_steps)


def count_warmup_steps(n_steps: int, training: Training) -> int:
    """Optimiser steps that warm up, given in steps or as a share of all.

    >>> [count_warmup_steps(100, Training(**given)) for given in ({"warmup_fraction": 0.1}, {"warmup_steps": 500})]
    [10, 100]
    """
    if training.warmup_steps is not None:
        return min(training.warmup_steps, n_steps)
    return round(training.warmup_fraction * n_steps)


def learning_rate(step: int, n_steps: int, training: Training) -> float:
    """Learning rate of a step (from 0): linear warm-up to the peak, then linear decay towards 0.

    >>> [learning_rate(s, 4, Training(learning_rate=1.0)) for s in range(4)]
    [1.0, 0.75, 0.5, 0.25]
    """
    n_warmup = count_warmup_steps(n_steps, training)
    if step < n_warmup:
        return training.learning_rate * (step + 1) / (n_warmup + 1)
    return training.learning_rate * (n_steps - step) / max(1, n_steps - n_warmup)
