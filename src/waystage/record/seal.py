"""A finished run and its store to a sealed record."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from waystage.claims.wording import sentence
from waystage.comparison import json_form
from waystage.errors import DataError, Problem, RecordError, StudyError, nearest_name
from waystage.record.crate import crate_metadata
from waystage.record.files import read_record
from waystage.record.folder.reader import SealedRecord, in_form, open_record, pretty_json, read_json
from waystage.record.folder.writer import packed, write_record
from waystage.record.form import names
from waystage.record.form.claims import ClaimsFile, DeclaredClaim
from waystage.record.form.environment import Environment
from waystage.record.form.measured import CostsFile, Score, ScoresFile
from waystage.record.form.provenance import Lineage, PlanFile, Produced, ScoreLineage, StudyFile
from waystage.record.form.schemas import schemas
from waystage.record.form.verdicts import VerdictsFile
from waystage.record.gather import Gatherer, TaskEvidence
from waystage.record.page import record_page
from waystage.record.parts import PARTS_DIR
from waystage.report.record import RunRecord
from waystage.store.canonical import canonical_json
from waystage.store.files import write_atomically
from waystage.store.store import Store

DEFAULT_DIR = "sealed"
RUN_CLAIMS = "claims.json"
"""Claims that were added to a run before its record was built."""

FormT = TypeVar("FormT")


@dataclass(slots=True)
class _Contents:
    """What has been gathered so far: bytes by name in the record."""

    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, value: object) -> None:
        """A JSON file for people; a packed one where its name says so."""
        plain = json_form.dump(value)
        self.files[name] = packed(canonical_json(plain)) if name.endswith(".gz") else pretty_json(plain)


def seal_run(run_dir: Path, store: Store, folder: Path, gold_of: Collection[str] = ()) -> SealedRecord:
    """Write the record of the run in ``run_dir`` to ``folder``, a new one.

    ``gold_of`` names tasks whose annotations may be given away although their licence does not plainly say so: who
    builds the record vouches for that.

    Raises:
        DataError: the folder is not that of a finished run.
        StoreError: an artefact of the run is missing or damaged, or the record cannot be written.
        StudyError: there is something at ``folder`` already, or ``gold_of`` names no task of the run.
    """
    run = read_record(run_dir)
    study, plan = _part(run_dir, names.STUDY, StudyFile), _part(run_dir, names.PLAN, PlanFile)
    _check_tasks(gold_of, [facts.task for facts in study.tasks])
    contents = _Contents()
    as_they_are = (names.CONTEXT, names.DEPARTURES, names.ENVIRONMENT)
    contents.files |= {name: _part_bytes(run_dir, name) for name in as_they_are}
    contents.files[names.STUDY_YAML] = run.study_yaml.encode()
    contents.put(names.STUDY, study)
    contents.put(names.PLAN, plan)
    gatherer = Gatherer(plan, store)
    scores = _gather(gatherer, study, gold_of, contents)
    contents.put(names.COSTS, CostsFile(run.costs, gatherer.costs()))
    contents.put(names.COMPARISON, run.comparison)
    contents.put(names.SCORES, ScoresFile(scores))
    contents.files[names.SCORES_CSV] = _scores_csv(scores)
    bare = without_examples(run)
    contents.put(names.RUN, bare)
    claims = (*(DeclaredClaim(claim, "in the study") for claim in study.claims), *run_claims(run_dir))
    contents.put(names.CLAIMS, claims_file(claims))
    contents.put(names.VERDICTS, VerdictsFile())
    contents.files |= {name: pretty_json(schema) for name, schema in schemas().items()}
    contents.files[names.REPORT] = record_page(bare, claims, VerdictsFile())
    environment = _part(run_dir, names.ENVIRONMENT, Environment)
    contents.files[names.CRATE] = crate_metadata(bare, study, environment, contents.files)
    write_record(folder, contents.files, study.name, run.created_at)
    return open_record(folder)


def _gather(gatherer: Gatherer, study: StudyFile, gold_of: Collection[str], contents: _Contents) -> tuple[Score, ...]:
    """Evidence and lineage of all cells; gives back their scores."""
    tasks: dict[str, TaskEvidence] = {}
    for facts in study.tasks:
        tasks[facts.task] = gatherer.task(facts, is_allowed=facts.task in gold_of)
        contents.put(names.examples_name(facts.task), tasks[facts.task].examples)
    scores: list[Score] = []
    lineages: list[ScoreLineage] = []
    for cell in gatherer.plan.cells:
        gathered = gatherer.cell(cell, tasks[cell.task])
        contents.put(names.cell_name(cell.task, cell.sequence, cell.seed), gathered.evidence)
        scores += gathered.scores
        lineages.append(gathered.lineage)
    contents.put(names.LINEAGE, _lineage(gatherer, lineages, gatherer.produced()))
    return tuple(scores)


def _lineage(gatherer: Gatherer, lineages: Sequence[ScoreLineage], produced: tuple[Produced, ...]) -> Lineage:
    encoder_id = gatherer.plan.encoder_id
    identity: dict[str, Any] = gatherer.nodes[encoder_id].spec["identity"]
    return Lineage(encoder_id, identity, tuple(lineages), produced)


def claims_file(claims: Sequence[DeclaredClaim]) -> ClaimsFile:
    """The claims with their sentences."""
    return ClaimsFile(tuple(claims), tuple(sentence(one.claim) for one in claims))


def without_examples(run: RunRecord) -> RunRecord:
    """The run without the examples that its report shows: they are text of the data sets."""
    return replace(run, flips=())


def run_claims(run_dir: Path) -> tuple[DeclaredClaim, ...]:
    """The claims that were added to a run before its record was built."""
    path = run_dir / PARTS_DIR / RUN_CLAIMS
    if not path.exists():
        return ()
    return _part(run_dir, RUN_CLAIMS, ClaimsFile).claims


def write_run_claims(run_dir: Path, claims: Sequence[DeclaredClaim]) -> None:
    """Keep claims beside a run, for its record.

    Raises:
        StoreError: they cannot be written.
    """
    write_atomically(run_dir / PARTS_DIR / RUN_CLAIMS, pretty_json(json_form.dump(claims_file(claims))))


def run_study(run_dir: Path) -> StudyFile:
    """The study of a run.

    Raises:
        DataError: the folder is not that of a finished run.
    """
    return _part(run_dir, names.STUDY, StudyFile)


def _part_bytes(run_dir: Path, name: str) -> bytes:
    path = run_dir / PARTS_DIR / name
    try:
        return path.read_bytes()
    except OSError:
        expected = "what a run leaves for its record; run the study again, which finds everything done"
        raise DataError(Problem(path, None, None, "missing", expected)) from None


def _part(run_dir: Path, name: str, form: type[FormT]) -> FormT:
    try:
        place = run_dir / PARTS_DIR / name
        return in_form(form, read_json(_part_bytes(run_dir, name), place), place)
    except RecordError as error:
        raise DataError(error.problems) from None


def _check_tasks(given: Collection[str], tasks: Sequence[str]) -> None:
    unknown = [name for name in given if name not in tasks]
    if unknown:
        expected = f"one of {', '.join(tasks)}"
        raise StudyError(
            [
                Problem("record build", None, "--gold", f"no task '{name}'", expected, nearest_name(name, tasks))
                for name in unknown
            ]
        )


def _scores_csv(scores: Sequence[Score]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sequence", "task", "language", "seed", "metric", "score", "n_examples", "score_id"])
    for own in scores:
        seed = "" if own.seed is None else own.seed
        writer.writerow(
            [own.sequence, own.task, own.language, seed, own.metric, repr(own.score), own.n_examples, own.score_id]
        )
    return text.getvalue().encode()
