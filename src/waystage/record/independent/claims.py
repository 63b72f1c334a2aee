"""Claims about differences, decided from evidence alone.

With ``d`` the true difference, a claim names a region: ``d > effect`` (higher), ``d < -effect`` (lower), or
``-effect < d < effect`` (equivalent). For each of the other sequences, t tests ask two things of the 95 % interval of
docs/compare.md: does it lie inside the region (the claim), does it lie outside (the contrary)? p values are twice the
one-sided ones, so that p <= 0.05 and "the interval lies inside" are the same thing. Against several sequences, the
claim needs all of them (the largest p, Berger 1982), the contrary one of them (the smallest, times their number). Both
are corrected by Holm over the claims of a family.

VERIFIED: the claim is shown. FALSIFIED: the contrary is shown. UNVERIFIED: neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from waystage.claims.claim import DifferenceClaim
from waystage.record.independent.adjustment import holm
from waystage.record.independent.evidence import Cell, Evidence, Method, lay_out
from waystage.record.independent.intervals import Interval, Mean, Measured, mean_over
from waystage.record.independent.resampling import CovarianceOf, resampled_covariance

Status = Literal["VERIFIED", "FALSIFIED", "UNVERIFIED"]
ALPHA = 0.05

MISSING = {
    "one seed": "one seed: nothing can be said about training randomness",
    "one language": "one language of some task: nothing can be said about languages like it",
    "no spread": "no spread was seen between examples or seeds, so there is nothing to hold the difference against",
}


@dataclass(frozen=True, slots=True)
class Test:
    """The claim's sequence against one other. p values are None where nothing can be concluded."""

    other: str
    interval: Interval
    p: float | None
    p_contrary: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the evidence says of a claim.

    Attributes:
        reason: one sentence with the numbers in it.
        tests: one a sequence that the claim names; empty where the claim cannot be tested.
        p: of the claim, before correction; ``p_contrary``: that its contrary holds.
        p_adjusted: after Holm over ``n_in_family`` claims.
    """

    claim: str
    status: Status
    reason: str
    tests: tuple[Test, ...] = ()
    p: float | None = None
    p_contrary: float | None = None
    p_adjusted: float | None = None
    p_contrary_adjusted: float | None = None
    n_in_family: int = 1


MeasuredFor = Callable[[DifferenceClaim], Measured]


class Cells:
    """Evidence of all metrics; laid out and measured once for each metric that claims ask for."""

    def __init__(
        self, cells: Sequence[Cell], method: Method, covariance_of: CovarianceOf = resampled_covariance
    ) -> None:
        self.cells, self.method, self._covariance_of = tuple(cells), method, covariance_of
        self._measured: dict[tuple[tuple[str, str], ...], Measured] = {}

    def evidence(self, metrics: Mapping[str, str]) -> Evidence:
        """Laid out by these metrics.

        Raises:
            DataError: it is not complete.
        """
        return lay_out(self.cells, replace(self.method, metrics=metrics))

    def measured(self, claim: DifferenceClaim | None = None) -> Measured:
        """By the claim's metric where it names one, else by each task's own."""
        metrics = dict(self.method.metrics)
        if claim is not None and claim.metric is not None:
            metrics |= dict.fromkeys(claim.tasks, claim.metric)
        key = tuple(sorted(metrics.items()))
        if key not in self._measured:
            self._measured[key] = Measured(self.evidence(metrics), self._covariance_of)
        return self._measured[key]


def decide(claims: Sequence[DifferenceClaim], measured_for: MeasuredFor) -> list[Decision]:
    """Each claim, corrected for its family, in the order given."""
    raw = [decide_alone(claim, measured_for(claim)) for claim in claims]
    decided = list(raw)
    for family in dict.fromkeys(claim.family for claim in claims):
        places = [place for place, claim in enumerate(claims) if claim.family == family and raw[place].p is not None]
        p_values = holm([own for place in places for own in [raw[place].p] if own is not None])
        contraries = holm([own for place in places for own in [raw[place].p_contrary] if own is not None])
        for place, p, p_contrary in zip(places, p_values, contraries, strict=True):
            own = replace(raw[place], p_adjusted=p, p_contrary_adjusted=p_contrary, n_in_family=len(places))
            decided[place] = _judged(claims[place], own)
    return decided


def decide_alone(claim: DifferenceClaim, measured: Measured) -> Decision:
    """The claim without correction for others."""
    fault = _fault(claim, measured.evidence)
    if fault is not None:
        return Decision(claim.name, "UNVERIFIED", fault)
    mean = claim_mean(claim, measured.evidence)
    tests = tuple(_test(claim, mean, other, measured) for other in claim.than)
    missing = dict.fromkeys(name for test in tests for name in test.interval.missing)
    if missing:
        why = "; ".join(MISSING[name] for name in missing)
        return Decision(claim.name, "UNVERIFIED", f"{_seen(tests)}: {why}", tests)
    p = max(test.p for test in tests if test.p is not None)
    smallest = min(test.p_contrary for test in tests if test.p_contrary is not None)
    p_contrary = min(1.0, smallest * len(tests))
    own = Decision(claim.name, "UNVERIFIED", "", tests, p, p_contrary, p, p_contrary)
    return _judged(claim, own)


def claim_mean(claim: DifferenceClaim, evidence: Evidence) -> Mean:
    """The mean that a claim is about: over its languages that a task has, then over its tasks."""
    members = [
        (task, [name for name in evidence.block(task).languages if name in claim.languages]) for task in claim.tasks
    ]
    return mean_over(members)


def _fault(claim: DifferenceClaim, evidence: Evidence) -> str | None:
    """Why the claim cannot be tested on this evidence."""
    tasks = {block.task: block for block in evidence.blocks}
    absent = [task for task in claim.tasks if task not in tasks]
    if absent or not claim.tasks:
        return f"there is no evidence on {', '.join(absent) or 'any task'} by the metric that is claimed"
    unknown = [name for name in (claim.sequence, *claim.than) if name not in evidence.sequences]
    if unknown or not claim.than:
        return f"there is no evidence of {', '.join(unknown) or 'another sequence'}"
    without = [task for task in claim.tasks if not set(claim.languages) & set(tasks[task].languages)]
    unseen = set(claim.languages) - {name for task in claim.tasks for name in tasks[task].languages}
    if without or unseen:
        named = [f"in any of the claim's languages on {task}" for task in without] + [f"in {n}" for n in sorted(unseen)]
        return f"there is no evidence {', '.join(named)}"
    return None


def _test(claim: DifferenceClaim, mean: Mean, other: str, measured: Measured) -> Test:
    interval = measured.difference(mean, claim.sequence, other, is_general=claim.scope == "languages like these")
    if interval.missing or interval.standard_error == 0.0:
        missing = interval.missing or ("no spread",)
        return Test(other, replace(interval, missing=missing), None, None)
    sign, effect = (-1.0 if claim.direction == "lower" else 1.0), claim.smallest_effect
    if claim.direction == "equivalent":
        above, below = _p_above(interval, -effect), _p_above(interval, effect, sign=-1.0)
        outside = min(_p_above(interval, effect), _p_above(interval, -effect, sign=-1.0))
        return Test(other, interval, max(above, below), outside)
    inside, outside = _p_above(interval, sign * effect, sign), _p_above(interval, sign * effect, -sign)
    return Test(other, interval, inside, outside)


def _p_above(interval: Interval, bound: float, sign: float = 1.0) -> float:
    """Twice the one-sided p of a difference above ``bound`` (below it, for sign -1)."""
    from scipy.stats import t

    distance = sign * (interval.value - bound) / interval.standard_error
    return min(1.0, 2 * float(t.sf(distance, interval.degrees_of_freedom)))


def _judged(claim: DifferenceClaim, own: Decision) -> Decision:
    region = f"{claim.direction} by more than {_points(claim.smallest_effect)}"
    if claim.direction == "equivalent":
        region = f"equivalent within {_points(claim.smallest_effect)}"
    elif claim.smallest_effect == 0.0:
        region = claim.direction
    family = f" over {own.n_in_family} claims" if own.n_in_family > 1 else ""
    if own.p_adjusted is not None and own.p_adjusted <= ALPHA:
        return replace(own, status="VERIFIED", reason=f"{_seen(own.tests)}; {region}, p = {own.p_adjusted:.2g}{family}")
    if own.p_contrary_adjusted is not None and own.p_contrary_adjusted <= ALPHA:
        contrary = f"not {region}, p = {own.p_contrary_adjusted:.2g}{family}"
        return replace(own, status="FALSIFIED", reason=f"{_seen(own.tests)}; {contrary}")
    p = "" if own.p_adjusted is None else f", p = {own.p_adjusted:.2g}{family}"
    return replace(
        own, status="UNVERIFIED", reason=f"{_seen(own.tests)}; neither {region} nor its contrary is shown{p}"
    )


def _points(effect: float) -> str:
    return f"{100 * effect:g} point" + ("" if effect == 0.01 else "s")


def _seen(tests: Sequence[Test]) -> str:
    shown = []
    for test in tests:
        own = test.interval
        shown.append(
            f"{100 * own.value:+.2f} points against {test.other} ({100 * own.low:+.2f} to {100 * own.high:+.2f})"
        )
    return "; ".join(shown)
