"""JSON Schemas of the files of a record, made from their forms, so that there is one source."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from waystage.record.form.evidence import CellEvidence, ExamplesEvidence
from waystage.record.form.index import Event
from waystage.record.form.names import FORMS, SCHEMAS_DIR
from waystage.record.form.verdicts import GateVerdict

_BESIDES: dict[str, type] = {
    "correction.json": Event,
    "gate-verdict.json": GateVerdict,
    "evidence-examples.json": ExamplesEvidence,
    "evidence-cell.json": CellEvidence,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Path in a record (``schemas/claims.schema.json``) to the JSON Schema (2020-12) that stands there."""
    forms = {**FORMS, **_BESIDES}
    return {schema_name(name): schema_of(name, form) for name, form in forms.items()}


def schema_name(name: str) -> str:
    """Where the schema of a file stands.

    >>> schema_name("run.json.gz")
    'schemas/run.schema.json'
    """
    return f"{SCHEMAS_DIR}/{name.removesuffix('.gz').removesuffix('.json')}.schema.json"


def schema_of(name: str, form: type) -> dict[str, Any]:
    """The JSON Schema of one form."""
    schema = TypeAdapter(form).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"waystage:record:1:{name}", **schema}
