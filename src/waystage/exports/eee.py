"""A run in the form of Every Eval Ever, a shared format for results of evaluations; its schema 0.2.1.

One file a sequence, since the schema has one model a file: a sequence's scores are means over its training seeds.
Reference: https://github.com/evaleval/every_eval_ever (``eval.schema.json``).
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import waystage
from waystage.exports.folder import new_folder, write_text
from waystage.exports.results import Result, results_of
from waystage.exports.run import FinishedRun, one_of
from waystage.report.record import TaskProtocol
from waystage.store.canonical import canonical_json, digest_json

EEE_VERSION = "0.2.1"
_NAMESPACE = uuid.UUID("5f0f6b3e-6a2b-4a55-9c50-6b1f0c1b2d9a")


def write_eee(run: FinishedRun, target: Path, sequence: str | None, *, is_forced: bool = False) -> list[str]:
    """Write ``SEQUENCE/UUID.json`` for a sequence, or for each; returns the names of the files.

    The name of a file follows from its content, so that the same run gives the same files.

    Raises:
        StudyError: no such sequence, or ``target`` is taken.
        StoreError: nothing can be written.
    """
    names = list(run.record.comparison.sequences)
    if sequence is not None:
        names = [one_of(sequence, names, "--sequence", "sequence")]
    contents: dict[str, str] = {}
    for name in names:
        value = eee_value(run, name)
        file_id = uuid.uuid5(_NAMESPACE, canonical_json(value).decode())
        contents[f"{name}/{file_id}.json"] = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    with new_folder(target, {"format": "eee", "study": run.record.study_name}, is_forced=is_forced) as draft:
        for name, content in contents.items():
            write_text(draft / name, content)
    return list(contents)


def eee_value(run: FinishedRun, sequence: str) -> dict[str, Any]:
    """The JSON value of a sequence; every number is one of the record."""
    record = run.record
    created = str(datetime.fromisoformat(record.created_at).timestamp())
    results = [_result(run, result) for result in results_of(run, sequence)]
    model = _model_info(run, sequence)
    return {
        "schema_version": EEE_VERSION,
        "evaluation_id": f"{record.study_name}/{model['id']}/{created}",
        "evaluation_timestamp": record.created_at,
        "retrieved_timestamp": created,
        "dedupe_identity": {"content_hash": digest_json({"results": results}), "hash_algorithm": "sha256"},
        "source_metadata": {
            "source_name": record.study_name,
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
            "additional_details": {"question": record.question, "command": record.command},
        },
        "eval_library": {
            "name": "waystage",
            "version": waystage.__version__,
            "additional_details": {fact.name: fact.value for fact in record.environment},
        },
        "model_info": model,
        "evaluation_results": results,
    }


def _model_info(run: FinishedRun, sequence: str) -> dict[str, Any]:
    encoder = run.record.encoder
    steps = next((own.steps for own in run.record.sequences if own.sequence == sequence), ())
    return {
        "name": f"{encoder.name} after {sequence}",
        "id": f"{run.record.study_name}/{sequence}",
        "additional_details": {
            "encoder": encoder.name,
            "encoder_source": encoder.source,
            "encoder_sha256": encoder.digest,
            "encoder_licence": encoder.licence,
            "n_layers": str(encoder.n_layers),
            "stages": "; ".join(steps) or "none",
        },
    }


def _result(run: FinishedRun, result: Result) -> dict[str, Any]:
    protocol = run.protocol(result.task)
    details = {"language": result.language, "n_examples": str(result.n_examples)}
    details |= {f"seed_{seed}": repr(value) for seed, value in zip(result.seeds, result.seed_values, strict=False)}
    if result.difference is not None:
        details |= {
            "baseline": run.record.comparison.baseline,
            "difference_to_baseline": repr(result.difference.value),
            "difference_low": repr(result.difference.low),
            "difference_high": repr(result.difference.high),
        }
    return {
        "evaluation_name": f"{result.task}/{result.language}/{result.metric}",
        "source_data": _source_data(protocol),
        "metric_config": {
            "evaluation_description": f"{result.metric} on the test set in {result.language}, mean over training seeds",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
            "additional_details": _protocol_details(protocol),
        },
        "score_details": {"score": result.value, "details": details},
    }


def _source_data(protocol: TaskProtocol) -> dict[str, Any]:
    details = {"licence": protocol.licence or "not known", "reference": protocol.reference or "not given"}
    return {"dataset_name": protocol.task, "source_type": "other", "additional_details": details}


def _protocol_details(protocol: TaskProtocol) -> dict[str, str]:
    details = {fact.name: fact.value for fact in protocol.training}
    details |= {"source_language": protocol.source_language, "selection": protocol.selection}
    if protocol.trained_languages:
        details["not_zero_shot_in"] = ", ".join(protocol.trained_languages)
    if protocol.departures:
        details["departures"] = "; ".join(protocol.departures)
    return details
