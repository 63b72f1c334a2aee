"""Reads a sealed record: the one way in, for every command that takes one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from waystage.comparison import json_form
from waystage.errors import DataError, Problem, RecordError
from waystage.record.agreement import refused_as
from waystage.record.folder.sources import MAX_FILE_BYTES, Source, open_source
from waystage.record.form.claims import ClaimsFile, DeclaredClaim
from waystage.record.form.evidence import CellEvidence, ExamplesEvidence
from waystage.record.form.index import SCHEMA, SCHEMA_VERSION, Event, FileDigest, Index
from waystage.record.form.names import CLAIMS, CORRECTIONS, INDEX, VERDICTS, cell_name, examples_name
from waystage.record.form.verdicts import VerdictsFile
from waystage.store.canonical import digest_bytes

MAX_INDEX_BYTES = 16 * 2**20
_BLOCK = 2**20

FormT = TypeVar("FormT")


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record that is safe to read. Every file is checked against its digest when it is read.

    Attributes:
        digest: SHA-256 of ``record.json``: the name of this state of the record. Whoever cites it pins every byte.
    """

    source: Source
    index: Index
    digest: str

    @property
    def path(self) -> Path:
        """The folder or .zip."""
        return self.source.path

    def read(self, name: str) -> bytes:
        """The bytes of a file of the record.

        Raises:
            RecordError: the record has no such file, or it is not the one that was sealed.
        """
        entry = self.index.files.get(name)
        if entry is None:
            raise RecordError(Problem(self.path / name, None, None, "not listed", "a file that the record lists"))
        problem = self.damage(name, entry)
        if problem is not None:
            raise RecordError(problem)
        return self.source.read(name)

    def damage(self, name: str, entry: FileDigest) -> Problem | None:
        """What is wrong with a file that should have this digest; None where nothing is."""
        place, n_bytes = self.path / name, self.source.sizes.get(name)
        if n_bytes is None:
            return Problem(place, None, None, "missing", f"a file of {entry.n_bytes:,} bytes")
        if n_bytes != entry.n_bytes:
            return Problem(place, None, None, f"{n_bytes:,} bytes", f"{entry.n_bytes:,} bytes")
        try:
            sha256 = digest_bytes(self.source.read(name))
        except RecordError as error:
            return error.problems[0]
        return None if sha256 == entry.sha256 else Problem(place, None, None, f"SHA-256 {sha256}", entry.sha256)

    def unpacked(self, name: str) -> bytes:
        """The bytes that are packed in a ``.gz`` file, or those of another file."""
        content = self.read(name)
        if not name.endswith(".gz"):
            return content
        return unpack(content, self.index.files[name].n_bytes_unpacked, self.path / name)

    def json(self, name: str) -> Any:
        """The value of a JSON file, packed or not."""
        return read_json(self.unpacked(name), self.path / name)

    def load(self, name: str, form: type[FormT]) -> FormT:
        """The value of a JSON file in its form.

        Raises:
            RecordError: the file is not there, changed, or not of that form.
        """
        return in_form(form, self.json(name), self.path / name)

    def claims(self) -> tuple[DeclaredClaim, ...]:
        """The claims."""
        return self.load(CLAIMS, ClaimsFile).claims

    def verdicts(self) -> VerdictsFile:
        """What the gates have said so far."""
        return self.load(VERDICTS, VerdictsFile)

    def examples(self, task: str) -> ExamplesEvidence:
        """The test examples of a task."""
        return self.load(examples_name(task), ExamplesEvidence)

    def cell(self, task: str, sequence: str, seed: int | None) -> CellEvidence:
        """What a sequence answered."""
        return self.load(cell_name(task, sequence, seed), CellEvidence)

    def events(self) -> tuple[Event, ...]:
        """What happened to the record since it was built, oldest first."""
        place = self.path / CORRECTIONS
        lines = self.read(CORRECTIONS).splitlines()
        return tuple(in_form(Event, read_json(line, place, number), place) for number, line in enumerate(lines, 1))


def parts_that_agree(record: SealedRecord) -> AbstractContextManager[None]:
    """For what is made from a sealed record; a RecordError where parts contradict each other, however well sealed."""
    return refused_as(RecordError, record.path, "the record as it was built")


def open_record(path: Path) -> SealedRecord:
    """The record in a folder or .zip; only its index and the list of its files are read.

    Raises:
        RecordError: it is refused: unsafe, of a newer version, or its index was changed.
    """
    source = open_source(path)
    place = path / INDEX
    n_bytes = source.sizes.get(INDEX)
    if n_bytes is None:
        raise RecordError(Problem(place, None, None, "missing", "the index of a record"))
    if n_bytes > MAX_INDEX_BYTES:
        raise RecordError(Problem(place, None, None, f"{n_bytes:,} bytes", f"at most {MAX_INDEX_BYTES:,}"))
    content = source.read(INDEX)
    index = read_index(content, place)
    announced = {name: entry.n_bytes for name, entry in index.files.items()}
    _refuse_larger(source, announced)
    return SealedRecord(source, index, digest_bytes(content))


def read_index(content: bytes, place: Path) -> Index:
    """The index in the bytes of ``record.json``.

    Raises:
        RecordError: it is of a newer version, has another form, or its seal does not fit.
    """
    value = read_json(content, place)
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        expected = "the index of a sealed record; `waystage record build` makes one from the folder of a run"
        raise RecordError(Problem(place, None, "schema", "not a sealed record", expected))
    version = value.get("schema_version")
    if type(version) is not int or version != SCHEMA_VERSION:
        is_newer = type(version) is int and version > SCHEMA_VERSION
        found = f"version {version!r}" + (", newer than this Waystage reads" if is_newer else "")
        raise RecordError(Problem(place, None, "schema_version", found, f"version {SCHEMA_VERSION}"))
    index = in_form(Index, value, place)
    if index.seal != index.expected_seal() or index_bytes(index) != content:
        raise RecordError(Problem(place, None, "seal", "the index was changed after it was sealed", index.seal))
    return index


def index_bytes(index: Index) -> bytes:
    """The one form in which an index is written, so that a change of any byte can be seen."""
    return pretty_json(index.to_json())


def pretty_json(value: Mapping[str, Any]) -> bytes:
    """JSON for files that people may open: sorted keys, one space of indent, a newline at the end."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read_json(content: bytes, place: Path, line: int | None = None) -> Any:
    """The JSON value in ``content``.

    Raises:
        RecordError: it is not JSON, has NaN or infinity in it, or is nested too deeply.
    """
    try:
        return json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RecordError(Problem(place, line, None, f"not JSON: {error}", "JSON in UTF-8")) from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def in_form(form: type[FormT], value: object, place: Path) -> FormT:
    """The value in its form; RecordError naming every field that is not."""
    try:
        return json_form.load(form, value, place)
    except (DataError, RecursionError) as error:
        problems = error.problems if isinstance(error, DataError) else Problem(place, None, None, "nested too deeply")
        raise RecordError(problems) from None


def unpack(content: bytes, n_bytes: int | None, place: Path) -> bytes:
    """What is packed in gzip, no further than ``n_bytes``, which were announced.

    Raises:
        RecordError: it is damaged, or holds another number of bytes.
    """
    if n_bytes is None or not 0 <= n_bytes <= MAX_FILE_BYTES:
        raise RecordError(Problem(place, None, None, f"{n_bytes} bytes announced", f"at most {MAX_FILE_BYTES:,}"))
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(content, n_bytes + 1)
    except zlib.error as error:
        raise RecordError(Problem(place, None, None, f"not gzip: {error}", "a packed file")) from None
    if len(unpacked) != n_bytes or not unpacker.eof or unpacker.unused_data:
        found = "more is packed in it than was announced" if len(unpacked) > n_bytes else "it is not whole"
        raise RecordError(Problem(place, None, None, found, f"{n_bytes:,} bytes"))
    return unpacked


def unpacked_size(content: bytes, place: Path) -> int:
    """How many bytes are packed in gzip, by unpacking a little at a time.

    Raises:
        RecordError: it is not gzip, or there is more in it than a record may hold.
    """
    unpacker, n_bytes = zlib.decompressobj(wbits=31), 0
    try:
        while content and not unpacker.eof:
            n_bytes += len(unpacker.decompress(content, _BLOCK))
            content = unpacker.unconsumed_tail
            if n_bytes > MAX_FILE_BYTES:
                break
    except zlib.error as error:
        raise RecordError(Problem(place, None, None, f"not gzip: {error}", "a packed file")) from None
    if n_bytes > MAX_FILE_BYTES or not unpacker.eof:
        raise RecordError(Problem(place, None, None, "too much is packed in it, or it is not whole"))
    return n_bytes


def _refuse_larger(source: Source, announced: Mapping[str, int]) -> None:
    """A file that is larger than the index says is not even read."""
    problems = [
        Problem(source.path / name, None, None, f"{source.sizes[name]:,} bytes", f"{n_bytes:,} bytes, as announced")
        for name, n_bytes in announced.items()
        if source.sizes.get(name, 0) > n_bytes
    ]
    if problems:
        raise RecordError(problems)
