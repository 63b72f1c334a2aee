"""A record in the terminal, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from waystage.claims.wording import sentence
from waystage.comparison import json_form

if TYPE_CHECKING:
    from waystage.record.folder.reader import SealedRecord
    from waystage.record.form.verdicts import GateVerdict

_STYLES = {"VERIFIED": "green", "FALSIFIED": "red", "UNVERIFIED": "yellow"}


def record_view(record: SealedRecord) -> Group:
    """Claims with their verdicts, gates, and events."""
    index, verdicts = record.index, record.verdicts()
    found = {one.claim: one for one in verdicts.claims}
    claims = _table("claim", "made", "verdict", "level", "what it says")
    for declared in record.claims():
        one = found.get(declared.claim.name)
        status = Text("not checked") if one is None else Text(one.status, style=_STYLES[one.status])
        level = "" if one is None else str(one.level)
        words = sentence(declared.claim) if one is None else one.sentence
        claims.add_row(Text(declared.claim.name), declared.declared, status, level, Text(words))
    gates = _table("gate", "claim", "status", "when", "why")
    for gate in verdicts.gates:
        status = Text(gate.status, style=_STYLES[gate.status])
        gates.add_row(gate.gate, Text(gate.claim or "the record"), status, gate.evaluated_at, Text(gate.reason))
    events = _table("event", "when", "type", "note")
    for event in record.events():
        events.add_row(event.event_id, event.corrected_at, event.correction_type, Text(event.public_note))
    parts: list[Table | Text] = [
        Text(f"{index.name}: ran {index.ran_at}, sealed {index.created_at} by {index.tool.name} {index.tool.version}"),
        Text(f"tier {verdicts.tier}: {verdicts.tier_reason}"),
    ]
    named = (
        (claims, "no claims were made"),
        (gates, "no gate has looked at it"),
        (events, "nothing since it was built"),
    )
    return Group(*parts, *(table if table.row_count else Text(words) for table, words in named))


def findings_view(verdict: GateVerdict) -> Group:
    """What a gate looked at, a line each."""
    table = _table("", "check", "found")
    for finding in verdict.findings:
        table.add_row(Text(finding.status, style=_STYLES[finding.status]), finding.name, Text(finding.found))
    return Group(table, Text(f"{verdict.gate}: {verdict.status} in {verdict.seconds:.1f} s"))


def record_json(record: SealedRecord) -> dict[str, Any]:
    """Index, claims, verdicts and events."""
    return {
        "digest": record.digest,
        "index": record.index.to_json(),
        "claims": json_form.dump_all(record.claims()),
        "verdicts": json_form.dump(record.verdicts()),
        "events": json_form.dump_all(record.events()),
    }


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
