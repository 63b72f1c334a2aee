"""The child of ``waystage record replicate``: trains some cells of a study again, without network, in an empty store.

Run as ``python -m waystage.record.gates.retraining JOB.json RESULT.json`` by :mod:`waystage.record.gates.replication`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from waystage.data.source import Place
from waystage.errors import StageError, WaystageError
from waystage.execution.local import run_plan
from waystage.execution.outcome import SilentWatcher
from waystage.execution.precision import with_precision
from waystage.plan.cell import Cell
from waystage.plan.plan import Plan, make_plan
from waystage.plan.versions import package_versions
from waystage.record.environment import processor
from waystage.record.independent.scores import score
from waystage.store.store import Store
from waystage.study.data_check import default_cache_dir
from waystage.study.load import parse_study
from waystage.study.study import Precision

_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind")

CellKey = tuple[str, str, int | None]
"""Sequence, task, seed."""


class NetworkUsedError(WaystageError):
    """Something tried to reach the network from the isolated process."""

    exit_status = 5


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be trained again, and with what.

    ``precision`` is what ``auto`` became where the record was made; None where no training says ``auto``.
    """

    study_yaml: str
    cells: tuple[CellKey, ...]
    store_dir: str
    data_dir: str | None
    n_threads: int
    precision: str | None = None


@dataclass(frozen=True, slots=True)
class Retrained:
    """A cell that was trained again.

    Attributes:
        data_ids: ids of all prepared data and of the encoder behind the cell, sorted.
        content_digest: of the predictions.
        scores: metric to language to score.
    """

    sequence: str
    task: str
    seed: int | None
    prediction_id: str
    data_ids: tuple[str, ...]
    content_digest: str
    scores: dict[str, dict[str, float]]


def forbid_network() -> None:
    """From now on, any use of an internet socket in this process is an error; it cannot be taken back."""

    def guard(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NETWORK:
            raise NetworkUsedError(f"{event} in a process that has no network: a record has to stand for itself")

    sys.addaudithook(guard)


def retrain(job: Job) -> Iterator[Retrained]:
    """Train the cells of a job.

    Raises:
        StudyError, DataError: the study cannot be read here, or its data is not here.
        StageError: a stage failed.
    """
    data_dir = None if job.data_dir is None else Path(job.data_dir)
    store = Store(Path(job.store_dir))
    study_dir = data_dir or Path(job.store_dir).parent
    study = parse_study(job.study_yaml, "study.yaml", study_dir=study_dir, data_dir=data_dir)
    if study.encoder.trust_remote_code:
        raise StageError("the study would run code that comes with its encoder; a record is not trusted that far")
    precision = Precision.FLOAT32 if job.precision is None else Precision(job.precision)
    study = with_precision(study, lambda: precision)
    plan = make_plan(study, store, Place(study_dir, default_cache_dir(), data_dir), job.n_threads)
    wanted = set(job.cells)
    cells = tuple(cell for cell in plan.cells if (cell.sequence, cell.target.task.name, cell.seed) in wanted)
    if len(cells) != len(wanted):
        raise StageError(f"the study has {len(cells)} of the {len(wanted)} cells that are to be trained again")
    needed = _needed(plan, cells)
    part = replace(plan, cells=cells, nodes=tuple(node for node in plan.nodes if node.id in needed))
    outcome = run_plan(part, store, SilentWatcher(), n_threads=job.n_threads)
    if not outcome.is_complete:
        raise StageError("; ".join(outcome.failures.values()) or "a stage was not run")
    return (_retrained(cell, plan, store) for cell in cells)


def _needed(plan: Plan, cells: tuple[Cell, ...]) -> set[str]:
    """Nodes that the cells are made from, themselves included."""
    parents = {node.id: node.parents for node in plan.nodes}
    left, found = [cell.score_id for cell in cells], set[str]()
    while left:
        own = left.pop()
        if own not in found:
            found.add(own)
            left += parents.get(own, ())
    return found


def _retrained(cell: Cell, plan: Plan, store: Store) -> Retrained:
    scores: dict[str, dict[str, float]] = {}
    for metric in cell.target.task.metric_names:
        content = store.open(cell.score_id).read_json(f"{metric}.json")
        columns = tuple(content["columns"])
        scores[metric] = {
            language: float(score(metric, columns, _sums(own["statistics"])))
            for language, own in content["languages"].items()
        }
    specs = [plan.node(node_id).spec for node_id in (*cell.stage_ids, cell.prediction_id)]
    nodes = {node.id for node in plan.nodes}
    data = {parent for spec in specs for parent in spec["parents"] if parent not in nodes} | {plan.encoder_id}
    digest = store.open(cell.prediction_id).manifest.content_digest
    place = (cell.sequence, cell.target.task.name, cell.seed)
    return Retrained(*place, cell.prediction_id, tuple(sorted(data)), digest, scores)


def _sums(rows: list[list[float]]) -> Any:
    import numpy as np

    return np.asarray(rows, dtype=np.float64).sum(axis=0)


def main(job_path: Path, result_path: Path) -> int:
    """Do the job in a file and write what came out, or why nothing did."""
    forbid_network()
    value = json.loads(job_path.read_text(encoding="utf-8"))
    cells = tuple((own[0], own[1], own[2]) for own in value.pop("cells"))
    result: dict[str, Any] = {"packages": package_versions(), "processor": processor(), "cells": [], "error": None}
    try:
        result["cells"] = [asdict(own) for own in retrain(Job(cells=cells, **value))]
    except WaystageError as error:
        result["error"] = str(error)
    result_path.write_text(json.dumps(result, allow_nan=False), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
