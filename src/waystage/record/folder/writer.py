"""Writes a sealed record, and changes one only by adding: what was there stays readable."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

import waystage
from waystage.comparison import json_form
from waystage.errors import Problem, RecordError, StudyError
from waystage.record.folder.history import event_id, index_name, kept_name
from waystage.record.folder.reader import SealedRecord, index_bytes, open_record, unpacked_size
from waystage.record.folder.sources import name_fault
from waystage.record.form.index import Action, CorrectionType, Event, FileDigest, Index, State, Tool
from waystage.record.form.names import CORRECTIONS, HISTORY_DIR, INDEX
from waystage.store.canonical import canonical_json, digest_bytes
from waystage.store.files import random_name, write_atomically, writing

_LOCK_SECONDS = 30
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def packed(content: bytes) -> bytes:
    """gzip without name or time in it: the same content gives the same bytes."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def now() -> str:
    """The time in UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_record(folder: Path, contents: Mapping[str, bytes], name: str, ran_at: str) -> Index:
    """Write a new record; the folder is there whole or not at all.

    Raises:
        StudyError: there is something at ``folder`` already.
        StoreError: it cannot be written.
    """
    if folder.exists() or folder.is_symlink():
        expected = "a new folder; what is in a record is never replaced"
        raise StudyError(Problem(folder, None, None, "there is something already", expected))
    contents = {**contents, CORRECTIONS: b""}
    index = Index(
        name=name,
        state="CURRENT",
        created_at=now(),
        ran_at=ran_at,
        tool=Tool("waystage", waystage.__version__),
        n_events=0,
        head=None,
        superseded_by=None,
        files={file: digest_of(file, content) for file, content in sorted(contents.items())},
    ).sealed()
    draft = folder.with_name(f".{folder.name}.{random_name()}")
    with writing(folder):
        try:
            for file, content in {**contents, INDEX: index_bytes(index)}.items():
                path = draft / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            folder.parent.mkdir(parents=True, exist_ok=True)
            os.rename(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return index


def digest_of(name: str, content: bytes) -> FileDigest:
    """The entry of a file in the index."""
    unpacked = unpacked_size(content, Path(name)) if name.endswith(".gz") else None
    return FileDigest(digest_bytes(content), len(content), unpacked)


@dataclass(frozen=True, slots=True)
class Note:
    """What an event says: see ``waystage.record.form.index.Event``."""

    correction_type: CorrectionType
    public_note: str
    affected_fields: tuple[str, ...]
    action: Action
    superseded_by: str | None = None


def append_event(folder: Path, changes: Mapping[str, bytes], note: Note) -> SealedRecord:
    """Add an event, and files that are new or take the place of others; what they replace is kept in ``history/``.

    Raises:
        RecordError: the record is refused or damaged, is a .zip, or another process is changing it.
        StoreError: it cannot be written.
    """
    if folder.is_file():
        found = "a .zip, which is only read"
        raise RecordError(Problem(folder, None, None, found, "the folder of the record: unpack it first"))
    try:
        with FileLock(folder.with_name(f".{folder.name}.lock"), timeout=_LOCK_SECONDS):
            return _append(folder, changes, note)
    except Timeout:
        raise RecordError(Problem(folder, None, None, "another process is changing this record")) from None


def _append(folder: Path, changes: Mapping[str, bytes], note: Note) -> SealedRecord:
    record = open_record(folder)
    _check_names(folder, changes)
    log = record.read(CORRECTIONS)
    before = record.source.read(INDEX)
    old = {name: record.read(name) for name in changes if name in record.index.files}
    event = Event(
        event_id=event_id(record.index.n_events + 1),
        corrected_at=now(),
        correction_type=note.correction_type,
        public_note=note.public_note,
        affected_fields=note.affected_fields,
        action=note.action,
        replaced={name: digest_bytes(old[name]) if name in old else "" for name in sorted(changes)},
        state_before=record.digest,
        previous=record.index.head,
        superseded_by=note.superseded_by,
    )
    line = canonical_json(json_form.dump(event))
    kept = {kept_name(digest_bytes(content)): packed(content) for content in old.values()}
    written = {index_name(record.digest): before, **kept, **changes, CORRECTIONS: log + line + b"\n"}
    files = record.index.files | {name: digest_of(name, content) for name, content in written.items()}
    index = replace(
        record.index,
        state=_state(record.index.state, note),
        n_events=record.index.n_events + 1,
        head=digest_bytes(line),
        superseded_by=note.superseded_by or record.index.superseded_by,
        files=dict(sorted(files.items())),
    ).sealed()
    for name, content in {**written, INDEX: index_bytes(index)}.items():
        write_atomically(folder / name, content)
    return open_record(folder)


def _state(before: State, note: Note) -> State:
    if note.superseded_by is not None or before == "SUPERSEDED":
        return "SUPERSEDED"
    return "CORRECTED" if note.action == "correction" else before


def _check_names(folder: Path, changes: Mapping[str, bytes]) -> None:
    problems = []
    for name in changes:
        fault = name_fault(name)
        if name in (INDEX, CORRECTIONS) or name.split("/")[0] == HISTORY_DIR:
            fault = "is written by Waystage alone: the index, the chain of events and the history are never replaced"
        if fault:
            problems.append(Problem(folder / name, None, None, fault))
    if problems:
        raise RecordError(problems)


def write_zip(record: SealedRecord, path: Path) -> None:
    """The record as one .zip; the same record gives the same bytes.

    Raises:
        RecordError: a file is damaged.
        StoreError: it cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise StudyError(Problem(path, None, None, "there is something already", "a new .zip"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in [INDEX, *record.index.files]:
            content = record.source.read(name) if name == INDEX else record.read(name)
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3
            # What is packed already does not get smaller.
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".gz") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    write_atomically(path, buffer.getvalue())
