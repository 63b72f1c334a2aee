"""The folder of a run: record, report, scores and predictions' whereabouts, written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from waystage.errors import DataError, Problem, StoreError
from waystage.plan.plan import Plan
from waystage.record.agreement import refused_as
from waystage.record.parts import parts_folder, run_parts
from waystage.record.scores import all_metric_scores
from waystage.report.record import RunRecord
from waystage.report.render import render_report
from waystage.report.wording import protocol_name
from waystage.store.store import Store

RECORD_NAME = "record.json"
REPORT_NAME = "report.html"
SCORES_NAME = "scores.csv"
STUDY_NAME = "study.yaml"


def write_run_files(record: RunRecord, plan: Plan, store: Store, folder: Path) -> None:
    """Write ``record.json``, ``report.html``, ``scores.csv``, ``study.yaml`` and ``parts/``, each file atomically.

    Raises:
        StoreError: the folder cannot be written.
    """
    record_json = json.dumps(record.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    contents = {
        RECORD_NAME: record_json,
        SCORES_NAME: _scores_csv(plan, store),
        REPORT_NAME: render_report(record),
    }
    if record.study_yaml:
        contents[STUDY_NAME] = record.study_yaml
    parts = {name: content.decode() for name, content in run_parts(plan, store, record).items()}
    _write(parts_folder(folder), parts)
    _write(folder, contents)


def read_record(folder: Path) -> RunRecord:
    """The record of the run in ``folder``.

    Raises:
        DataError: there is no record in ``folder``, or it is not one.
    """
    path = folder / RECORD_NAME
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        found = "missing" if isinstance(error, FileNotFoundError) else "unreadable"
        raise DataError(Problem(path, None, None, found, "the record of a run")) from None
    return RunRecord.from_json(value, path)


def rewrite_report(folder: Path) -> tuple[RunRecord, Path]:
    """Write the report again from ``record.json`` alone.

    Raises:
        DataError: there is no record in ``folder``, or it is not one.
        StoreError: the report cannot be written.
    """
    record = read_record(folder)
    with parts_that_fit(folder / RECORD_NAME):
        report = render_report(record)
    _write(folder, {REPORT_NAME: report})
    return record, folder / REPORT_NAME


def parts_that_fit(file: Path) -> AbstractContextManager[None]:
    """For what is made from the record of a run; a DataError where its parts contradict each other."""
    return refused_as(DataError, file, "the record as a run wrote it")


def _write(folder: Path, contents: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            draft = folder / f".{name}.{os.getpid()}"
            draft.write_text(content, encoding="utf-8", newline="")
            os.replace(draft, folder / name)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {error.strerror}") from None


_COLUMNS = ("sequence", "task", "language", "seed", "metric", "score", "n_examples", "predictions", "protocol")


def _scores_csv(plan: Plan, store: Store) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["sequence", "task", "language", "seed", "metric", "score", "n_examples", "predictions", "protocol"]
    )
    predictions = {(cell.sequence, cell.target.task.name, cell.seed): cell.prediction_id for cell in plan.cells}
    protocols = {target.task.name: protocol_name(target.profile) for target in plan.study.targets}
    for cell, score in all_metric_scores(plan, store):
        source = predictions[cell.sequence, cell.task, cell.seed]
        seed = "" if cell.seed is None else cell.seed
        writer.writerow(
            [
                cell.sequence,
                cell.task,
                cell.language,
                seed,
                cell.metric_name,
                repr(score),
                len(cell.ids),
                source,
                protocols[cell.task],
            ]
        )
    return text.getvalue()
