"""Metrics by name, and the statistics of a whole split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from waystage.data.examples import Example, case_of
from waystage.errors import DataError, Problem, StudyError, nearest_name
from waystage.metrics.accuracy import LABEL_ACCURACY, RETRIEVAL_ACCURACY
from waystage.metrics.answer_overlap import (
    ANSWER_F1,
    ANSWER_F1_EM,
    EXACT_MATCH,
    MLQA_EXACT_MATCH,
    MLQA_F1,
    MLQA_F1_EM,
    AnswerOverlap,
)
from waystage.metrics.case_accuracy import CaseAccuracy
from waystage.metrics.macro_f1 import MacroF1
from waystage.metrics.metric import CaseMetric, FloatArray, Metric, Prediction
from waystage.metrics.pair_f1 import PairF1
from waystage.metrics.ranking import AveragePrecision, ReciprocalRank
from waystage.metrics.span_f1 import SpanF1
from waystage.metrics.token_accuracy import TokenAccuracy

_SAME_FOR_ALL: dict[str, Callable[[tuple[str, ...]], Metric]] = {
    "accuracy": lambda _: LABEL_ACCURACY,
    "answer-f1": lambda _: ANSWER_F1,
    "answer-f1-em": lambda _: ANSWER_F1_EM,
    "case-accuracy": lambda _: CaseAccuracy(EXACT_MATCH),
    "exact-match": lambda _: EXACT_MATCH,
    "macro-f1": MacroF1,
    "map@20": lambda _: AveragePrecision(20),
    "pair-f1": lambda _: PairF1(),
    "reciprocal-rank@20": lambda _: ReciprocalRank(20),
    "retrieval-accuracy": lambda _: RETRIEVAL_ACCURACY,
    "span-f1": lambda _: SpanF1(),
    "token-accuracy": lambda _: TokenAccuracy(),
}
_OF_A_LANGUAGE: dict[str, AnswerOverlap] = {metric.name: metric for metric in (MLQA_EXACT_MATCH, MLQA_F1, MLQA_F1_EM)}

METRIC_NAMES = tuple(sorted((*_SAME_FOR_ALL, *_OF_A_LANGUAGE)))

_N_IDS_SHOWN = 5


def make_metric(name: str, labels: Sequence[str] = (), language: str | None = None) -> Metric:
    """The metric of that name, for a closed label set and for examples in a language.

    Without a ``language``, metrics whose rules depend on it (MLQA's) score examples that say which they are in. Scores
    of sums are the same for all languages.

    Raises:
        StudyError: no such metric, or it cannot use these labels.

    >>> make_metric("macro-f1", ["no", "yes"]).columns
    ('tp:no', 'tp:yes', 'fp:no', 'fp:yes', 'fn:no', 'fn:yes')
    """
    if name in _OF_A_LANGUAGE:
        metric = _OF_A_LANGUAGE[name]
        return metric if language is None else metric.in_language(language)
    if name not in _SAME_FOR_ALL:
        nearest = nearest_name(name, METRIC_NAMES)
        found, expected = f"unknown metric {name!r}", ", ".join(METRIC_NAMES)
        raise StudyError(Problem("metrics", None, None, found, expected, nearest))
    try:
        return _SAME_FOR_ALL[name](tuple(labels))
    except ValueError as error:
        raise StudyError(Problem("metrics", None, name, str(error))) from error


class ScoredExamples(NamedTuple):
    """The ids of a split, in order, and the statistics of each: float64, ``[n_examples, n_columns]``.

    Where the metric scores cases of several examples, these are the ids and statistics of the cases.
    """

    ids: tuple[str, ...]
    statistics: FloatArray


def score_examples(metric: Metric, gold: Sequence[Example], predictions: Mapping[str, Prediction]) -> ScoredExamples:
    """The statistics of every example, in the order of ``gold``; ``predictions`` are by id.

    Raises:
        DataError: with all problems: no examples, an id twice, a prediction that is missing, is for no
            example, or does not fit its example.
    """
    ids = tuple(example.id for example in gold)
    problems = _faulty_ids(ids, predictions)
    rows: list[tuple[float, ...]] = []
    for example in gold:
        if example.id in predictions:
            try:
                rows.append(metric.statistics(example, predictions[example.id]))
            except ValueError as error:
                problems.append(Problem("predictions", None, example.id, str(error)))
    if problems:
        raise DataError(problems)
    if isinstance(metric, CaseMetric):
        ids, rows = _cases(metric, gold, rows)
    return ScoredExamples(ids, np.array(rows, dtype=np.float64))


def _cases(
    metric: CaseMetric, gold: Sequence[Example], rows: Sequence[tuple[float, ...]]
) -> tuple[tuple[str, ...], list[tuple[float, ...]]]:
    """Ids and rows of the cases, in the order in which they begin."""
    by_case: dict[str, list[tuple[float, ...]]] = {}
    for example, row in zip(gold, rows, strict=True):
        by_case.setdefault(case_of(example), []).append(row)
    return tuple(by_case), [metric.joined(own) for own in by_case.values()]


def _faulty_ids(ids: tuple[str, ...], predictions: Mapping[str, Prediction]) -> list[Problem]:
    if not ids:
        expected = "at least one: nothing has no score"
        return [Problem("predictions", None, None, "there are no examples", expected)]
    known = set(ids)
    faults = {
        "twice in the gold": [i for i, count in Counter(ids).items() if count > 1],
        "without a prediction": [i for i in ids if i not in predictions],
        "predicted but not in the gold": [i for i in predictions if i not in known],
    }
    expected = "exactly one prediction for each example"
    return [
        Problem("predictions", None, None, f"{len(found)} {fault}: {_shown(found)}", expected)
        for fault, found in faults.items()
        if found
    ]


def _shown(ids: Sequence[str]) -> str:
    return ", ".join(map(repr, ids[:_N_IDS_SHOWN])) + (", ..." if len(ids) > _N_IDS_SHOWN else "")
