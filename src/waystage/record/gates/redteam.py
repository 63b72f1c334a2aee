"""The red team gate: every claim attacked by three roles, with a score and a reason each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from waystage.claims.claim import DifferenceClaim
from waystage.errors import DataError
from waystage.record.folder.reader import parts_that_agree
from waystage.record.form.verdicts import Finding, GateVerdict, Status
from waystage.record.gates.derivation import ROLE
from waystage.record.gates.reading import Material
from waystage.record.gates.verdicts import Looked, gate_verdict
from waystage.record.independent.claims import Cells, Decision, decide, decide_alone
from waystage.record.independent.evidence import Cell
from waystage.record.independent.published import decide_published
from waystage.record.independent.resampling import linear_covariance
from waystage.record.redteam.attack import Attack, Outcome, Role, score_of
from waystage.record.redteam.auditor import audit
from waystage.record.redteam.hunter import Ground, hunt
from waystage.record.redteam.published import attack_published
from waystage.record.redteam.vacuity import vacuity_attacks

_STATUS: dict[Outcome, Status] = {
    Outcome.WITHSTOOD: "VERIFIED",
    Outcome.NOTED: "VERIFIED",
    Outcome.WEAKENED: "UNVERIFIED",
    Outcome.BROKEN: "FALSIFIED",
    Outcome.NOT_POSSIBLE: "UNVERIFIED",
}


def attack(material: Material) -> list[GateVerdict]:
    """One verdict a claim, in the order of the record.

    Raises:
        RecordError: a file of the record cannot be read, or its files contradict each other.
    """
    with parts_that_agree(material.record):
        return _verdicts(material)


def _verdicts(material: Material) -> list[GateVerdict]:
    verdicts: dict[str, GateVerdict] = {}
    for claim in material.published:
        started = time.monotonic()
        attacks, decision = attack_published(claim), decide_published(claim)
        looked = Looked(material.record.digest, time.monotonic() - started)
        verdicts[claim.name] = _verdict(claim.name, decision.status, decision.reason, attacks, looked)
    if material.differences:
        verdicts |= {own.claim or "": own for own in _differences(material)}
    return [verdicts[declared.claim.name] for declared in material.claims]


def _differences(material: Material) -> Iterator[GateVerdict]:
    claims = material.differences
    cells = Cells(material.cells, material.method, linear_covariance)
    try:
        decisions = decide(claims, cells.measured)
    except DataError as error:
        why = f"the evidence cannot be laid out: {str(error).splitlines()[0]}"
        looked = Looked(material.record.digest)
        yield from (gate_verdict("red team", "UNVERIFIED", why, looked, claim.name) for claim in claims)
        return
    ground = Ground(cells, material.siblings, material.metrics)
    for claim, decision in zip(claims, decisions, strict=True):
        started = time.monotonic()
        attacks = attack_difference(claim, decision, ground, material)
        looked = Looked(material.record.digest, time.monotonic() - started)
        yield _verdict(claim.name, decision.status, decision.reason, attacks, looked)


def attack_difference(claim: DifferenceClaim, decision: Decision, ground: Ground, material: Material) -> list[Attack]:
    """What can be tried: all of it where the evidence shows the claim; what it says of itself in any case."""
    if not decision.tests:
        return []
    attacks = audit(claim, decision, ground.cells, material.facts)
    if decision.status != "VERIFIED":
        return attacks
    return [*hunt(claim, ground), *attacks, *vacuity_attacks(claim, _own(claim, ground.cells), _Check(ground.cells))]


class _Check:
    """What ``verify`` does with one claim, on any evidence; errors by derivatives, which takes no resampling."""

    def __init__(self, cells: Cells) -> None:
        self._method = cells.method

    def __call__(self, claim: DifferenceClaim, cells: Sequence[Cell]) -> Status:
        return decide_alone(claim, Cells(cells, self._method, linear_covariance).measured(claim)).status


def _own(claim: DifferenceClaim, cells: Cells) -> list[Cell]:
    metrics = dict(cells.method.metrics) | (dict.fromkeys(claim.tasks, claim.metric) if claim.metric else {})
    return [cell for cell in cells.cells if cell.task in claim.tasks and cell.metric == metrics[cell.task]]


def _verdict(claim: str, decided: Status, told: str, attacks: Sequence[Attack], looked: Looked) -> GateVerdict:
    """FALSIFIED once an attack broke the claim, or the evidence shows its contrary; VERIFIED if all were withstood."""
    findings = [*_roles(attacks), *map(_finding, attacks)]
    by_outcome = {outcome: [own for own in attacks if own.outcome is outcome] for outcome in Outcome}
    status: Status = "VERIFIED"
    n_tried = len(attacks) - len(by_outcome[Outcome.NOT_POSSIBLE])
    if broken := by_outcome[Outcome.BROKEN]:
        status, reason = "FALSIFIED", f"{broken[0].name}: {broken[0].found}"
    elif decided == "FALSIFIED":
        status, reason = "FALSIFIED", f"the evidence shows the contrary: {told}"
    elif decided == "UNVERIFIED":
        status, reason = "UNVERIFIED", f"nothing is shown, so there is nothing to break: {told}"
    elif weakened := by_outcome[Outcome.WEAKENED]:
        status, reason = "UNVERIFIED", f"{weakened[0].name}: {weakened[0].found}"
    else:
        noted = by_outcome[Outcome.NOTED]
        known = f"; to be known: {'; '.join(own.name for own in noted)}" if noted else ""
        reason = f"{n_tried} attacks were withstood{known}"
    return gate_verdict("red team", status, reason, looked, claim, findings)


def _roles(attacks: Sequence[Attack]) -> Iterator[Finding]:
    """Each role with its score and the outcome that decided it."""
    order = [Outcome.BROKEN, Outcome.WEAKENED, Outcome.NOTED, Outcome.WITHSTOOD, Outcome.NOT_POSSIBLE]
    for role in Role:
        own = [attack for attack in attacks if attack.role is role]
        score = score_of(own)
        if score is None:
            found = "no attack was possible" + (f": {own[0].found}" if own else "")
            yield Finding(f"{ROLE}{role}", "UNVERIFIED", found, None, {"score": None})
            continue
        hardest = min(own, key=lambda attack: order.index(attack.outcome))
        counted = ", ".join(
            f"{n} {outcome}" for outcome in order if (n := sum(attack.outcome is outcome for attack in own))
        )
        found = f"{score:g} of 10: {counted}; {hardest.name}: {hardest.found}"
        yield Finding(f"{ROLE}{role}", _STATUS[hardest.outcome], found, None, {"score": score, "n_attacks": len(own)})


def _finding(attack: Attack) -> Finding:
    numbers = {"role": str(attack.role), "outcome": str(attack.outcome), **attack.numbers}
    found = f"{attack.outcome}: {attack.found}"
    return Finding(attack.name, _STATUS[attack.outcome], found, attack.expected, numbers, attack.places)
