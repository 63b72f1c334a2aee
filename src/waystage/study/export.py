"""The JSON Schema of study files, the plain form of a study, and a study to start from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from pathlib import PurePath
from typing import Any

from waystage.data.corpus import Corpus, CorpusSource
from waystage.data.parallel import ParallelCorpus, ParallelSource, pair_name
from waystage.data.source import PoolSource, Source
from waystage.study.forms.study import StudyForm
from waystage.study.study import (
    ContinuedStage,
    IntermediateStage,
    MixedStage,
    ParallelStage,
    PlainStage,
    Stage,
    Study,
    Target,
)
from waystage.tasks.task import Task

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def study_json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a study file, for editors that complete and check YAML.

    >>> study_json_schema()["required"]
    ['name', 'encoder', 'seeds', 'sequences', 'targets']
    """
    schema = StudyForm.model_json_schema()
    return {"$schema": SCHEMA_DIALECT, **schema, "title": "Waystage study"}


def starter_study() -> str:
    """The commented study file that ``waystage init`` writes."""
    return resources.files("waystage.study").joinpath("template.yaml").read_text(encoding="utf-8")


def study_to_dict(study: Study) -> dict[str, Any]:
    """Everything that decides what a study computes, as JSON values; for records.

    Folders of this machine (output, study file, data) are left out: they decide where, not what.
    """
    stages = {stage.name: stage for members in study.sequences.values() for stage in members}
    tasks: dict[str, Task] = {}
    corpora: dict[str, Corpus | ParallelCorpus] = {}
    for stage in stages.values():
        for part in stage.parts:
            if isinstance(part, IntermediateStage):
                tasks[part.task.name] = part.task
            else:
                corpora[part.corpus.name] = part.corpus
    for target in study.targets:
        tasks |= {task.name: task for task in (target.task, target.train_task) if task is not None}
    return {
        "name": study.name,
        "description": study.description,
        "encoder": _plain(study.encoder),
        "seeds": list(study.seeds),
        "stages": {name: _stage(stage) for name, stage in stages.items()},
        "sequences": {name: [stage.name for stage in members] for name, members in study.sequences.items()},
        "baseline": study.baseline,
        "allow_overlap": study.allow_overlap,
        "targets": [_target(target) for target in study.targets],
        "tasks": {name: _task(task) for name, task in sorted(tasks.items())},
        "corpora": {name: _corpus(corpus) for name, corpus in sorted(corpora.items())},
    }


def _stage(stage: Stage) -> dict[str, Any]:
    if isinstance(stage, MixedStage):
        return {
            "kind": "mixed",
            "parts": [
                {**_plain_stage(part), "rate": rate} for part, rate in zip(stage.parts, stage.rates, strict=True)
            ],
            "training": _plain(stage.training),
            "sampling": _plain(stage.sampling),
            "shares_head": stage.shares_head,
        }
    return _plain_stage(stage)


def _plain_stage(stage: PlainStage) -> dict[str, Any]:
    match stage:
        case ContinuedStage():
            return {
                "kind": "continued",
                "corpus": stage.corpus.name,
                "languages": list(stage.languages),
                "training": _plain(stage.training),
                "masked_lm": _plain(stage.masked_lm),
            }
        case ParallelStage():
            return {
                "kind": "continued",
                "parallel": stage.corpus.name,
                "pairs": [pair_name(pair) for pair in stage.pairs],
                "training": _plain(stage.training),
                "translation_lm": _plain(stage.translation_lm),
            }
        case IntermediateStage():
            return {
                "kind": "intermediate",
                "task": stage.task.name,
                "train_languages": list(stage.learned.languages),
                "shots": stage.shots,
                "training": _plain(stage.training),
                "limits": _plain(stage.limits),
                "selection": _plain(stage.selection),
            }


def _target(target: Target) -> dict[str, Any]:
    return {
        "task": target.task.name,
        "train_on": target.train_task.name if target.train_task else None,
        "languages": list(target.languages),
        "train_languages": None if target.learned is None else list(target.learned.languages),
        "shots": target.shots,
        "training": _plain(target.training),
        "retrieval": _plain(target.retrieval),
        "limits": _plain(target.limits),
        "selection": _plain(target.selection),
        "protocol": target.profile,
        "n_layers": target.n_layers,
    }


def _task(task: Task) -> dict[str, Any]:
    counts = {f"{split}/{language}": n for (split, language), n in sorted(task.expected_counts.items())}
    return {
        "kind": task.kind.name,
        "source": _source(task.source),
        "languages": list(task.languages),
        "source_language": task.source_language,
        "labels": list(task.labels),
        "metric": task.metric_name,
        **({} if task.pool is None else {"pool": _source(task.pool)}),
        "description": task.description,
        "licence": task.licence,
        "reference": task.reference,
        "expected_counts": counts,
    }


def _corpus(corpus: Corpus | ParallelCorpus) -> dict[str, Any]:
    pairs = [pair_name(pair) for pair in corpus.pairs] if isinstance(corpus, ParallelCorpus) else None
    return {
        "source": _source(corpus.source),
        "languages": list(corpus.languages),
        **({} if pairs is None else {"pairs": pairs}),
        "description": corpus.description,
        "licence": corpus.licence,
        "reference": corpus.reference,
    }


def _source(source: Source | PoolSource | CorpusSource | ParallelSource) -> dict[str, Any]:
    """A source by its type, version and fields; with the files' bytes, they decide what it gives."""
    return {"version": source.version, **_plain(source, with_types=True)}


def _plain(value: Any, *, with_types: bool = False) -> Any:
    """The value as JSON: dataclasses by their fields, functions by their names."""
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            item.name: _plain(getattr(value, item.name), with_types=with_types) for item in dataclasses.fields(value)
        }
        return {"type": type(value).__name__, **fields} if with_types else fields
    if isinstance(value, Mapping):
        return {_key(key): _plain(item, with_types=with_types) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, with_types=with_types) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, PurePath):
        return value.as_posix()
    name: str = getattr(value, "__qualname__", type(value).__qualname__)
    return name


def _key(key: object) -> str:
    return "/".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
