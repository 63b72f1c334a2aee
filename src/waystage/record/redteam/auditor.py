"""The citation auditor: what a claim about sequences leaves unsaid. Published figures are in ``published.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from waystage.claims.claim import DifferenceClaim
from waystage.record.independent.claims import ALPHA, Cells, Decision, claim_mean
from waystage.record.independent.intervals import Mean, Measured
from waystage.record.redteam.attack import Attack, Number, Outcome, Role
from waystage.record.redteam.hunter import holds


@dataclass(frozen=True, slots=True)
class Overlap:
    """Training data that holds ``n_examples`` that ``tested`` is tested on; None: it could not be told how many.

    ``readers`` are the sequences that learned from it.
    """

    learned: str
    tested: str
    n_examples: int | None
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a record says about how a comparison came to be.

    Attributes:
        declared: claim to when it was made; ``in the study`` came before any result.
        flops: sequence to what its training took; None where not measured.
        overlaps: of training data with tests.
        selects_on_target: tasks whose checkpoint was chosen on a target language's data.
        departures: task to what differs from its protocol.
        n_quantities: means and single languages that a claim could have been made about.
    """

    declared: Mapping[str, str]
    flops: Mapping[str, float | None]
    overlaps: Sequence[Overlap] = ()
    selects_on_target: frozenset[str] = frozenset()
    departures: Mapping[str, Sequence[str]] = field(default_factory=dict)
    n_quantities: int = 1


def audit(claim: DifferenceClaim, decision: Decision, cells: Cells, facts: Facts) -> list[Attack]:
    """All that the record's facts hold against a claim."""
    return [
        _itself(claim, cells),
        _overlap(claim, cells, facts),
        _selection(claim, facts),
        _multiple(claim, decision, cells, facts),
        _budgets(claim, facts),
        _departures(claim, facts),
    ]


def _itself(claim: DifferenceClaim, cells: Cells) -> Attack:
    """A sequence against itself, or against one that gave the same answers: what is said is true of any evidence."""
    rows = {
        name: {
            (c.task, c.language, c.seed, c.metric): c.rows.tobytes()
            for c in cells.cells
            if c.sequence == name and c.task in claim.tasks
        }
        for name in (claim.sequence, *claim.than)
    }
    same = [other for other in claim.than if other == claim.sequence or rows[other] == rows[claim.sequence]]
    name = "compared with itself"
    if same:
        found = f"tautology: {claim.sequence} and {', '.join(same)} have the same outcome on every example"
        return Attack(Role.AUDITOR, name, Outcome.BROKEN, found, "sequences with outcomes of their own")
    return Attack(Role.AUDITOR, name, Outcome.WITHSTOOD, "the sequences have outcomes of their own")


def _overlap(claim: DifferenceClaim, cells: Cells, facts: Facts) -> Attack:
    """Test examples that a sequence of the claim has learned from, and whether they could have decided it."""
    name, sequences = "training data that overlaps with the test", {claim.sequence, *claim.than}
    own = [o for o in facts.overlaps if o.tested in claim.tasks and sequences & set(o.readers) and o.n_examples != 0]
    if not own:
        found = "none was found between the claim's training and test data"
        return Attack(Role.AUDITOR, name, Outcome.WITHSTOOD, found)
    unknown = [overlap for overlap in own if overlap.n_examples is None]
    if unknown:
        found = f"whether {unknown[0].learned} holds test examples of {unknown[0].tested} could not be told"
        return Attack(Role.AUDITOR, name, Outcome.NOT_POSSIBLE, found)
    measured = cells.measured(claim)
    mean = claim_mean(claim, measured.evidence)
    # If all of them were right for the claim's sequence and wrong for the other, and should not have counted.
    bound = sum((overlap.n_examples or 0) * _largest_share(mean, measured, overlap.tested) for overlap in own)
    sign = -1.0 if claim.direction == "lower" else 1.0
    values = [measured.difference(mean, claim.sequence, other, is_general=False).value for other in claim.than]
    told = "; ".join(f"{o.n_examples} test examples of {o.tested} in the data of {o.learned}" for o in own)
    numbers: dict[str, Number] = {"n_examples": sum(o.n_examples or 0 for o in own), "largest_effect": bound}
    if claim.direction == "equivalent" or any(not holds(claim, value - sign * bound) for value in values):
        found = f"{told}: enough to have made the difference ({100 * bound:.2f} points at most)"
        return Attack(Role.AUDITOR, name, Outcome.WEAKENED, found, "no test example in training data", numbers)
    found = f"{told}: too few to have made the difference ({100 * bound:.2f} points at most)"
    return Attack(Role.AUDITOR, name, Outcome.NOTED, found, None, numbers)


def _largest_share(mean: Mean, measured: Measured, task: str) -> float:
    """How much one example of a task can count in a mean."""
    block = measured.evidence.block(task)
    return max(own.weight / len(block.ids[own.language]) for own in mean if own.task == task)


def _selection(claim: DifferenceClaim, facts: Facts) -> Attack:
    name = "selection on the target language"
    own = sorted(facts.selects_on_target & set(claim.tasks))
    if own:
        found = f"checkpoints of {', '.join(own)} were chosen on data of a target language: not zero-shot"
        return Attack(Role.AUDITOR, name, Outcome.WEAKENED, found, "selection on the source language, or none")
    return Attack(Role.AUDITOR, name, Outcome.WITHSTOOD, "no checkpoint was chosen on data of a target language")


def _multiple(claim: DifferenceClaim, decision: Decision, cells: Cells, facts: Facts) -> Attack:
    """A claim made after results could be seen was one of many that could have been made."""
    name, declared = "multiple testing", facts.declared.get(claim.name, "after the run")
    if declared == "in the study":
        found = f"declared in the study, corrected over {decision.n_in_family} of its family"
        return Attack(Role.AUDITOR, name, Outcome.WITHSTOOD, found)
    n_sequences = len(cells.measured(claim).evidence.sequences)
    n_claims = facts.n_quantities * n_sequences * (n_sequences - 1)
    p = 1.0 if decision.p is None else min(1.0, decision.p * n_claims)
    numbers: dict[str, Number] = {"n_claims": n_claims, "p_corrected": p}
    found = (
        f"declared {declared}, when {n_claims} claims could have been made; p = {p:.2g} if corrected for all of them"
    )
    if p <= ALPHA:
        return Attack(Role.AUDITOR, name, Outcome.WITHSTOOD, found, None, numbers)
    return Attack(
        Role.AUDITOR, name, Outcome.WEAKENED, found, f"p <= {ALPHA}, or a claim declared in the study", numbers
    )


def _budgets(claim: DifferenceClaim, facts: Facts) -> Attack:
    name = "unequal budgets"
    own = facts.flops.get(claim.sequence)
    others = {other: flops for other in claim.than if (flops := facts.flops.get(other)) is not None}
    if own is None or len(others) < len(claim.than):
        return Attack(Role.AUDITOR, name, Outcome.NOT_POSSIBLE, "the record does not know what training took")
    numbers: dict[str, Number] = {f"flops of {own_name}": flops for own_name, flops in others.items()}
    numbers[f"flops of {claim.sequence}"] = own
    told = ", ".join(f"{own / flops:.2f} times those of {other}" for other, flops in others.items() if flops)
    found = f"operations of {claim.sequence} in training: {told or 'none in the others'}"
    if claim.direction == "higher" and any(flops < own for flops in others.values()):
        told = f"{found}; the claim is not about equal budgets"
        return Attack(Role.AUDITOR, name, Outcome.NOTED, told, None, numbers)
    return Attack(Role.AUDITOR, name, Outcome.WITHSTOOD, found, None, numbers)


def _departures(claim: DifferenceClaim, facts: Facts) -> Attack:
    told = [f"{task}: {len(facts.departures[task])}" for task in claim.tasks if facts.departures.get(task)]
    if told:
        found = f"departures from the published protocol ({'; '.join(told)}): not comparable with published figures"
        return Attack(Role.AUDITOR, "departures from the protocol", Outcome.NOTED, found)
    return Attack(Role.AUDITOR, "departures from the protocol", Outcome.WITHSTOOD, "none")
