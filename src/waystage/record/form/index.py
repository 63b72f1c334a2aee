"""``record.json``: what is in a record, by digest; and the chain of what happened to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from waystage.comparison import json_form
from waystage.store.canonical import digest_json

SCHEMA: Literal["waystage-record"] = "waystage-record"
SCHEMA_VERSION: Literal[1] = 1

State: TypeAlias = Literal["CURRENT", "CORRECTED", "SUPERSEDED"]
"""CURRENT: as it was built, or with claims and verdicts added. CORRECTED: an event says that something was wrong.
SUPERSEDED: an event says which record stands in its place."""

CorrectionType: TypeAlias = Literal["METADATA", "ARTIFACT", "CLAIM", "BENCHMARK", "PROVENANCE", "QUALITY_ASSESSMENT"]
Action: TypeAlias = Literal["correction", "claims", "verdicts"]


@dataclass(frozen=True, slots=True)
class FileDigest:
    """Digest (SHA-256, hex) and size of a file; of a ``.gz`` file, also the size of what is packed in it."""

    sha256: str
    n_bytes: int
    n_bytes_unpacked: int | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """What wrote the record."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Index:
    """What is in a record.

    Attributes:
        name: of the study.
        created_at: when the record was built, ISO 8601 in UTC; it does not change with later events.
        ran_at: when the run ended.
        n_events: lines of ``corrections.jsonl``.
        head: SHA-256 of its last line without the newline; None where there is none.
        superseded_by: digest or address of the record that stands in its place.
        files: every file of the folder but ``record.json`` itself, by its path with ``/``.
        seal: SHA-256 of the canonical JSON of all other fields.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    name: str
    state: State
    created_at: str
    ran_at: str
    tool: Tool
    n_events: int
    head: str | None
    superseded_by: str | None
    files: dict[str, FileDigest]
    seal: str = ""
    schema: Literal["waystage-record"] = SCHEMA
    schema_version: Literal[1] = SCHEMA_VERSION

    def sealed(self) -> Index:
        """The same index with its own digest in it."""
        return replace(self, seal=self.expected_seal())

    def expected_seal(self) -> str:
        """The digest that ``seal`` has to be."""
        value = self.to_json()
        del value["seal"]
        return digest_json(value)

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return json_form.dump(self)


@dataclass(frozen=True, slots=True)
class Event:
    """A line of ``corrections.jsonl``: something was added or put right. No line is ever changed or removed.

    Attributes:
        event_id: ``E0001``, ``E0002``, ...
        corrected_at: ISO 8601 in UTC.
        public_note: what and why, for readers.
        affected_fields: files of the record, or places in them (``scores.json#/scores/3``).
        action: ``correction``, or that ``claims`` or ``verdicts`` were added.
        replaced: file to the digest that it had before; the old bytes are kept in ``history/``. Empty digest: new file.
        state_before: SHA-256 of ``record.json`` as it was; it is kept as ``history/DIGEST.json``.
        previous: SHA-256 of the line before, without its newline; None for the first.
        superseded_by: the record that stands in the place of this one, if the event says so.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    event_id: str
    corrected_at: str
    correction_type: CorrectionType
    public_note: str
    affected_fields: tuple[str, ...]
    action: Action
    replaced: dict[str, str]
    state_before: str
    previous: str | None
    superseded_by: str | None = None
    schema_version: Literal[1] = SCHEMA_VERSION
