"""The provenance gate: every digest matches, the lineage is complete, nothing is cited that is not there.

It says nothing of whether numbers are right: that is for verification. It says that the record is what was sealed, that
every score can be followed back to predictions, checkpoint, data and encoder, and that the parts fit each other.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import waystage
from waystage.claims.arithmetic import CalculationError, parse
from waystage.claims.claim import Claim, PublishedClaim
from waystage.errors import Problem, RecordError
from waystage.metrics.files import statistics_bytes
from waystage.metrics.registry import ScoredExamples
from waystage.prediction.files import prediction_line
from waystage.record.folder.history import chain_problems
from waystage.record.folder.reader import SealedRecord, parts_that_agree
from waystage.record.folder.writer import now
from waystage.record.form import names
from waystage.record.form.claims import ClaimsFile
from waystage.record.form.evidence import CellEvidence, ExamplesEvidence
from waystage.record.form.measured import ScoresFile
from waystage.record.form.names import FORMS, INDEX, cell_name, examples_name, form_of
from waystage.record.form.provenance import (
    Lineage,
    PlanFile,
    PlannedNode,
    Produced,
    ScoreLineage,
    StudyFile,
    TaskFacts,
)
from waystage.record.form.verdicts import Finding, GateVerdict, Status, VerdictsFile
from waystage.store.artefact import identify
from waystage.store.canonical import digest_bytes, digest_json

_N_SHOWN = 20
DEFINITIONS: dict[Status, str] = {
    "VERIFIED": "every file has its digest, every score can be followed back to the encoder, and nothing is cited "
    "that is not there",
    "FALSIFIED": "a file, a digest or a link of the lineage is not what the record says",
    "UNVERIFIED": "the gate could not look at all of the record",
}
ENFORCEMENT = "a record that fails here is FALSIFIED as a whole; no other gate is believed"


@dataclass(frozen=True, slots=True)
class _Check:
    """One thing that is looked at; ``passes`` says in words what was found right."""

    name: str
    passes: str
    find: Callable[[SealedRecord], Iterator[Problem]]


def provenance_gate(record: SealedRecord) -> GateVerdict:
    """What the gate says of a record that could be opened."""
    started = time.perf_counter()
    findings = [_finding(check, record) for check in _checks_of(record)]
    failed = [finding for finding in findings if finding.status == "FALSIFIED"]
    status: Status = "FALSIFIED" if failed else "VERIFIED"
    n_files = len(record.index.files)
    reason = failed[0].found if failed else f"{n_files} files have their digests, and the lineage is complete"
    return GateVerdict(
        gate="provenance",
        status=status,
        label=status.capitalize(),
        definition=DEFINITIONS[status],
        reason=reason,
        evaluated_at=now(),
        enforcement=ENFORCEMENT,
        claim=None,
        state=record.digest,
        tool_version=waystage.__version__,
        seconds=round(time.perf_counter() - started, 3),
        findings=tuple(findings),
    )


def _finding(check: _Check, record: SealedRecord) -> Finding:
    try:
        with parts_that_agree(record):
            problems = list(check.find(record))
    except RecordError as error:
        problems = list(error.problems)
    if not problems:
        return Finding(check.name, "VERIFIED", check.passes)
    places = tuple(dict.fromkeys(str(problem.file).removeprefix(f"{record.path}/") for problem in problems))
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Finding(check.name, "FALSIFIED", f"{problems[0]}{more}", places=places[:_N_SHOWN])


def damaged_files(record: SealedRecord) -> Iterator[Problem]:
    """Every listed file is there and has its digest; no other file is."""
    for name, entry in record.index.files.items():
        problem = record.damage(name, entry)
        if problem is not None:
            yield problem
    for name in record.source.sizes:
        if name != INDEX and name not in record.index.files:
            yield Problem(record.path / name, None, None, "a file that the record does not list", "no such file")


def _forms(record: SealedRecord) -> Iterator[Problem]:
    """Every file of the layout is there, and has its form."""
    for name in [*FORMS, names.STUDY_YAML, names.SCORES_CSV, names.CORRECTIONS, names.REPORT, names.CRATE]:
        if name != INDEX and name not in record.index.files:
            yield Problem(record.path / name, None, None, "missing", "a file that every record has")
    for name in record.index.files:
        form = form_of(name)
        if form is None:
            continue
        try:
            record.load(name, form)
        except RecordError as error:
            yield from error.problems


def _plan(record: SealedRecord) -> Iterator[Problem]:
    """The id of every node is the digest of its spec, and its parents are nodes."""
    place = record.path / names.PLAN
    plan = record.load(names.PLAN, PlanFile)
    known: set[str] = set()
    for node in plan.nodes:
        if identify(node.spec) != node.id:
            yield Problem(place, None, node.label, f"{node.id} is not the digest of its spec")
        if node.kind != node.spec.get("kind") or list(node.parents) != list(node.spec.get("parents", [])):
            yield Problem(place, None, node.label, "kind or parents are not those of its spec")
        for parent in node.parents:
            if parent not in known:
                yield Problem(place, None, node.label, f"its parent {parent} is not there before it")
        known.add(node.id)
    if plan.encoder_id not in known:
        yield Problem(place, None, "encoder_id", f"{plan.encoder_id} is not there", "a node")


def _produced(record: SealedRecord) -> Iterator[Problem]:
    """Every node left files, and their table has its digest; prepared data is what its spec says."""
    place = record.path / names.LINEAGE
    nodes = {node.id: node for node in record.load(names.PLAN, PlanFile).nodes}
    produced = {one.id: one for one in record.load(names.LINEAGE, Lineage).artefacts}
    for node_id in nodes.keys() ^ produced.keys():
        where = "the plan" if node_id in produced else "the lineage"
        yield Problem(place, None, node_id, f"not in {where}", "the same nodes in both")
    for one in produced.values():
        table = {name: {"sha256": entry.sha256, "n_bytes": entry.n_bytes} for name, entry in one.files.items()}
        if digest_json(table) != one.content_digest:
            yield Problem(place, None, one.id, "the digest of its table of files does not fit", one.content_digest)
        node = nodes.get(one.id)
        content = None if node is None else node.spec.get("content")
        if content is not None and content != {name: entry.sha256 for name, entry in one.files.items()}:
            yield Problem(place, None, one.id, "its files are not those of its spec", f"{content}")


def _lineage(record: SealedRecord) -> Iterator[Problem]:
    """Every score goes back, node by node, to predictions, checkpoint, data and encoder."""
    place = record.path / names.LINEAGE
    plan, lineage = record.load(names.PLAN, PlanFile), record.load(names.LINEAGE, Lineage)
    nodes = {node.id: node for node in plan.nodes}
    by_cell = {(one.sequence, one.task, one.seed): one for one in lineage.scores}
    planned = {(cell.sequence, cell.task, cell.seed): cell for cell in plan.cells}
    for key in by_cell.keys() ^ planned.keys():
        yield Problem(place, None, _cell_words(*key), "not in plan and lineage alike", "the same cells in both")
    for key in by_cell.keys() & planned.keys():
        yield from (Problem(place, None, _cell_words(*key), fault) for fault in _faults(by_cell[key], nodes, plan))
    for score in record.load(names.SCORES, ScoresFile).scores:
        own = by_cell.get((score.sequence, score.task, score.seed))
        if own is None or own.score_id != score.score_id or score.language not in own.test_data_ids:
            cell = _cell_words(score.sequence, score.task, score.seed)
            yield Problem(record.path / names.SCORES, None, f"{cell}, {score.language}", "a score without lineage")


def _cell_words(sequence: str, task: str, seed: int | None) -> str:
    return f"{sequence}, {task}" + ("" if seed is None else f", seed {seed}")


def _faults(own: ScoreLineage, nodes: dict[str, PlannedNode], plan: PlanFile) -> Iterator[str]:
    """What of a cell's lineage does not follow from the specs of its nodes."""
    ids = [own.score_id, own.prediction_id, own.encoder_id, *own.training_ids, *own.training_data_ids]
    missing = [one for one in (*ids, *own.test_data_ids.values()) if one not in nodes]
    if missing:
        yield f"{missing[0]} is not in the plan"
        return
    score, predict = nodes[own.score_id], nodes[own.prediction_id]
    if score.kind != "score" or score.spec["predictions"] != own.prediction_id:
        yield "its score was not made from its predictions"
    if score.spec["data"] != own.test_data_ids or predict.spec.get("data") != own.test_data_ids:
        yield "its test data is not what was predicted and scored"
    if predict.kind != "predict" or predict.spec["model"] != own.checkpoint_id:
        yield "its predictions were not made by its checkpoint"
    if own.encoder_id != plan.encoder_id or predict.spec["encoder"] != own.encoder_id:
        yield "its predictions were not made with the encoder of the study"
    yield from _training_faults(own, nodes)


def _training_faults(own: ScoreLineage, nodes: dict[str, PlannedNode]) -> Iterator[str]:
    if own.checkpoint_id != (own.training_ids[-1] if own.training_ids else None):
        yield "its checkpoint is not the last of its trainings"
    before: str | None = None
    for stage in own.training_ids:
        if nodes[stage].kind != "train" or nodes[stage].spec["parent"] != before:
            yield f"the training {stage} does not follow the one before it"
        before = stage
    read = {one for stage in own.training_ids for one in nodes[stage].parents if nodes[one].kind == "data"}
    if read != set(own.training_data_ids):
        yield "its training data is not what its trainings read"


def _evidence(record: SealedRecord) -> Iterator[Problem]:
    """Every cell has its answers: as many as there are examples, and, where they are whole, those that were stored."""
    lineage = record.load(names.LINEAGE, Lineage)
    produced = {one.id: one for one in lineage.artefacts}
    examples = {
        facts.task: record.load(examples_name(facts.task), ExamplesEvidence)
        for facts in record.load(names.STUDY, StudyFile).tasks
    }
    for own in lineage.scores:
        if own.evidence != cell_name(own.task, own.sequence, own.seed) or own.task not in examples:
            yield Problem(record.path / own.evidence, None, None, f"not the evidence of {own.task}")
            continue
        cell = record.load(own.evidence, CellEvidence)
        place = record.path / own.evidence
        if (cell.sequence, cell.task, cell.seed, cell.prediction_id) != (
            own.sequence, own.task, own.seed, own.prediction_id,
        ):  # fmt: skip
            yield Problem(place, None, None, "the evidence of another cell")
        yield from _answer_problems(place, own, cell, examples[own.task], produced[own.prediction_id])
        yield from _statistics_problems(place, own, cell, examples[own.task], produced[own.score_id])


def _answer_problems(
    place: Path, own: ScoreLineage, cell: CellEvidence, examples: ExamplesEvidence, predicted: Produced
) -> Iterator[Problem]:
    if not cell.languages.keys() == examples.languages.keys() == own.test_data_ids.keys():
        yield Problem(place, None, None, "not the languages of its test data", ", ".join(own.test_data_ids))
        return
    for language, answered in cell.languages.items():
        asked = examples.languages[language]
        if asked.data_id != own.test_data_ids[language]:
            yield Problem(place, None, language, "examples of other data", own.test_data_ids[language])
        given = answered.digests if answered.answers is None else answered.answers
        if given is None or len(given) != len(asked.ids):
            yield Problem(place, None, language, "not an answer for each example", f"{len(asked.ids)}")
            continue
        if own.evidence_is_complete and answered.answers is not None:
            again = b"".join(map(prediction_line, asked.ids, answered.answers))
            if digest_bytes(again) != predicted.files[f"test-{language}.jsonl"].sha256:
                yield Problem(place, None, language, "the answers are not those that were stored")


def _statistics_problems(
    place: Path, lineage: ScoreLineage, cell: CellEvidence, examples: ExamplesEvidence, scored: Produced
) -> Iterator[Problem]:
    """The statistics are those that were stored: the bytes of each file can be made from them again."""
    for metric in dict.fromkeys(name for answered in cell.languages.values() for name in answered.statistics):
        columns: tuple[str, ...] = ()
        languages = {}
        for language, answered in cell.languages.items():
            ids, own = examples.languages[language].ids, answered.statistics.get(metric)
            if own is None:
                yield Problem(place, None, f"{language}, {metric}", "no statistics")
                continue
            columns = own.columns
            try:
                languages[language] = ScoredExamples(ids, own.matrix(len(ids)))
            except ValueError as error:
                yield Problem(place, None, f"{language}, {metric}", str(error))
        entry = scored.files.get(f"{metric}.json")
        if not lineage.statistics_are_complete:
            continue
        if entry is None or digest_bytes(statistics_bytes(metric, columns, languages)) != entry.sha256:
            yield Problem(place, None, metric, "the statistics are not those that were stored")


def _scores(record: SealedRecord) -> Iterator[Problem]:
    """Every cell, language and metric has one score, and no other has."""
    place = record.path / names.SCORES
    study = record.load(names.STUDY, StudyFile)
    metrics = {facts.task: facts.metrics for facts in study.tasks}
    expected = {
        (own.sequence, own.task, language, own.seed, metric)
        for own in record.load(names.LINEAGE, Lineage).scores
        for language in own.test_data_ids
        for metric in metrics.get(own.task, ())
    }
    found = [(s.sequence, s.task, s.language, s.seed, s.metric) for s in record.load(names.SCORES, ScoresFile).scores]
    for key in expected - set(found):
        yield Problem(place, None, ", ".join(map(str, key)), "no score")
    for key in {key for key, count in Counter(found).items() if count > 1 or key not in expected}:
        yield Problem(place, None, ", ".join(map(str, key)), "a score that stands twice or belongs to no cell")


def _claims(record: SealedRecord) -> Iterator[Problem]:
    """Claims have names of their own and speak of what is there; those of the study are all there, unchanged."""
    place = record.path / names.CLAIMS
    study, declared = record.load(names.STUDY, StudyFile), record.claims()
    tasks = {facts.task: facts for facts in study.tasks}
    for name, count in Counter(one.claim.name for one in declared).items():
        if count > 1:
            yield Problem(place, None, name, "a name that stands twice", "each claim once")
    if tuple(one.claim for one in declared if one.declared == "in the study") != study.claims:
        yield Problem(place, None, None, "claims of the study are not those in study.json", "the same ones")
    for one in declared:
        for fault in claim_faults(one.claim, study, tasks):
            yield Problem(place, None, one.claim.name, fault)


def claim_faults(claim: Claim, study: StudyFile, tasks: Mapping[str, TaskFacts]) -> Iterator[str]:
    """What a claim speaks of that a study does not have."""
    if isinstance(claim, PublishedClaim):
        yield from calculation_faults(claim)
        return
    yield from (f"no sequence '{name}'" for name in (claim.sequence, *claim.than) if name not in study.sequences)
    yield from (f"no task '{name}'" for name in claim.tasks if name not in tasks)
    known = [tasks[name] for name in claim.tasks if name in tasks]
    languages = {code for facts in known for code in facts.languages if code != facts.source_language}
    yield from (f"no target language '{code}'" for code in claim.languages if code not in languages)
    if claim.metric is not None:
        yield from (f"{facts.task} has no {claim.metric}" for facts in known if claim.metric not in facts.metrics)


def calculation_faults(claim: PublishedClaim) -> Iterator[str]:
    """What is wrong with the calculation of a published figure."""
    try:
        cited = () if claim.calculation is None else parse(claim.calculation).names
    except CalculationError as error:
        yield str(error)
        return
    yield from (f"'{name}' is not cited" for name in cited if name not in claim.cited)


_CHECKS = (
    _Check("digests", "every listed file has its SHA-256 and size, and no other file is there", damaged_files),
    _Check("events", "the chain of events is whole, and every earlier state is kept", chain_problems),
    _Check("forms", "every file is there and has its form", _forms),
    _Check("addresses", "the id of every node is the digest of its spec", _plan),
    _Check("products", "every node left files, and their table has its digest", _produced),
    _Check("lineage", "every score goes back to predictions, checkpoint, data and encoder", _lineage),
    _Check("evidence", "every cell has its answers, those that are whole with the digests that were stored", _evidence),
    _Check("scores", "every cell, language and metric has one score", _scores),
    _Check("claims", "claims speak of what is there", _claims),
)


def _published_forms(record: SealedRecord) -> Iterator[Problem]:
    """A record of published claims alone has claims and verdicts, in their forms."""
    for name, form in ((names.CLAIMS, ClaimsFile), (names.VERDICTS, VerdictsFile)):
        try:
            record.load(name, form)
        except RecordError as error:
            yield from error.problems


def _published_claims(record: SealedRecord) -> Iterator[Problem]:
    """Names of their own, calculations over what is cited, and no claim about sequences: there is no run to hold it."""
    place, declared = record.path / names.CLAIMS, record.claims()
    for name, count in Counter(one.claim.name for one in declared).items():
        if count > 1:
            yield Problem(place, None, name, "a name that stands twice", "each claim once")
    for one in declared:
        if not isinstance(one.claim, PublishedClaim):
            yield Problem(place, None, one.claim.name, "a claim about sequences, without a run", "the record of a run")
            continue
        yield from (Problem(place, None, one.claim.name, fault) for fault in calculation_faults(one.claim))


_PUBLISHED_CHECKS = (
    *_CHECKS[:2],
    _Check("forms", "claims and verdicts have their form", _published_forms),
    _Check("claims", "every calculation is one, over figures that are cited", _published_claims),
)


def _checks_of(record: SealedRecord) -> tuple[_Check, ...]:
    """All of them; a record without a single file of a run is one of published claims."""
    of_a_run = FORMS.keys() - {INDEX, names.CLAIMS, names.VERDICTS}
    return _CHECKS if of_a_run & record.index.files.keys() else _PUBLISHED_CHECKS
