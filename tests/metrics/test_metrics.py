"""Worked examples, and agreement with the libraries whose numbers are published."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystage.data.examples import Example, ParallelExample, TaggedExample, TextExample
from waystage.errors import DataError, StudyError
from waystage.metrics.metric import Metric, Prediction
from waystage.metrics.registry import make_metric, score_examples
from waystage.metrics.span_f1 import Span, spans

from .strategies import LABELS, Pairs, labelled, tagged

UPOS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT"),
    *("SCONJ", "SYM", "VERB", "X"),
)
ODD = (
    "B-A",
    "I-A",
    "E-A",
    "S-A",
    "B",
    "I",
    "E",
    "S",
    "O",
    "X",
    "X-Y",
    "-",
    "--",
    "B-A-B",
    "I-A-B",
    ".",
    ".A",
    "OX",
)


def score(metric: Metric, pairs: Pairs) -> float:
    predictions = {gold.id: answer for gold, answer in pairs}
    statistics = score_examples(metric, [gold for gold, _ in pairs], predictions).statistics
    return float(metric.score(statistics.sum(axis=0)))


def labels(text: str) -> Pairs:
    """``gold:predicted`` labels, separated by spaces."""
    pairs = [pair.split(":") for pair in text.split()]
    return [(TextExample(str(n), "text", None, gold), answer) for n, (gold, answer) in enumerate(pairs)]


def test_accuracy() -> None:
    assert score(make_metric("accuracy"), labels("a:a a:b b:b b:b")) == 0.75
    assert score(make_metric("accuracy", ["a"]), labels("a:unknown")) == 0.0


def test_retrieval_accuracy() -> None:
    pairs: Pairs = [(ParallelExample("1", "one", "eins"), "1"), (ParallelExample("2", "two", "zwei"), "1")]
    assert score(make_metric("retrieval-accuracy"), pairs) == 0.5


def test_token_accuracy_weighs_words() -> None:
    pairs: Pairs = [
        (TaggedExample("1", ("a",), ("X",)), ("Y",)),
        (TaggedExample("2", ("a", "b", "c"), ("X", "Y", "Z")), ("X", "Y", "Z")),
    ]
    assert score(make_metric("token-accuracy"), pairs) == 0.75


def test_macro_f1_leaves_out_a_class_that_does_not_occur() -> None:
    metric = make_metric("macro-f1", LABELS)
    assert score(metric, labels("no:no yes:yes")) == 1.0
    # no: 2/(2+1) ; yes: 0 ; maybe occurs in neither
    assert score(metric, labels("no:no yes:no")) == pytest.approx((2 / 3 + 0) / 2)
    # a class that is only predicted counts as 0
    assert score(metric, labels("no:no no:maybe")) == pytest.approx((2 / 3 + 0) / 2)


@settings(deadline=None)
@given(labelled())
def test_macro_f1_is_that_of_sklearn(pairs: Pairs) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    gold = [example.label for example, _ in pairs if isinstance(example, TextExample)]
    expected = sklearn.f1_score(gold, [answer for _, answer in pairs], average="macro", zero_division=0)
    assert score(make_metric("macro-f1", LABELS), pairs) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", []),
        ("O O", []),
        ("B-PER I-PER O B-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),
        ("B-PER B-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        ("I-PER I-LOC", [("PER", 0, 0), ("LOC", 1, 1)]),
        ("O I-PER", [("PER", 1, 1)]),
        ("B-A-B I-A-B", [("A-B", 0, 1)]),
        ("NOUN NOUN VERB", [("OUN", 0, 1), ("ERB", 2, 2)]),
        ("CCONJ SCONJ SCONJ", [("CONJ", 1, 1), ("CONJ", 2, 2)]),
        ("NOUN X", [("OUN", 0, 0)]),
        ("NOUN X NOUN", [("OUN", 0, 0), ("_", 1, 1), ("OUN", 2, 2)]),
        ("NOUN O X NOUN", [("OUN", 0, 0), ("_", 0, 2), ("OUN", 3, 3)]),
    ],
)
def test_spans(tags: str, expected: list[tuple[str, int, int]]) -> None:
    assert spans(tags.split()) == {Span(*span) for span in expected}


@settings(deadline=None)
@given(st.lists(st.sampled_from([*UPOS, *ODD]), max_size=12) | st.lists(st.sampled_from(ODD[:9]), max_size=12))
def test_spans_are_those_of_seqeval(tags: list[str]) -> None:
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = seqeval.get_entities(tags)
    assert spans(tags) == {Span(*entity) for entity in expected}


@pytest.mark.parametrize("tags", [UPOS[:-1], ("B-A", "I-A", "B-B", "I-B", "O")], ids=["bare", "IOB2"])
@settings(deadline=None)
@given(data=st.data())
def test_span_f1_of_a_corpus_is_that_of_seqeval(tags: tuple[str, ...], data: st.DataObject) -> None:
    seqeval = pytest.importorskip("seqeval.metrics")
    pairs = data.draw(tagged(tags))
    gold = [list(example.tags or ()) for example, _ in pairs if isinstance(example, TaggedExample)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = seqeval.f1_score(gold, [list(answer) for _, answer in pairs])
    found = score(make_metric("span-f1"), pairs)
    assert found == pytest.approx(expected) or (math.isnan(found) and expected == 0.0)


def test_span_f1() -> None:
    pairs: Pairs = [
        (TaggedExample("1", ("a", "b", "c"), ("B-PER", "I-PER", "O")), ("B-PER", "O", "B-LOC")),
        (TaggedExample("2", ("a", "b"), ("B-LOC", "O")), ("B-LOC", "O")),
    ]
    assert score(make_metric("span-f1"), pairs) == pytest.approx(2 * 1 / (3 + 2))


TEXT = TextExample("1", "text", None, "no")
TAGGED = TaggedExample("1", ("a",), ("O",))
PARALLEL = ParallelExample("1", "one", "eins")


@pytest.mark.parametrize(
    ("name", "gold", "prediction", "message"),
    [
        ("accuracy", TextExample("1", "text", None, None), "no", "withheld"),
        ("accuracy", TAGGED, "no", "has no label"),
        ("accuracy", TEXT, ("no",), "needs one answer"),
        ("macro-f1", TEXT, "never", "'never' is not in the label set"),
        ("retrieval-accuracy", TEXT, "1", "nothing is retrieved"),
        ("span-f1", TAGGED, ("O", "O"), "1 tags, but 2"),
        ("span-f1", TAGGED, ("",), "empty tag"),
        ("token-accuracy", TAGGED, "O", "one tag a word"),
        ("token-accuracy", TaggedExample("1", ("a",), None), ("O",), "withheld"),
        ("token-accuracy", PARALLEL, ("O",), "has no tags"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, gold: Example, prediction: Prediction, message: str) -> None:
    metric = make_metric(name, LABELS)
    with pytest.raises(ValueError, match=message):
        metric.statistics(gold, prediction)
    with pytest.raises(DataError, match=message):
        score_examples(metric, [gold], {gold.id: prediction})


def test_rows_follow_the_gold_not_the_predictions() -> None:
    pairs = labels("a:b a:a")
    gold = [example for example, _ in pairs]
    scored = score_examples(make_metric("accuracy"), gold, {"1": "a", "0": "b"})
    assert scored.ids == ("0", "1")
    assert scored.statistics.dtype == np.float64
    assert scored.statistics.tolist() == [[0.0, 1.0], [1.0, 1.0]]


def test_ids_must_match_one_to_one() -> None:
    gold = [TextExample(i, "text", None, "no") for i in ("1", "2", "2", "3")]
    with pytest.raises(DataError) as caught:
        score_examples(make_metric("accuracy"), gold, {"1": "no", "2": "no", "9": "no"})
    message = str(caught.value)
    assert "1 twice in the gold: '2'" in message
    assert "1 without a prediction: '3'" in message
    assert "1 predicted but not in the gold: '9'" in message


def test_nothing_has_no_score() -> None:
    with pytest.raises(DataError, match="there are no examples"):
        score_examples(make_metric("accuracy"), [], {})


def test_unknown_names_and_unusable_labels() -> None:
    with pytest.raises(StudyError, match="did you mean 'macro-f1'"):
        make_metric("macro_f1")
    for bad in [(), ("a", "a")]:
        with pytest.raises(StudyError, match="distinct labels"):
            make_metric("macro-f1", bad)
