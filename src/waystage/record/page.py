"""The report of a record: that of its run, with claims and verdicts in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from waystage.claims.wording import sentence
from waystage.record.form.claims import DeclaredClaim
from waystage.record.form.verdicts import VerdictsFile
from waystage.report.record import GateSaid, Judged, JudgedClaim, RunRecord
from waystage.report.render import render_report


def record_page(run: RunRecord, claims: Sequence[DeclaredClaim], verdicts: VerdictsFile) -> bytes:
    """The HTML."""
    return render_report(replace(run, judged=judged(claims, verdicts))).encode()


def judged(claims: Sequence[DeclaredClaim], verdicts: VerdictsFile) -> Judged:
    """Claims beside what became of them."""
    return Judged(
        claims=tuple(_claim(declared, verdicts) for declared in claims),
        gates=_said(verdicts, None),
        tier=verdicts.tier,
        tier_reason=verdicts.tier_reason,
    )


def _claim(declared: DeclaredClaim, verdicts: VerdictsFile) -> JudgedClaim:
    name = declared.claim.name
    found = next((one for one in verdicts.claims if one.claim == name), None)
    return JudgedClaim(
        name=name,
        sentence=sentence(declared.claim),
        declared=declared.declared,
        status=None if found is None else found.status,
        level=None if found is None else found.level,
        verdict="No gate has looked at it." if found is None else found.sentence,
        gates=_said(verdicts, name),
    )


def _said(verdicts: VerdictsFile, claim: str | None) -> tuple[GateSaid, ...]:
    return tuple(GateSaid(one.gate, one.status, one.reason) for one in verdicts.gates if one.claim == claim)
