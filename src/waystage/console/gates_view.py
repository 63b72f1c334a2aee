"""Verdicts of gates in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from waystage.record.form.verdicts import Finding, GateVerdict, VerdictsFile

_STYLES = {"VERIFIED": "green", "FALSIFIED": "bold red", "UNVERIFIED": "yellow"}
_STATUS_WIDTH = max(map(len, _STYLES)) + 2


def gates_view(gates: Sequence[GateVerdict], verdicts: VerdictsFile, *, with_findings: bool) -> RenderableType:
    """A paragraph a verdict, its findings under it where asked for, and what follows for the record."""
    parts: list[RenderableType] = []
    for own in gates:
        of = own.claim or "the record"
        head = Text.assemble(_status(own.status), (f"{of}", "bold"), f"  {own.gate}, {own.seconds:.1f} s")
        parts += [head, _indented(Text(own.reason), 1)]
        parts += _findings(own.findings) if with_findings else []
    return Group(*parts, Text(), _tier(verdicts))


def _status(status: str) -> tuple[str, str]:
    return status.ljust(_STATUS_WIDTH), _STYLES[status]


def _findings(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    for finding in findings:
        yield _indented(Text.assemble(_status(finding.status), (finding.name, "italic")), 1)
        yield _indented(Text(finding.found), 2)


def _indented(text: Text, depth: int) -> Padding:
    return Padding(text, (0, 0, 0, _STATUS_WIDTH * depth))


def _tier(verdicts: VerdictsFile) -> Text:
    return Text.assemble("tier ", (verdicts.tier, _STYLES.get(verdicts.tier, "bold")), f": {verdicts.tier_reason}")
