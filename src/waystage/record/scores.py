"""Per-example statistics of every cell of a plan, from the store."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from waystage.comparison.results import CellScores
from waystage.errors import StageError
from waystage.metrics.metric import Metric
from waystage.metrics.registry import make_metric
from waystage.plan.cell import Cell
from waystage.plan.plan import Plan
from waystage.report.wording import protocol_name
from waystage.store.store import Store


def cell_scores(plan: Plan, store: Store) -> list[CellScores]:
    """Statistics of the task's own metric for every cell and language.

    Raises:
        StageError: a cell has not been scored; the message names those that are missing.
        StoreError: an artefact is damaged.
    """
    missing = [plan.node(cell.score_id).label for cell in plan.cells if not store.has(cell.score_id)]
    if missing:
        some = ", ".join(missing[:5])
        raise StageError(f"{len(missing)} of {len(plan.cells)} cells have no score (first: {some})")
    return [scores for cell in plan.cells for scores in metric_scores(cell, cell.target.task.metric_name, store)]


def all_metric_scores(plan: Plan, store: Store) -> Iterator[tuple[CellScores, float]]:
    """Statistics and score (a fraction) for every cell, language and metric that was computed."""
    for cell in plan.cells:
        task = cell.target.task
        for name in task.metric_names:
            metric = make_metric(name, task.labels)
            for scores in metric_scores(cell, name, store):
                yield scores, float(metric.score(scores.statistics.sum(axis=0)))


def task_metrics(plan: Plan) -> dict[str, Metric]:
    """The metric that each target is compared by."""
    tasks = {target.task.name: target.task for target in plan.study.targets}
    return {name: make_metric(task.metric_name, task.labels) for name, task in tasks.items()}


def metric_scores(cell: Cell, metric_name: str, store: Store) -> Iterator[CellScores]:
    """Statistics of one metric of the cell's kind, for every language."""
    content = store.open(cell.score_id).read_json(f"{metric_name}.json")
    for language, scores in content["languages"].items():
        yield CellScores(
            sequence=cell.sequence,
            task=cell.target.task.name,
            language=language,
            seed=cell.seed,
            metric_name=metric_name,
            columns=tuple(content["columns"]),
            ids=tuple(scores["ids"]),
            statistics=np.array(scores["statistics"], np.float64).reshape(len(scores["ids"]), -1),
            protocol=protocol_name(cell.target.profile),
        )
