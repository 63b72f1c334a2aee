"""The replication gate: cells trained again in an isolated process, from the record alone, and compared."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from waystage.claims.claim import DifferenceClaim
from waystage.errors import DataError, Problem, StageError
from waystage.record.form.environment import Environment
from waystage.record.form.measured import CostsFile
from waystage.record.form.names import COSTS, ENVIRONMENT, STUDY_YAML
from waystage.record.form.provenance import PlannedCell, TaskFacts
from waystage.record.form.verdicts import Finding, GateVerdict, Status
from waystage.record.gates.derivation import REPLICATED
from waystage.record.gates.reading import Material
from waystage.record.gates.retraining import CellKey, Job, Retrained
from waystage.record.gates.verdicts import Looked, gate_verdict, worst
from waystage.record.independent.tolerance import Tolerance, tolerance

_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "PYTHONDONTWRITEBYTECODE")
"""Environment variables that the isolated process sees; tokens and the like are not among them."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A cell beside what came out when it was trained again."""

    cell: PlannedCell
    status: Status
    told: str
    numbers: Mapping[str, float | int | str | None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the cells are compared with.

    Attributes:
        digests: node to the digest of what it left.
        scores: task to sequence to seed to the mean over target languages, by the metric that is compared.
        is_same: this is the machine, and these are the versions, that the record was made with.
        n_compared: cells in all.
    """

    digests: Mapping[str, str]
    scores: Mapping[str, Mapping[str, Mapping[int | None, float]]]
    is_same: bool
    n_compared: int


def choose(material: Material, n_cells: int | None) -> list[PlannedCell]:
    """Cells in an order that the record's own digest draws, so that nobody picks them; None: all.

    Cells in which something was trained come first: without training there is little to replicate.
    """

    def drawn(cell: PlannedCell) -> tuple[bool, str]:
        text = f"{material.record.digest}/{cell.sequence}/{cell.task}/{cell.seed}"
        return (not cell.stage_ids, hashlib.sha256(text.encode("utf-8")).hexdigest())

    return sorted(material.plan.cells, key=drawn)[: n_cells if n_cells is not None else len(material.plan.cells)]


def replicate(material: Material, cells: Sequence[PlannedCell], data_dir: Path | None = None) -> list[GateVerdict]:
    """Train the cells again: a verdict on the record as a whole, then one on each claim about them.

    Raises:
        DataError: the record is not of a run.
        RecordError: a file of the record cannot be read.
    """
    if not material.has_run:
        found = "a record of published claims alone"
        raise DataError(Problem(material.record.path, None, None, found, "the record of a run, which can be repeated"))
    started = time.monotonic()
    environment = material.record.load(ENVIRONMENT, Environment)
    n_threads = _threads(material, cells)
    # Whatever is wrong with these is better known before minutes of training than after.
    digests = {own.id: own.content_digest for own in material.lineage.artefacts}
    recorded = {task: _seed_scores(material, task, _targets(facts)) for task, facts in material.tasks.items()}
    try:
        result = run_isolated(material, cells, data_dir, n_threads)
    except StageError as error:
        looked = Looked(material.record.digest, time.monotonic() - started)
        return [gate_verdict("replication", "UNVERIFIED", str(error).splitlines()[0], looked)]
    is_same = (result["packages"], result["processor"]) == (environment.packages, environment.hardware.processor)
    known = Recorded(digests, recorded, is_same, len(cells))
    compared = list(_compared(material, cells, result["cells"], known))
    looked = Looked(material.record.digest, time.monotonic() - started)
    return list(_verdicts(material, compared, is_same, looked))


def run_isolated(
    material: Material, cells: Sequence[PlannedCell], data_dir: Path | None, n_threads: int
) -> dict[str, Any]:
    """What the isolated process says.

    Raises:
        StageError: it could not train: data is missing, a stage failed, or it tried to reach the network.
    """
    with tempfile.TemporaryDirectory(prefix="waystage-replicate-") as folder:
        root = Path(folder)
        keys: tuple[CellKey, ...] = tuple((own.sequence, own.task, own.seed) for own in cells)
        data = None if data_dir is None else str(data_dir.resolve())
        study_yaml = material.record.read(STUDY_YAML).decode("utf-8")
        job = Job(study_yaml, keys, str(root / "store"), data, n_threads, _precision(material))
        (root / "job.json").write_text(json.dumps(asdict(job)), encoding="utf-8")
        command = [sys.executable, "-m", "waystage.record.gates.retraining", "job.json", "result.json"]
        done = subprocess.run(
            command, cwd=root, env=isolated_environment(root, n_threads), capture_output=True, text=True
        )
        result_path = root / "result.json"
        if done.returncode != 0 or not result_path.exists():
            last = next(iter(done.stderr.strip().splitlines()[::-1]), "it ended without a word")
            raise StageError(f"the isolated process ended with status {done.returncode}: {last}")
        result: dict[str, Any] = json.loads(result_path.read_text(encoding="utf-8"))
    if result["error"] is not None:
        raise StageError(f"the cells could not be trained again: {result['error']}")
    return result


def isolated_environment(home: Path, n_threads: int) -> dict[str, str]:
    """The variables of the isolated process: a few harmless ones, a home of its own, the hub offline."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # Encoders that were fetched before may be read; the folder of the token is not this one.
    cache = os.environ.get("HF_HUB_CACHE") or str(Path(os.environ.get("HF_HOME", "~/.cache/huggingface")) / "hub")
    return kept | {
        "HOME": str(home),
        "HF_HUB_CACHE": str(Path(cache).expanduser()),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "OMP_NUM_THREADS": str(n_threads),
    }


def _precision(material: Material) -> str | None:
    """What ``precision: auto`` became where the record was made: it is measured, so it may differ here."""
    parts = (*material.study.stages.values(), *material.study.targets.values())
    trainings = [own["training"] for own in parts if isinstance(own.get("training"), dict)]
    return next((str(own["precision"]) for own in trainings if own.get("precision") is not None), None)


def _threads(material: Material, cells: Sequence[PlannedCell]) -> int:
    """As many threads as the cells were made with: the same number gives the same bytes."""
    costs = {own.id: own.n_threads for own in material.record.load(COSTS, CostsFile).nodes}
    known = [n for cell in cells for own in (*cell.stage_ids, cell.prediction_id) if (n := costs.get(own)) is not None]
    return max(set(known), key=known.count) if known else 1


def _compared(
    material: Material, cells: Sequence[PlannedCell], results: Sequence[Mapping[str, Any]], known: Recorded
) -> Iterator[Compared]:
    found = {(own["sequence"], own["task"], own["seed"]): Retrained(**own) for own in results}
    for cell in cells:
        own = found[cell.sequence, cell.task, cell.seed]
        expected_data = _data_of(material, cell)
        if set(own.data_ids) != expected_data:
            n_other = len(set(own.data_ids) ^ expected_data)
            told = f"the data or encoder at hand is not that of the record ({n_other} digests differ)"
            yield Compared(cell, "UNVERIFIED", told, {"n_other_digests": n_other})
            continue
        if known.is_same and own.prediction_id != cell.prediction_id:
            told = "the study gives another plan here: a budget in seconds, or another version of a kind of training"
            yield Compared(
                cell, "UNVERIFIED", told, {"node_recorded": cell.prediction_id, "node_found": own.prediction_id}
            )
            continue
        yield _compared_cell(material.tasks[cell.task], cell, own, known)


def _data_of(material: Material, cell: PlannedCell) -> set[str]:
    nodes = {node.id: node for node in material.plan.nodes}
    stages = (*cell.stage_ids, cell.prediction_id)
    data = {parent for stage in stages for parent in nodes[stage].parents if nodes[parent].kind == "data"}
    return data | {material.plan.encoder_id}


def _compared_cell(facts: TaskFacts, cell: PlannedCell, own: Retrained, known: Recorded) -> Compared:
    again = float(np.mean([own.scores[facts.metric][name] for name in _targets(facts)]))
    seeds, digest = known.scores[cell.task], known.digests[cell.prediction_id]
    recorded = seeds[cell.sequence][cell.seed]
    numbers: dict[str, float | int | str | None] = {"recorded": recorded, "found": again}
    numbers |= {"digest_recorded": digest, "digest_found": own.content_digest}
    told = f"{100 * recorded:.2f} recorded, {100 * again:.2f} found"
    if own.content_digest == digest:
        return Compared(cell, "VERIFIED", f"{told}: the same bytes", numbers)
    if known.is_same:
        broken = f"{told}: other bytes, although machine, versions and threads are the same, so that they were promised"
        return Compared(cell, "FALSIFIED", broken, numbers)
    allowed = tolerance([list(scores.values()) for scores in seeds.values()], known.n_compared)
    if allowed is None:
        why = f"{told}: other bytes in another environment, and no seeds to derive a tolerance from"
        return Compared(cell, "UNVERIFIED", why, numbers)
    return _within(cell, allowed, recorded, again, numbers)


def _targets(facts: TaskFacts) -> list[str]:
    """The languages that a score is the mean over."""
    return [name for name in facts.languages if name != facts.source_language] or list(facts.languages)


def _within(
    cell: PlannedCell, allowed: Tolerance, recorded: float, again: float, numbers: dict[str, float | int | str | None]
) -> Compared:
    told = f"{100 * recorded:.2f} recorded, {100 * again:.2f} found; allowed are {allowed}"
    numbers |= {"allowed": allowed.allowed, "degrees_of_freedom": allowed.degrees_of_freedom}
    is_within = abs(again - recorded) <= allowed.allowed
    return Compared(cell, "VERIFIED" if is_within else "FALSIFIED", told, numbers)


def _seed_scores(material: Material, task: str, languages: Sequence[str]) -> dict[str, dict[int | None, float]]:
    """Sequence to seed to the recorded mean over languages, by the metric that is compared."""
    metric = material.tasks[task].metric
    values: dict[str, dict[int | None, list[float]]] = {}
    for own in material.scores.scores:
        if own.task == task and own.metric == metric and own.language in languages:
            values.setdefault(own.sequence, {}).setdefault(own.seed, []).append(own.score)
    return {name: {seed: float(np.mean(v)) for seed, v in seeds.items()} for name, seeds in values.items()}


def _verdicts(material: Material, compared: Sequence[Compared], is_same: bool, looked: Looked) -> Iterator[GateVerdict]:
    findings = [_finding(own) for own in compared]
    n_all = len(material.plan.cells)
    status = worst([own.status for own in compared])
    same = "the same machine and versions" if is_same else "another machine or versions: only the tolerance applies"
    counted = _counted(compared, n_all, is_same)
    reason = f"{counted.found}; {same}"
    against = [own for own in compared if own.status != "VERIFIED"]
    if against:
        cell = against[0].cell
        reason = f"{cell.sequence} / {cell.task} / seed {cell.seed}: {against[0].told}"
    yield gate_verdict("replication", status, reason, looked, None, [counted, *findings])
    for claim in material.differences:
        own_cells = [own for own in compared if _is_of(claim, own.cell)]
        if not own_cells:
            continue
        n_cells = sum(_is_of(claim, cell) for cell in material.plan.cells)
        own = _counted(own_cells, n_cells, is_same)
        told = f"{own.found} of the claim; {same}"
        yield gate_verdict("replication", own.status, told, looked, claim.name, [own, *map(_finding, own_cells)])


def _is_of(claim: DifferenceClaim, cell: PlannedCell) -> bool:
    return cell.task in claim.tasks and cell.sequence in (claim.sequence, *claim.than)


def _counted(compared: Sequence[Compared], n_cells: int, is_same: bool) -> Finding:
    n_replicated = sum(own.status == "VERIFIED" for own in compared)
    found = f"{n_replicated} of {len(compared)} cells came out as they should; there are {n_cells}"
    numbers: dict[str, float | int | str | None] = {
        "n_replicated": n_replicated,
        "n_tried": len(compared),
        "n_cells": n_cells,
        "same_environment": "yes" if is_same else "no",
    }
    return Finding(REPLICATED, worst([own.status for own in compared]), found, None, numbers)


def _finding(own: Compared) -> Finding:
    seed = "no seed" if own.cell.seed is None else f"seed {own.cell.seed}"
    name = f"{own.cell.sequence} / {own.cell.task} / {seed}"
    return Finding(name, own.status, own.told, None, dict(own.numbers))
