"""What holds for every metric."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystage.data.examples import Example, ParallelExample, QuestionExample, TaggedExample
from waystage.metrics.metric import FloatArray, Metric, Prediction
from waystage.metrics.registry import METRIC_NAMES, make_metric, score_examples
from waystage.tasks.kinds import KINDS

from .strategies import BY_METRIC, LABELS, Judgement, Pairs

RANKED = {"map@20", "pair-f1", "reciprocal-rank@20"}


def rows(metric: Metric, pairs: Pairs) -> FloatArray:
    predictions = {gold.id: answer for gold, answer in pairs}
    return score_examples(metric, [gold for gold, _ in pairs], predictions).statistics


def right_answer(gold: Example, name: str) -> Prediction:
    if isinstance(gold, Judgement):
        return gold.answers if name in RANKED else gold.answers[-1]
    if isinstance(gold, ParallelExample):
        return gold.id
    if isinstance(gold, QuestionExample):
        return gold.context
    answer = gold.tags if isinstance(gold, TaggedExample) else gold.label
    assert answer is not None
    return answer


def test_every_metric_is_tried_and_every_kind_has_its_metrics() -> None:
    assert set(BY_METRIC) == set(METRIC_NAMES)
    assert {name for kind in KINDS.values() for name in kind.metric_names} <= set(METRIC_NAMES)


@pytest.mark.parametrize("name", METRIC_NAMES)
@settings(deadline=None)
@given(data=st.data())
def test_order_does_not_count_and_scores_are_fractions(name: str, data: st.DataObject) -> None:
    metric = make_metric(name, LABELS)
    pairs = data.draw(BY_METRIC[name])
    statistics = rows(metric, pairs)
    assert statistics.shape == (len(pairs), len(metric.columns))
    shuffled = rows(metric, data.draw(st.permutations(pairs)))
    score, again = metric.score(statistics.sum(axis=0)), metric.score(shuffled.sum(axis=0))
    assert np.allclose(score, again, rtol=1e-12, equal_nan=True)
    assert math.isnan(score) or 0.0 <= score <= 1.0 + 1e-12


@pytest.mark.parametrize("name", METRIC_NAMES)
@settings(deadline=None)
@given(data=st.data())
def test_sums_of_parts_equal_the_whole(name: str, data: st.DataObject) -> None:
    metric = make_metric(name, LABELS)
    pairs = data.draw(BY_METRIC[name].filter(lambda pairs: len(pairs) > 1))
    cut = data.draw(st.integers(1, len(pairs) - 1))
    whole = rows(metric, pairs).sum(axis=0)
    parts = rows(metric, pairs[:cut]).sum(axis=0) + rows(metric, pairs[cut:]).sum(axis=0)
    assert np.allclose(parts, whole, rtol=1e-12)


@pytest.mark.parametrize("name", METRIC_NAMES)
@settings(deadline=None)
@given(data=st.data())
def test_a_perfect_prediction_scores_one(name: str, data: st.DataObject) -> None:
    metric = make_metric(name, LABELS)
    perfect: Pairs = [(gold, right_answer(gold, name)) for gold, _ in data.draw(BY_METRIC[name])]
    score = float(metric.score(rows(metric, perfect).sum(axis=0)))
    # Sentences without words, or without spans, have nothing to be right about.
    assert score == pytest.approx(1.0) or (math.isnan(score) and name in {"span-f1", "token-accuracy"})


@pytest.mark.parametrize("name", METRIC_NAMES)
@settings(deadline=None)
@given(data=st.data())
def test_many_sums_are_scored_like_one(name: str, data: st.DataObject) -> None:
    metric = make_metric(name, LABELS)
    statistics = rows(metric, data.draw(BY_METRIC[name]))
    sums = np.stack([statistics.sum(axis=0), statistics[0], np.zeros(len(metric.columns))])
    scores = metric.score(np.stack([sums, sums]))
    assert scores.shape == (2, 3)
    assert np.array_equal(scores[1], [metric.score(row) for row in sums], equal_nan=True)
    assert math.isnan(scores[0, 2])
