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
            counts: examples of each part, at least 1.
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
