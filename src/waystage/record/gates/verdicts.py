"""Verdicts of gates in the form of the public contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import waystage
from waystage.record.folder.writer import now
from waystage.record.form.verdicts import Finding, Gate, GateVerdict, Status

LABELS: dict[Status, str] = {"VERIFIED": "verified", "FALSIFIED": "falsified", "UNVERIFIED": "not verified"}

DEFINITIONS: dict[tuple[Gate, Status], str] = {
    ("provenance", "VERIFIED"): "every digest matches, the lineage is complete, and nothing is cited that is not there",
    ("provenance", "FALSIFIED"): "a digest does not match, or something that is cited is not there",
    ("provenance", "UNVERIFIED"): "digests and lineage could not be checked",
    (
        "verification",
        "VERIFIED",
    ): "an independent way from the record's evidence comes to the same numbers and the claim",
    ("verification", "FALSIFIED"): "the evidence gives other numbers, or shows the contrary of the claim",
    ("verification", "UNVERIFIED"): "the evidence shows neither the claim nor its contrary, or cannot be read",
    ("replication", "VERIFIED"): "training again in an isolated process gave the same within the stated tolerance",
    ("replication", "FALSIFIED"): "training again gave something else than the stated tolerance allows",
    ("replication", "UNVERIFIED"): "training again was not possible here, or left the question open",
    ("red team", "VERIFIED"): "no attack that could be carried out weakened or broke the claim",
    ("red team", "FALSIFIED"): "an attack broke the claim, or its check passes on evidence that is not its own",
    ("red team", "UNVERIFIED"): "the claim hangs on something that it does not name, or there was nothing to attack",
}
ENFORCEMENT: dict[Status, str] = {
    "VERIFIED": "none",
    "FALSIFIED": "the record's tier is FALSIFIED, and no quality dimension is above LOW",
    "UNVERIFIED": "the record's tier is UNVERIFIED at most",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a gate looked at and when: the state of the record, and the seconds that it took."""

    state: str
    seconds: float = 0.0


def gate_verdict(
    gate: Gate, status: Status, reason: str, looked: Looked, claim: str | None = None, findings: Sequence[Finding] = ()
) -> GateVerdict:
    """The verdict of a gate on a claim, or on the record as a whole where ``claim`` is None."""
    return GateVerdict(
        gate=gate,
        status=status,
        label=LABELS[status],
        definition=DEFINITIONS[gate, status],
        reason=reason,
        evaluated_at=now(),
        enforcement=ENFORCEMENT[status],
        claim=claim,
        state=looked.state,
        tool_version=waystage.__version__,
        seconds=round(looked.seconds, 3),
        findings=tuple(findings),
    )


def worst(statuses: Sequence[Status]) -> Status:
    """FALSIFIED if any is; VERIFIED if all are and there is one; else UNVERIFIED.

    >>> worst(["VERIFIED", "UNVERIFIED"]), worst(["VERIFIED"]), worst([]), worst(["UNVERIFIED", "FALSIFIED"])
    ('UNVERIFIED', 'VERIFIED', 'UNVERIFIED', 'FALSIFIED')
    """
    if "FALSIFIED" in statuses:
        return "FALSIFIED"
    return "VERIFIED" if statuses and all(own == "VERIFIED" for own in statuses) else "UNVERIFIED"
