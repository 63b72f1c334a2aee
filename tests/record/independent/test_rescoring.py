"""Both readings of the published evaluations give the same statistics."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from waystage.data.examples import (
    Answer,
    Example,
    MultipleChoiceExample,
    ParallelExample,
    QueryExample,
    QuestionExample,
    TaggedExample,
    TextExample,
)
from waystage.metrics.metric import Prediction
from waystage.metrics.normalisation import MLQA_LANGUAGES
from waystage.metrics.registry import make_metric
from waystage.record.independent.rescoring import statistics
from waystage.record.independent.spans import spans

TAGS = st.sampled_from(
    ["O", "B-PER", "I-PER", "E-PER", "S-LOC", "I-LOC", "NOUN", "SCONJ", "CCONJ", "X", ".", "B-a-b", "I-"]
)
WORDS = st.text(alphabet="aAn the'.,-1للا المن中文q¿Ä ", max_size=12)


def _both(metric: str, gold: Example, prediction: Prediction, language: str = "en") -> None:
    own = make_metric(metric, ("a", "b") if metric == "macro-f1" else (), language)
    expected = own.statistics(gold, prediction)
    found = statistics(metric, own.columns, language, gold.to_json(), prediction)
    assert found == pytest.approx(list(expected), abs=1e-12)


@given(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=12))
def test_tags(pairs: list[tuple[str, str]]) -> None:
    gold, predicted = zip(*pairs, strict=True)
    example = TaggedExample("1", tuple("w" for _ in gold), gold)
    for metric in ("span-f1", "token-accuracy"):
        _both(metric, example, predicted)


@pytest.mark.filterwarnings("ignore:.*seems not to be NE tag")
@given(st.lists(TAGS, min_size=1, max_size=12))
def test_spans_are_those_of_seqeval(tags: list[str]) -> None:
    assert spans(tags) == set(get_entities(tags))


@given(st.lists(WORDS, max_size=3), WORDS)
def test_answers(texts: list[str], prediction: str) -> None:
    example = QuestionExample("1", "q", "c", tuple(Answer(0, text) for text in texts))
    for metric in ("exact-match", "answer-f1", "answer-f1-em"):
        _both(metric, example, prediction)
    for language in MLQA_LANGUAGES:
        _both("mlqa-f1-em", example, prediction, language)


@given(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True), st.lists(st.sampled_from("abcdef"), unique=True))
def test_rankings_and_pairs(answers: list[str], found: list[str]) -> None:
    for metric in ("map@20", "reciprocal-rank@20", "pair-f1"):
        _both(metric, QueryExample("1", "q", tuple(answers)), tuple(found))


@pytest.mark.parametrize("prediction", ["a", "b"])
def test_labels(prediction: str) -> None:
    for metric in ("accuracy", "macro-f1"):
        _both(metric, TextExample("1", "t", None, "a"), prediction)
    _both("accuracy", MultipleChoiceExample("1", "t", ("x", "y"), 1), "1")
    _both("retrieval-accuracy", ParallelExample("a", "s", "t"), prediction)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="one tag a word"):
        statistics("span-f1", (), "en", {"tags": ["O", "O"]}, ["O"])
    with pytest.raises(ValueError, match="no gold"):
        statistics("accuracy", (), "en", {"label": None}, "a")
    with pytest.raises(KeyError):
        statistics("bleu", (), "en", {"label": "a"}, "a")
