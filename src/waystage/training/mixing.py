"""Which strand of the training data a step takes its batch from: a pure function of seed and step."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waystage.kinds.objective import Strand
from waystage.seeds import derive_seed
from waystage.study.mixing import steps_of_epoch
from waystage.training.schedule import BatchOrder, Order

_AHEAD = 1024


def make_order(strands: Sequence[Strand], batch_size: int, seed: int) -> Order:
    """The order of the batches of an objective with these strands."""
    if len(strands) == 1:
        return BatchOrder(strands[0].lengths, batch_size, seed)
    lengths = np.concatenate([strand.lengths for strand in strands])
    return MixedOrder(tuple(strands), lengths, batch_size, seed)


def strands_of_steps(shares: Sequence[float], n_steps: int, seed: int) -> NDArray[np.int64]:
    """The strand that each of the first steps takes its batch from, ``[n_steps]``.

    A strand's k-th batch falls at random within its k-th stretch of 1 / share steps. So the order is random, and yet
    after any number of steps each strand has had its share, to within two or so; drawing anew for each step would leave
    a strand with a small share out for long, and give seeds different mixtures. More steps begin with the same ones.

    >>> strands_of_steps([0.75, 0.25], 8, seed=1).tolist().count(0)
    6
    """
    places, times = [], []
    for place, share in enumerate(shares):
        # By the time n_steps + n_strands, n_steps batches are due.
        n = math.ceil(share * (n_steps + len(shares))) + 1
        within = np.random.Generator(np.random.PCG64(derive_seed(seed, "strand", place))).random(n)
        times.append((np.arange(n) + within) / share)
        places.append(np.full(n, place, np.int64))
    order = np.argsort(np.concatenate(times), kind="stable")[:n_steps]
    return np.concatenate(places)[order]


def steps_of_strands(strands: Sequence[Strand], n_steps: int, seed: int) -> list[int]:
    """How many of the first steps each strand has had."""
    chosen = strands_of_steps([strand.share for strand in strands], n_steps, seed)
    counts: list[int] = np.bincount(chosen, minlength=len(strands)).tolist()
    return counts


@dataclass(frozen=True, slots=True)
class MixedOrder:
    """Batches of several strands; each strand has an order of its own, in which it goes on where it was.

    ``lengths`` are those of all strands, one after the other.
    """

    strands: tuple[Strand, ...]
    lengths: NDArray[np.integer[Any]]
    batch_size: int
    seed: int

    @property
    def n_steps_per_epoch(self) -> int:
        """Steps in which the strands that count are passed over once, steps of others in between included."""
        # Where nothing but text is learned, which has no epochs, all of it counts.
        counts = [strand.n_in_epoch for strand in self.strands]
        if not any(counts):
            counts = [len(strand.lengths) for strand in self.strands]
        return round(steps_of_epoch(counts, [strand.share for strand in self.strands], self.batch_size))

    @property
    def n_inputs(self) -> int:
        """Inputs of all strands."""
        return len(self.lengths)

    def n_tokens(self, batch: NDArray[np.int64]) -> int:
        """Tokens of a batch."""
        return int(self.lengths[batch].sum())

    def batches(self, start: int) -> Iterator[NDArray[np.int64]]:
        """The batches from step ``start`` on, without end."""
        shares = [strand.share for strand in self.strands]
        firsts = np.concatenate([[0], np.cumsum([len(strand.lengths) for strand in self.strands])])
        chosen = strands_of_steps(shares, start, self.seed)
        walks = [
            BatchOrder(strand.lengths, self.batch_size, derive_seed(self.seed, "strand", place)).batches(int(n_before))
            for place, (strand, n_before) in enumerate(
                zip(self.strands, np.bincount(chosen, minlength=len(shares)), strict=True)
            )
        ]
        for step in itertools.count(start):
            if step >= len(chosen):
                chosen = strands_of_steps(shares, 2 * step + _AHEAD, self.seed)
            yield next(walks[chosen[step]]) + firsts[chosen[step]]
