"""Verdicts into a record: as an event of its chain, the earlier ones kept."""

from __future__ import annotations

from collections.abc import Sequence

from waystage.claims.wording import sentence
from waystage.comparison import json_form
from waystage.record.additions import add_verdicts
from waystage.record.folder.reader import SealedRecord, pretty_json
from waystage.record.folder.writer import Note, append_event
from waystage.record.form.names import REPORT, VERDICTS
from waystage.record.form.verdicts import GateVerdict, VerdictsFile
from waystage.record.gates.derivation import derive


def with_verdicts(record: SealedRecord, gates: Sequence[GateVerdict]) -> VerdictsFile:
    """What the record's verdicts are once these gates have spoken; nothing is written."""
    sentences = {own.claim.name: sentence(own.claim) for own in record.claims()}
    return derive([*record.verdicts().gates, *gates], sentences)


def save_verdicts(record: SealedRecord, gates: Sequence[GateVerdict]) -> SealedRecord:
    """Add the verdicts to the folder of the record, as an event.

    Raises:
        RecordError: the record is a .zip, which is only read, or was changed meanwhile.
    """
    verdicts = with_verdicts(record, gates)
    names = ", ".join(dict.fromkeys(own.gate for own in gates))
    note = f"verdicts of {names}; tier {verdicts.tier}: {verdicts.tier_reason}"
    if REPORT in record.index.files:
        return add_verdicts(record.path, verdicts, note)
    content = pretty_json(json_form.dump(verdicts))
    return append_event(record.path, {VERDICTS: content}, Note("QUALITY_ASSESSMENT", note, (VERDICTS,), "verdicts"))
