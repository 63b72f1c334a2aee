"""Verdicts of gates in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from waystage.record.form.verdicts import Finding, GateVerdict, VerdictsFile

_STYLES = {"VERIFIED": "green", "FALSIFIED": "bold red", "UNVERIFIED": "yellow"}
_MAX_REASON = 400


def gates_view(gates: Sequence[GateVerdict], verdicts: VerdictsFile, *, with_findings: bool) -> RenderableType:
    """A row a verdict, its findings under it where asked for, and what follows for the record."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("status", no_wrap=True)
    table.add_column("gate", no_wrap=True)
    table.add_column("of", overflow="fold")
    table.add_column("reason", overflow="fold", ratio=1)
    table.add_column("s", justify="right", no_wrap=True)
    for own in gates:
        of = own.claim or "the record"
        table.add_row(_status(own.status), own.gate, of, Text(_cut(own.reason)), f"{own.seconds:.1f}")
        for finding in own.findings if with_findings else ():
            table.add_row("", "", Text(finding.name, style="dim"), _finding(finding), "")
    return Group(table, Text(), _tier(verdicts))


def _status(status: str) -> Text:
    return Text(status, style=_STYLES[status])


def _finding(finding: Finding) -> Text:
    text = Text(f"{finding.status.lower()}: ", style=_STYLES[finding.status])
    text.append(_cut(finding.found), style="default")
    return text


def _tier(verdicts: VerdictsFile) -> Text:
    text = Text("tier: ")
    text.append(verdicts.tier, style=_STYLES.get(verdicts.tier, "bold"))
    text.append(f" ({verdicts.tier_reason})")
    return text


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_REASON else f"{text[:_MAX_REASON]}…"
