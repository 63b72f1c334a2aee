"""What only a run itself can say for a later record, written beside its report when it ends."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

import waystage
from waystage.comparison import json_form
from waystage.data.corpus import Corpus
from waystage.plan.budgets import StageBudget
from waystage.plan.plan import Plan
from waystage.plan.versions import package_versions
from waystage.record.context import comparison_context
from waystage.record.environment import brought_rows, git_state, processor
from waystage.record.folder.reader import pretty_json
from waystage.record.form.environment import Distribution, Environment, Hardware
from waystage.record.form.measured import ContextFile, DeparturesFile, FoundOverlap, TaskDepartures
from waystage.record.form.names import CONTEXT, DEPARTURES, ENVIRONMENT, PLAN, STUDY
from waystage.record.form.provenance import PlanFile, PlannedCell, PlannedNode, StudyFile, TaskFacts
from waystage.report.record import Fact, RunRecord
from waystage.store.artefact import check_id
from waystage.store.store import Store
from waystage.study.study import Stage, Study, Target
from waystage.tasks.task import Task

PARTS_DIR = "parts"


def run_parts(plan: Plan, store: Store, record: RunRecord) -> dict[str, bytes]:
    """File name to content: the study with every name resolved, the plan, the environment, and more."""
    context = comparison_context(plan, store)
    measures = {name: dict(values) for name, values in context.measures.items()}
    groupings = {name: dict(groups) for name, groups in context.groupings.items()}
    parts: Mapping[str, object] = {
        STUDY: study_file(plan.study, plan.budgets),
        PLAN: PlanFile(plan.encoder_id, tuple(_nodes(plan, store)), tuple(_cells(plan))),
        ENVIRONMENT: environment(plan.study),
        CONTEXT: ContextFile(dict(context.categories), groupings, measures),
        DEPARTURES: departures_file(plan, record),
    }
    return {name: pretty_json(json_form.dump(part)) for name, part in parts.items()}


def study_file(study: Study, budgets: Mapping[str, StageBudget]) -> StudyFile:
    """The study without places on this machine; ``budgets`` are those that followed from something else."""
    stages = {stage.name: stage for stages in study.sequences.values() for stage in stages}
    return StudyFile(
        name=study.name,
        description=study.description,
        encoder=_plain(study.encoder),
        seeds=study.seeds,
        baseline=study.baseline,
        sequences={name: tuple(stage.name for stage in own) for name, own in study.sequences.items()},
        stages={name: _stage(stage, budgets.get(name)) for name, stage in stages.items()},
        targets={target.task.name: _plain(target) for target in study.targets},
        tasks=tuple(map(_task_facts, study.targets)),
        claims=study.claims,
        allow_overlap=study.allow_overlap,
    )


def _stage(stage: Stage, budget: StageBudget | None) -> dict[str, Any]:
    learned = getattr(stage, "task", None) or getattr(stage, "corpus", None)
    licence = getattr(learned, "licence", None)
    kind = type(stage).__name__.removesuffix("Stage").lower()
    return {"kind": kind, "licence": licence, **_plain(stage), "followed_budget": _plain(budget)}


def _task_facts(target: Target) -> TaskFacts:
    task, limits = target.task, target.limits
    return TaskFacts(
        task=task.name,
        kind=task.kind.name,
        metric=task.metric_name,
        metrics=task.metric_names,
        labels=task.labels,
        languages=target.languages,
        source_language=task.source_language,
        category=task.kind.category,
        licence=task.licence,
        reference=task.reference,
        limits={"train": limits.train, "validation": limits.validation, "test": limits.test},
    )


def _plain(value: Any) -> Any:
    """Values that JSON has; tasks and corpora by their names."""
    if isinstance(value, Task | Corpus):
        return value.name
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _nodes(plan: Plan, store: Store) -> Iterator[PlannedNode]:
    """Every node after its parents; prepared text first, of which a plan has ids alone."""
    planned = {node.id for node in plan.nodes}
    parents = {check_id(parent) for node in plan.nodes for parent in node.spec.get("parents", ())}
    for data_id in sorted(parents - planned):
        spec = store.open(data_id, verify=False).manifest.spec
        yield PlannedNode(data_id, str(spec["kind"]), "prepared text", (), spec)
    for node in plan.nodes:
        yield PlannedNode(node.id, node.kind, node.label, tuple(node.spec.get("parents", ())), node.spec)


def _cells(plan: Plan) -> Iterator[PlannedCell]:
    for cell in plan.cells:
        ids = (cell.stage_ids, cell.prediction_id, cell.score_id, cell.validation_score_id)
        yield PlannedCell(cell.sequence, cell.target.task.name, cell.seed, *ids)


def environment(study: Study) -> Environment:
    """Where this process runs; never environment variables, host names, users or paths."""
    found = {(one.metadata["Name"] or "", one.version) for one in metadata.distributions()}
    return Environment(
        waystage=waystage.__version__,
        python=platform.python_version(),
        git=git_state(),
        hardware=Hardware(
            system=f"{platform.system()} {platform.release()}",
            machine=platform.machine(),
            processor=processor(),
            n_cores=os.cpu_count(),
            memory_bytes=psutil.virtual_memory().total,
        ),
        packages=package_versions(),
        lock=tuple(Distribution(*pair) for pair in sorted(found, key=lambda pair: pair[0].lower()) if pair[0]),
        brought=tuple(Fact(name, value) for name, value in brought_rows(study)),
        gathered_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def departures_file(plan: Plan, record: RunRecord) -> DeparturesFile:
    """What differs from protocols, and what overlaps."""
    targets = {target.task.name: target for target in plan.study.targets}
    tasks = tuple(
        TaskDepartures(
            protocol.task,
            protocol.profile,
            protocol.selection,
            _selects_on_target(targets[protocol.task]),
            protocol.departures,
        )
        for protocol in record.protocol
    )
    overlaps = tuple(FoundOverlap(o.target, o.learned, o.n_examples, o.n_train) for o in plan.overlaps)
    return DeparturesFile(tasks, overlaps)


def _selects_on_target(target: Target) -> bool:
    chosen, source = target.selection, (target.train_task or target.task).source_language
    return chosen is not None and chosen.rule == "best" and chosen.language != source


def parts_folder(run_dir: Path) -> Path:
    """Where a run keeps them."""
    return run_dir / PARTS_DIR
