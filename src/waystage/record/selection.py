"""Scores on validation data: what checkpoints were chosen by, or what the last ones would have been."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from waystage.errors import StageError
from waystage.metrics.registry import make_metric
from waystage.plan.cell import Cell
from waystage.plan.plan import Plan
from waystage.plan.validation import SELECTION_NAME
from waystage.record.scores import metric_scores
from waystage.report.record import SelectionScore
from waystage.store.store import Store
from waystage.study.study import Selection


def selection_scores(plan: Plan, store: Store) -> tuple[SelectionScore, ...]:
    """One entry a cell whose target was trained and scored on validation data, in the order of the plan.

    Raises:
        StageError: a score has not been computed.
        StoreError: an artefact is damaged.
    """
    return tuple(score for cell in plan.cells for score in _of_cell(cell, store))


def _of_cell(cell: Cell, store: Store) -> Iterator[SelectionScore]:
    selection = cell.target.selection
    if selection is None or cell.seed is None:
        return
    if selection.rule == "best":
        yield _chosen(cell, cell.seed, selection, store)
    elif cell.validation_score_id is not None:
        score = _score_of_last(cell, selection, cell.validation_score_id, store)
        if not math.isnan(score):  # validation data without anything that the metric scores has no score
            yield _last(cell, cell.seed, selection, score, store)


def _chosen(cell: Cell, seed: int, selection: Selection, store: Store) -> SelectionScore:
    content = store.open(cell.stage_ids[-1]).read_json(SELECTION_NAME)
    evaluations = content["evaluations"]
    step = content["chosen_step"]
    return SelectionScore(
        sequence=cell.sequence,
        task=cell.target.task.name,
        seed=seed,
        language=selection.language,
        metric=selection.metric_name,
        rule="best",
        chosen_step=step,
        n_evaluations=len(evaluations),
        score=next(made["score"] for made in evaluations if made["step"] == step),
    )


def _score_of_last(cell: Cell, selection: Selection, score_id: str, store: Store) -> float:
    if not store.has(score_id):
        raise StageError(f"{cell.sequence}: {cell.target.task.name} (seed {cell.seed}) has no score on validation data")
    (scores,) = metric_scores(replace(cell, score_id=score_id), selection.metric_name, store)
    metric = make_metric(selection.metric_name, cell.target.task.labels)
    return float(metric.score(scores.statistics.sum(axis=0)))


def _last(cell: Cell, seed: int, selection: Selection, score: float, store: Store) -> SelectionScore:
    return SelectionScore(
        sequence=cell.sequence,
        task=cell.target.task.name,
        seed=seed,
        language=selection.language,
        metric=selection.metric_name,
        rule="last",
        chosen_step=store.open(cell.stage_ids[-1]).read_json("training.json")["n_steps"],
        n_evaluations=1,
        score=score,
    )
