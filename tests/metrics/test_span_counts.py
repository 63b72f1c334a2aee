"""Spans of a whole file are those that seqeval counts, sentences joined."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystage.metrics.span_counts import span_counts
from waystage.metrics.span_f1 import spans
from waystage.tasks import panx, udpos

TAG_SETS = [
    udpos.LABELS,
    ("X", "NOUN", "SCONJ", "CCONJ", "O"),
    panx.LABELS,
    ("B-A", "I-A", "E-A", "S-A", "O", ".", "X"),
]


def counted(tags: tuple[str, ...], sentences: list[list[tuple[int, int]]]) -> np.ndarray:
    pairs = np.array([pair for words in sentences for pair in words], dtype=np.int64).reshape(-1, 2)
    lengths = np.array([len(words) for words in sentences], dtype=np.int64)
    return span_counts(pairs[:, 0], pairs[:, 1], lengths, tags)


@pytest.mark.parametrize("tags", TAG_SETS, ids=["UPOS", "X and bare", "IOB2", "odd"])
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_sums_are_those_of_seqeval(tags: tuple[str, ...], data: st.DataObject) -> None:
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    place = st.integers(0, len(tags) - 1)
    sentences = data.draw(st.lists(st.lists(st.tuples(place, place), min_size=1, max_size=6), min_size=1, max_size=6))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gold, predicted = (
            set(seqeval.get_entities([[tags[pair[side]] for pair in words] for words in sentences])) for side in (0, 1)
        )
    rows = counted(tags, sentences)
    assert rows.shape == (len(sentences), 3)
    assert rows.sum(axis=0).tolist() == [len(gold & predicted), len(predicted), len(gold)]


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=6), max_size=5))
def test_without_an_x_each_row_is_that_of_its_sentence(sentences: list[list[tuple[int, int]]]) -> None:
    for row, words in zip(counted(panx.LABELS, sentences), sentences, strict=True):
        gold, predicted = (spans([panx.LABELS[pair[side]] for pair in words]) for side in (0, 1))
        assert row.tolist() == [len(gold & predicted), len(predicted), len(gold)]


def test_an_x_that_opens_a_sentence_reaches_back() -> None:
    tags = ("NOUN", "X")
    # The X of the second sentence ends a span that began with the NOUN of the first, in both: it is right.
    assert counted(tags, [[(0, 0)], [(1, 1), (0, 0)]]).tolist() == [[1, 1, 1], [2, 2, 2]]
    # With another beginning in the prediction it is not.
    assert counted(tags, [[(0, 1), (0, 0)], [(1, 1), (0, 0)]])[1].tolist() == [1, 2, 2]


def test_sizes_must_fit() -> None:
    with pytest.raises(ValueError, match="1 gold and 2 predicted tags for 1 words"):
        span_counts(np.array([0]), np.array([0, 0]), np.array([1]), ("O",))
    assert span_counts(np.array([], int), np.array([], int), np.array([], int), ("O",)).shape == (0, 3)
