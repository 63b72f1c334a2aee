"""What is added to a run's claims or to a record after it was built: claims, verdicts, corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.claims.wording import sentence
from waystage.comparison import json_form
from waystage.errors import Problem, RecordError, StudyError, nearest_name
from waystage.record.folder.reader import (
    SealedRecord,
    in_form,
    open_record,
    pretty_json,
    read_json,
    unpack,
    unpacked_size,
)
from waystage.record.folder.writer import Note, append_event, now
from waystage.record.form import names
from waystage.record.form.claims import Declared, DeclaredClaim
from waystage.record.form.index import CorrectionType
from waystage.record.form.names import form_of
from waystage.record.form.provenance import StudyFile
from waystage.record.form.verdicts import VerdictsFile
from waystage.record.page import record_page
from waystage.record.seal import claims_file, run_claims, run_study, write_run_claims
from waystage.report.record import RunRecord
from waystage.study.claims import ClaimScope, ClaimTask, read_claims

_MAX_REPLACEMENT = 64 * 2**20


@dataclass(frozen=True, slots=True)
class AddedClaims:
    """Claims that were added, as sentences, and when they were made."""

    sentences: tuple[str, ...]
    declared: Declared


def add_claims(folder: Path, file: Path) -> AddedClaims:
    """Add the claims of a file to the run or the record in ``folder``.

    Raises:
        StudyError: with one problem a mistake in the file; a name that is taken is one.
        DataError: the folder is neither a finished run's nor a record's.
        RecordError: the record is refused.
    """
    is_record = _is_record(folder)
    record = open_record(folder) if is_record else None
    study = run_study(folder) if record is None else record.load(names.STUDY, StudyFile)
    known = (*_in_study(study), *run_claims(folder)) if record is None else record.claims()
    new = read_claims(file, claim_scope(study))
    taken = {one.claim.name for one in known}
    twice = [name for name in new if name in taken]
    if twice:
        expected = "another name: claims are never replaced"
        raise StudyError([Problem(file, None, f"claims.{n}", f"'{n}' is claimed already", expected) for n in twice])
    declared: Declared = "after the run" if record is None else "after the record"
    added = tuple(DeclaredClaim(claim, declared, now()) for claim in new.values())
    if record is None:
        write_run_claims(folder, (*run_claims(folder), *added))
    else:
        claims = (*known, *added)
        content = pretty_json(json_form.dump(claims_file(claims)))
        report = _report(record, claims, record.verdicts())
        note = Note("CLAIM", f"claims added: {', '.join(new)}", (names.CLAIMS,), "claims")
        append_event(folder, {names.CLAIMS: content, names.REPORT: report}, note)
    return AddedClaims(tuple(sentence(one.claim) for one in added), declared)


def add_verdicts(folder: Path, verdicts: VerdictsFile, note: str) -> SealedRecord:
    """Write what gates said into the record in ``folder``, with a report that shows it; earlier verdicts are kept.

    Raises:
        RecordError: the record is refused.
    """
    record = open_record(folder)
    changes = {
        names.VERDICTS: pretty_json(json_form.dump(verdicts)),
        names.REPORT: _report(record, record.claims(), verdicts),
    }
    return append_event(folder, changes, Note("QUALITY_ASSESSMENT", note, (names.VERDICTS,), "verdicts"))


@dataclass(frozen=True, slots=True)
class Correction:
    """What is put right: see ``waystage.record.form.index.Event``."""

    correction_type: CorrectionType
    public_note: str
    affected_fields: tuple[str, ...]
    superseded_by: str | None = None


def correct_record(folder: Path, correction: Correction, replacements: Sequence[str] = ()) -> SealedRecord:
    """Append a correction; ``replacements`` are ``NAME=FILE``.

    Raises:
        StudyError: a field or a name that the record does not have, an empty note, or a file that cannot be read.
        RecordError: the record is refused, or a replacement has not the form of what it replaces.
    """
    record = open_record(folder)
    files = list(record.index.files)
    problems = [] if correction.public_note.strip() else [_problem("--note", "nothing", "what was wrong, in words")]
    for field in correction.affected_fields:
        name = field.partition("#")[0]
        if name not in (*files, names.INDEX):
            problems.append(_problem("--field", f"no file '{name}'", "a file of the record", nearest_name(name, files)))
    changes: dict[str, bytes] = {}
    for replacement in replacements:
        name, _, path = replacement.partition("=")
        if name not in files or not path:
            nearest = nearest_name(name, files)
            problems.append(_problem("--replace", f"'{replacement}'", "NAME=FILE, a file of the record", nearest))
            continue
        changes[name] = _replacement(Path(path))
    if problems:
        raise StudyError(problems)
    note = Note(
        correction.correction_type,
        correction.public_note,
        correction.affected_fields,
        "correction",
        correction.superseded_by,
    )
    _check_forms(record, changes)
    return append_event(folder, changes, note)


def _replacement(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_REPLACEMENT:
            raise StudyError(Problem(path, None, None, "too large", f"at most {_MAX_REPLACEMENT:,} bytes"))
        return path.read_bytes()
    except OSError as error:
        raise StudyError(Problem(path, None, None, f"cannot be read: {error.strerror}")) from None


def _check_forms(record: SealedRecord, changes: dict[str, bytes]) -> None:
    """RecordError where what would be put in the place of a file has not its form."""
    for name, content in changes.items():
        form, place = form_of(name), record.path / name
        if form is not None:
            packed = unpack(content, unpacked_size(content, place), place) if name.endswith(".gz") else content
            in_form(form, read_json(packed, place), place)


def claim_scope(study: StudyFile) -> ClaimScope:
    """What claims about a study that has run can speak of."""
    tasks = {
        facts.task: ClaimTask(tuple(code for code in facts.languages if code != facts.source_language), facts.metrics)
        for facts in study.tasks
    }
    return ClaimScope(tuple(study.sequences), tasks)


def _is_record(folder: Path) -> bool:
    """Whether a folder is a record rather than a run's: both have a ``record.json``."""
    try:
        open_record(folder)
    except RecordError as error:
        if any(problem.field == "schema" for problem in error.problems):
            return False
        raise
    return True


def _in_study(study: StudyFile) -> tuple[DeclaredClaim, ...]:
    return tuple(DeclaredClaim(claim, "in the study") for claim in study.claims)


def _report(record: SealedRecord, claims: Sequence[DeclaredClaim], verdicts: VerdictsFile) -> bytes:
    return record_page(record.load(names.RUN, RunRecord), claims, verdicts)


def _problem(field: str, found: str, expected: str, nearest: str | None = None) -> Problem:
    return Problem("waystage record correct", None, field, found, expected, nearest)
