"""How often each of several tasks is met in one stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampling:
    """A task with n examples is met in proportion to min(n, cap)^(1 / temperature).

    That is examples-proportional mixing with a limit and a temperature (Raffel et al. 2020, section 3.5.2); with a
    temperature of 1 it is jiant's sampling in proportion to size, capped or not.

    Attributes:
        cap: at least 1; None caps nothing.
        temperature: at least 1; the higher, the more alike the tasks' shares.
    """

    cap: int | None = None
    temperature: float = 1.0

    def capped(self, n: int) -> int:
        """Examples of a task that count: those that a pass over it has."""
        return n if self.cap is None else min(n, self.cap)

    def shares(self, counts: Sequence[int], rates: Sequence[float | None]) -> list[float]:
        """Share of the steps of each part, in (0, 1], summing to 1.

        Args:
            counts: examples of each part; at least 1 where there is no rate.
            rates: share of a part where it is given; None leaves it to the sampling of what is left.

        >>> Sampling(cap=100).shares([50, 100, 5000], [None, None, 0.25])
        [0.25, 0.5, 0.25]
        """
        left = 1.0 - sum(rate for rate in rates if rate is not None)
        weights = [
            self.capped(n) ** (1 / self.temperature) if rate is None else 0.0
            for n, rate in zip(counts, rates, strict=True)
        ]
        total = sum(weights)
        return [left * weight / total if rate is None else rate for weight, rate in zip(weights, rates, strict=True)]


def steps_of_epoch(counts: Sequence[int], shares: Sequence[float], batch_size: int) -> float:
    """Steps in which everything that counts is passed over once, steps of other parts in between included.

    That is jiant's number of steps, sums of ceil(min(n, cap) / batch), where no text is mixed in.

    Args:
        counts: inputs of each part that count; 0 for text that is mixed in. Not all of them are 0.
        shares: share of the steps of each part.
        batch_size: inputs in a step.

    >>> steps_of_epoch([100, 50, 0], [0.5, 0.25, 0.25], 10)
    20.0
    """
    counted = [(n, share) for n, share in zip(counts, shares, strict=True) if n]
    return sum(-(-n // batch_size) for n, _ in counted) / sum(share for _, share in counted)
