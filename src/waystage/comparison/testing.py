"""Differences of one quantity between sequences, tested and corrected for their families."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from waystage.comparison.claims import THESE, Difference, Scope
from waystage.comparison.context import Options
from waystage.comparison.evidence import Evidence, Moments
from waystage.comparison.intervals import Contrast, difference
from waystage.comparison.permutation import permutation_tests
from waystage.comparison.quantities import Quantity


@dataclass(frozen=True, eq=False)
class Tester:
    """Tests quantities against the evidence."""

    evidence: Evidence
    baseline: str
    options: Options

    def measure(self, quantity: Quantity) -> Measured:
        """The quantity with what is known about its variation."""
        return Measured(self, quantity, self.evidence.moments(quantity))


@dataclass(frozen=True, eq=False)
class Measured:
    """A quantity in every run, and tests of it."""

    tester: Tester
    quantity: Quantity
    moments: Moments

    @property
    def means(self) -> dict[str, float]:
        """Sequence to its mean over seeds."""
        return {sequence: self.moments.mean(sequence) for sequence in self.moments.layout.seeds}

    def test(self, first: str, second: str, scope: Scope = THESE, is_main: bool = False) -> Difference:
        """First minus second with permutation tests; with the seeds that effects need for a main claim."""
        contrast = self._contrast(first, second)
        seed = self.tester.options.seed
        tests = permutation_tests(self.tester.evidence, self.quantity, contrast, scope, seed)
        return replace(difference(contrast, scope, with_seeds_needed=is_main), permutations=tests)

    def estimate(self, first: str, second: str | None, scope: Scope, limit: float = 1.0) -> Difference:
        """First minus second, or the first alone, with an interval only."""
        return difference(replace(self._contrast(first, second), limit=limit), scope)

    def to_baseline(self, test: Callable[[str, str], Difference]) -> dict[str, Difference | None]:
        """Each sequence minus the baseline by ``test``; None for the baseline itself."""
        baseline = self.tester.baseline
        return {name: None if name == baseline else test(name, baseline) for name in self.moments.layout.seeds}

    def _contrast(self, first: str, second: str | None) -> Contrast:
        return Contrast(self.moments, first, second, self.tester.options.pairs_seeds)


def adjusted(
    family: Sequence[Difference | None], correction: Callable[[Sequence[float]], list[float]]
) -> list[Difference | None]:
    """The family with ``p_adjusted`` filled in where there is a p."""
    p_values = [own.p for own in family if own is not None and own.p is not None]
    corrected = iter(correction(p_values))
    return [own if own is None or own.p is None else replace(own, p_adjusted=next(corrected)) for own in family]
