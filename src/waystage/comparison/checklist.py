"""Error rates of behavioural tests, from the comparison of a run: a test is a task, an error a case that fails.

A case fails if any of its questions is answered wrongly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from waystage.comparison.errors import ComparisonError
from waystage.comparison.results import Comparison
from waystage.tasks.multichecklist import METRIC, PREFIX


@dataclass(frozen=True, slots=True)
class TestErrors:
    """The errors of one sequence in one test and language.

    Attributes:
        error_rate: mean over seeds, a fraction.
        n_cases: of the test, the same for each seed.
        n_errors: of each seed, in order.
    """

    sequence: str
    test: str
    language: str
    error_rate: float
    n_cases: int
    n_errors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChecklistErrors:
    """All errors of a run's behavioural tests."""

    tests: tuple[str, ...]
    sequences: tuple[str, ...]
    errors: tuple[TestErrors, ...]

    def rates(self, sequence: str) -> dict[str, dict[str, float]]:
        """Language to test to error rate."""
        rates: dict[str, dict[str, float]] = {}
        for own in self.errors:
            if own.sequence == sequence:
                rates.setdefault(own.language, {})[own.test] = own.error_rate
        return rates

    def language_means(self, sequence: str) -> dict[str, float | None]:
        """Mean over all tests of each language; None where a test was not made in it."""
        return {language: self._mean(rates) for language, rates in self.rates(sequence).items()}

    def test_means(self, sequence: str) -> dict[str, float]:
        """Mean over the languages of each test, English among them."""
        rates = self.rates(sequence).values()
        return {test: fmean(own[test] for own in rates if test in own) for test in self.tests}

    def to_json(self) -> dict[str, Any]:
        """Rates as fractions, with their counts and means."""
        return {
            "tests": list(self.tests),
            "errors": [asdict(own) | {"n_errors": list(own.n_errors)} for own in self.errors],
            "language_means": {sequence: self.language_means(sequence) for sequence in self.sequences},
            "test_means": {sequence: self.test_means(sequence) for sequence in self.sequences},
        }

    def _mean(self, rates: dict[str, float]) -> float | None:
        return fmean(rates.values()) if len(rates) == len(self.tests) else None


def checklist_errors(comparison: Comparison, metrics: Mapping[str, str]) -> ChecklistErrors:
    """The error rates of the MultiCheckList targets of a run.

    Args:
        comparison: of the run.
        metrics: task to the name of its metric.

    Raises:
        ComparisonError: the run has no such target, or scored one by something else than cases.
    """
    others = [name for name, metric in metrics.items() if name.startswith(PREFIX) and metric != METRIC]
    if others:
        raise ComparisonError(f"{', '.join(others)}: not scored by {METRIC}, so there are no cases that pass or fail")
    errors = tuple(_errors(comparison))
    if not errors:
        raise ComparisonError(f"the run has no target '{PREFIX}...': add those of MultiCheckList to the study")
    return ChecklistErrors(_unique([own.test for own in errors]), comparison.sequences, errors)


def _errors(comparison: Comparison) -> Iterator[TestErrors]:
    for score in comparison.language_scores:
        if score.task.startswith(PREFIX):
            counts = tuple(round((1 - value) * score.n_examples) for value in score.seed_scores)
            place = (score.sequence, score.task.removeprefix(PREFIX), score.language)
            yield TestErrors(*place, 1 - score.score, score.n_examples, counts)


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
