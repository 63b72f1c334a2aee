"""Spans of a whole file at once, counted exactly as seqeval 1.2.2 does: sentences joined, an O between them.

:class:`waystage.metrics.span_f1.SpanF1` counts each sentence on its own. Joined, a sentence may depend on the
one before it in one case: an X has the type of O, so none begins after the O that joins, and the span that
such an X belongs to reaches back to where the last span of an earlier sentence began. Published figures
include this, so scoring a submission does too. Such a span belongs to the sentence that it ends in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from waystage.metrics.metric import FloatArray
from waystage.metrics.span_f1 import Tag, begins, ends

IntArray: TypeAlias = NDArray[np.int64]

_BETWEEN, _AT_START = Tag("O", "_"), Tag("O", "")


def span_counts(gold: IntArray, predicted: IntArray, lengths: IntArray, tags: Sequence[str]) -> FloatArray:
    """Right, predicted and gold spans of each sentence, as float64 ``[n_sentences, 3]``.

    Args:
        gold: places in ``tags`` of the gold tags of all words, ``[n_words]``.
        predicted: the same for the predicted tags.
        lengths: words of each sentence, ``[n_sentences]``; they sum to ``n_words``.
        tags: the tag set.

    Raises:
        ValueError: other numbers of words, or an empty tag.

    >>> span_counts(np.array([0, 1, 2]), np.array([0, 1, 0]), np.array([2, 1]), ["B-A", "I-A", "O"]).tolist()
    [[1.0, 1.0, 1.0], [0.0, 1.0, 0.0]]
    """
    if not gold.size == predicted.size == lengths.sum():
        raise ValueError(f"{gold.size} gold and {predicted.size} predicted tags for {lengths.sum()} words")
    n_sentences = lengths.size
    # Each sentence is followed by one place for the O that joins.
    sentence_of_word = np.repeat(np.arange(n_sentences), lengths)
    place_of_word = np.arange(gold.size) + sentence_of_word
    sentence_of_place = np.repeat(np.arange(n_sentences), lengths + 1)

    is_right_end = np.ones(sentence_of_place.size, dtype=np.bool_)
    n_of = []
    found = [_Spans.of(codes, place_of_word, sentence_of_place.size, tags) for codes in (predicted, gold)]
    for spans in found:
        is_right_end &= spans.is_end
        n_of.append(np.bincount(sentence_of_place[spans.is_end], minlength=n_sentences))
    is_right_end &= (found[0].types == found[1].types) & (found[0].firsts == found[1].firsts)
    n_right = np.bincount(sentence_of_place[is_right_end], minlength=n_sentences)
    return np.stack([n_right, *n_of], axis=1).astype(np.float64)


class _Spans:
    """Which places end a span, of which type, and where it began; ``[n_places]`` each."""

    def __init__(self, is_end: NDArray[np.bool_], types: IntArray, firsts: IntArray) -> None:
        self.is_end, self.types, self.firsts = is_end, types, firsts

    @classmethod
    def of(cls, codes: IntArray, place_of_word: IntArray, n_places: int, tags: Sequence[str]) -> _Spans:
        parsed = [*map(Tag.parse, tags), _BETWEEN, _AT_START]
        between, at_start = len(tags), len(tags) + 1
        does_end = np.array([[ends(before, after) for after in parsed] for before in parsed])
        does_begin = np.array([[begins(before, after) for after in parsed] for before in parsed])
        type_names = sorted({tag.type for tag in parsed})
        type_codes = np.array([type_names.index(tag.type) for tag in parsed])

        here = np.full(n_places + 1, between)
        here[place_of_word] = codes
        before, after = np.concatenate([[at_start], here[:-1]]), here
        begun = np.maximum.accumulate(np.where(does_begin[before, after], np.arange(n_places + 1), 0))
        # A place ends a span if the boundary right after it does; the span began at or before this place.
        return cls(does_end[before, after][1:], type_codes[before][1:], begun[:-1])
