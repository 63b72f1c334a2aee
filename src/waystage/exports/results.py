"""The scores that an export states: of a sequence over all seeds, or of the model of one seed."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.comparison.results import Difference
from waystage.exports.run import FinishedRun


@dataclass(frozen=True, slots=True)
class Result:
    """A score on the test set of a task in one language.

    Attributes:
        value: a fraction; the mean over ``seeds`` where there are several.
        seeds: behind the value; empty where nothing is random.
        seed_values: one a seed.
        difference: to the run's baseline, over all seeds; None: it is the baseline, or one model's own score.
        n_examples: of the test set.
    """

    task: str
    language: str
    is_source: bool
    metric: str
    value: float
    seeds: tuple[int, ...]
    seed_values: tuple[float, ...]
    difference: Difference | None
    n_examples: int


def results_of(run: FinishedRun, sequence: str) -> list[Result]:
    """Every task and language of a sequence, over all seeds."""
    metrics = {protocol.task: protocol.metric for protocol in run.record.protocol}
    return [
        Result(
            task=own.task,
            language=own.language,
            is_source=own.is_source,
            metric=metrics[own.task],
            value=own.score,
            seeds=own.seeds,
            seed_values=own.seed_scores,
            difference=own.difference,
            n_examples=own.n_examples,
        )
        for own in run.record.comparison.language_scores
        if own.sequence == sequence
    ]


def results_of_model(run: FinishedRun, sequence: str, task: str, seed: int | None) -> list[Result]:
    """One model on its own task: the scores of ``scores.csv`` in the task's metric."""
    protocol = run.protocol(task)
    return [
        Result(
            task=task,
            language=row.language,
            is_source=row.language == protocol.source_language,
            metric=row.metric,
            value=row.score,
            seeds=() if seed is None else (seed,),
            seed_values=(row.score,),
            difference=None,
            n_examples=row.n_examples,
        )
        for row in run.scores
        if (row.sequence, row.task, row.seed, row.metric) == (sequence, task, seed, protocol.metric)
    ]
