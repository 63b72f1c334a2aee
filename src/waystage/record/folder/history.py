"""Earlier states of a record: nothing that was ever in it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from waystage.errors import Problem, RecordError, nearest_name
from waystage.record.folder.reader import SealedRecord, read_index
from waystage.record.form.index import Index
from waystage.record.form.names import CORRECTIONS, HISTORY_DIR, INDEX
from waystage.store.canonical import digest_bytes

AS_BUILT = "E0000"
"""Stands for the record before any event."""


def index_name(digest: str) -> str:
    """Where an earlier ``record.json`` is kept."""
    return f"{HISTORY_DIR}/{digest}.json"


def kept_name(sha256: str) -> str:
    """Where the bytes that a file had before it was replaced are kept, packed; by their digest."""
    return f"{HISTORY_DIR}/files/{sha256}.gz"


def event_id(number: int) -> str:
    """The id of an event, counted from 1.

    >>> event_id(0) == AS_BUILT, event_id(12)
    (True, 'E0012')
    """
    return f"E{number:04d}"


@dataclass(frozen=True, slots=True)
class EarlierSource:
    """The bytes of an earlier state, out of the files that are as they were and those kept in ``history/``."""

    now: SealedRecord
    then: Index
    then_bytes: bytes

    @property
    def path(self) -> Path:
        """The folder or .zip."""
        return self.now.path

    @property
    def sizes(self) -> dict[str, int]:
        """As they were."""
        return {INDEX: len(self.then_bytes), **{name: entry.n_bytes for name, entry in self.then.files.items()}}

    def read(self, name: str) -> bytes:
        """As it was."""
        if name == INDEX:
            return self.then_bytes
        if name == CORRECTIONS:
            lines = self.now.read(name).splitlines(keepends=True)
            return b"".join(lines[: self.then.n_events])
        sha256 = self.then.files[name].sha256
        current = self.now.index.files.get(name)
        is_same = current is not None and current.sha256 == sha256
        return self.now.read(name) if is_same else self.now.unpacked(kept_name(sha256))


def state_at(record: SealedRecord, event: str) -> SealedRecord:
    """The record as it was after an event; :data:`AS_BUILT` is before all of them.

    Raises:
        RecordError: there is no such event, or what was kept of that state is damaged.
    """
    ids = [AS_BUILT, *(one.event_id for one in record.events())]
    if event not in ids:
        expected = f"one of {', '.join(ids)}"
        raise RecordError(Problem(record.path, None, "--at", f"no event {event!r}", expected, nearest_name(event, ids)))
    place = ids.index(event)
    if place == len(ids) - 1:
        return record
    return earlier_state(record, record.events()[place].state_before)


def earlier_state(record: SealedRecord, digest: str) -> SealedRecord:
    """The state whose ``record.json`` has that digest.

    Raises:
        RecordError: it is not kept, or damaged.
    """
    content = record.read(index_name(digest))
    index = read_index(content, record.path / index_name(digest))
    return SealedRecord(EarlierSource(record, index, content), index, digest_bytes(content))


def chain_problems(record: SealedRecord) -> Iterator[Problem]:
    """What is wrong with the chain of events: order, links from line to line, and states that are not kept.

    Raises:
        RecordError: ``corrections.jsonl`` cannot be read.
    """
    place = record.path / CORRECTIONS
    lines, events = record.read(CORRECTIONS).splitlines(), record.events()
    digests = [digest_bytes(line) for line in lines]
    if len(events) != record.index.n_events or (digests[-1] if digests else None) != record.index.head:
        yield Problem(place, None, None, f"{len(events)} events", f"the {record.index.n_events} of the index")
    for number, event in enumerate(events, 1):
        previous = digests[number - 2] if number > 1 else None
        if event.event_id != event_id(number):
            yield Problem(place, number, "event_id", event.event_id, event_id(number))
        if event.previous != previous:
            yield Problem(place, number, "previous", f"{event.previous}", f"{previous}: the line before was changed")
        yield from _state_problems(record, number, event.state_before)


def _state_problems(record: SealedRecord, number: int, digest: str) -> Iterator[Problem]:
    place = record.path / CORRECTIONS
    try:
        then = earlier_state(record, digest)
    except RecordError as error:
        yield Problem(place, number, "state_before", f"{error.problems[0]}", "the state as it was kept")
        return
    if then.digest != digest or then.index.n_events != number - 1:
        yield Problem(place, number, "state_before", "another state", f"that before {event_id(number)}")
    for name, entry in then.index.files.items():
        try:
            content = then.source.read(name)
        except RecordError as error:
            yield Problem(place, number, "state_before", f"{error.problems[0]}", f"{name} as it was")
            continue
        if digest_bytes(content) != entry.sha256:
            yield Problem(record.path / name, None, None, f"its bytes before {event_id(number)} are gone", entry.sha256)
