"""``verdicts.json``: what the gates found, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from waystage.comparison import json_form

Status: TypeAlias = Literal["VERIFIED", "FALSIFIED", "UNVERIFIED"]
Gate: TypeAlias = Literal["provenance", "verification", "replication", "red team"]
Assessment: TypeAlias = Literal["UNASSESSED", "LOW", "MEDIUM", "HIGH"]
Tier: TypeAlias = Literal["UNASSESSED", "FALSIFIED", "UNVERIFIED", "CHECKED", "REPRODUCED"]
"""Ordered by what they say; the rules stand in docs/record.md. A record with a falsified claim is FALSIFIED."""

CONTRACT_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a gate looked at.

    Attributes:
        name: of the check or the attack.
        status: what it says about the claim (or the record).
        found: what was seen, one sentence with the numbers in it.
        expected: what would have passed; None where that goes without saying.
        numbers: the values behind the sentence, by name.
        places: files of the record, or places in them, that were read.
    """

    name: str
    status: Status
    found: str
    expected: str | None = None
    numbers: dict[str, float | int | str | None] | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What one gate says, of the record as a whole (``claim`` None) or of one claim.

    The fields up to ``enforcement`` are those of the public contract of gate verdicts.

    Attributes:
        label: the status in words; ``definition``: what that status of that gate means.
        reason: one sentence: why.
        evaluated_at: ISO 8601 in UTC.
        enforcement: what follows from it, such as ``blocks every tier above FALSIFIED``.
        state: SHA-256 of ``record.json`` as it was when the gate looked.
        tool_version: of Waystage.
        seconds: that the gate took.
        findings: the evidence.
    """

    gate: Gate
    status: Status
    label: str
    definition: str
    reason: str
    evaluated_at: str
    enforcement: str
    claim: str | None
    state: str
    tool_version: str
    seconds: float
    findings: tuple[Finding, ...] = ()
    schema: Literal["waystage-gate-verdict"] = "waystage-gate-verdict"
    schema_version: Literal[1] = 1
    contract_version: str = CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What holds of a claim when all gates are taken together.

    Attributes:
        status: FALSIFIED if any gate says so; VERIFIED if verification does and no gate is against it; else UNVERIFIED.
        level: verification level, 0 to 7 (docs/record.md).
        sentence: the claim and its verdict in plain words.
        reason: of the gate that decided.
    """

    claim: str
    status: Status
    level: int
    sentence: str
    reason: str


@dataclass(frozen=True, slots=True)
class QualityDimension:
    """One dimension of quality. ``score`` is in [0, 10]; None with UNASSESSED: nobody has looked."""

    name: str
    score: float | None
    assessment: Assessment
    reason: str


@dataclass(frozen=True, slots=True)
class VerdictsFile:
    """The latest verdict of each gate on each claim, and what follows.

    Attributes:
        gates: at most one for each gate and claim; earlier ones are in the history of the record.
        claims: in the order of ``claims.json``; empty until verification has run.
        level_counts: claims that reach each verification level: ``"0"`` to ``"7"``.
        dimensions: quality, each with its rule's reason.
        tier: of the record.
        tier_reason: the rule that gave it.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    gates: tuple[GateVerdict, ...] = ()
    claims: tuple[ClaimVerdict, ...] = ()
    level_counts: dict[str, int] | None = None
    dimensions: tuple[QualityDimension, ...] = ()
    tier: Tier = "UNASSESSED"
    tier_reason: str = "no gate has looked at this record"
    schema: Literal["waystage-verdicts"] = "waystage-verdicts"
    schema_version: Literal[1] = 1
