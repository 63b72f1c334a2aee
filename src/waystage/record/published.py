"""A record of claims about published figures alone: no run, no evidence but the figures that are cited."""

from __future__ import annotations

from pathlib import Path

from waystage.claims.claim import PublishedClaim
from waystage.comparison import json_form
from waystage.errors import Problem, StudyError
from waystage.record.folder.reader import SealedRecord, open_record, pretty_json
from waystage.record.folder.writer import now, write_record
from waystage.record.form.claims import DeclaredClaim
from waystage.record.form.names import CLAIMS, VERDICTS
from waystage.record.form.schemas import schemas
from waystage.record.form.verdicts import VerdictsFile
from waystage.record.gates.provenance import provenance_gate
from waystage.record.gates.reading import Material
from waystage.record.gates.redteam import attack
from waystage.record.gates.saving import save_verdicts
from waystage.record.gates.verification import verify
from waystage.record.seal import claims_file
from waystage.study.claims import ClaimScope, read_claims

SOURCE = "claims.yaml"
_SCHEMAS = ("claims", "record", "verdicts", "gate-verdict", "correction")


def build_published(claims_path: Path, folder: Path) -> SealedRecord:
    """Write a record of the claims in a file, and let verification and the red team decide them.

    Raises:
        StudyError: the file has mistakes or claims about sequences, or there is something at ``folder`` already.
        StoreError: the record cannot be written.
    """
    claims = read_claims(claims_path, ClaimScope((), {}))
    others = [name for name, claim in claims.items() if not isinstance(claim, PublishedClaim)]
    if others:
        expected = "claims about published figures; those about sequences need the record of a run"
        raise StudyError(Problem(claims_path, None, f"claims.{others[0]}", "a claim about sequences", expected))
    written_at = now()
    declared = [DeclaredClaim(claim, "after the record", written_at) for claim in claims.values()]
    contents = {
        SOURCE: claims_path.read_bytes(),
        CLAIMS: pretty_json(json_form.dump(claims_file(declared))),
        VERDICTS: pretty_json(json_form.dump(VerdictsFile())),
    }
    wanted = {f"schemas/{name}.schema.json" for name in _SCHEMAS}
    contents |= {name: pretty_json(schema) for name, schema in schemas().items() if name in wanted}
    write_record(folder, contents, claims_path.parent.name or claims_path.stem, written_at)
    material = Material(open_record(folder))
    gates = [provenance_gate(material.record), *verify(material), *attack(material)]
    return save_verdicts(material.record, gates)
