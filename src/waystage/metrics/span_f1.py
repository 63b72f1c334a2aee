"""Micro F1 of spans, counted as seqeval 1.2.2 counts them in its default mode (that of conlleval).

XTREME scores NER and part-of-speech tagging with it, so published figures can only be met by counting alike,
also where a tag is bare (``NOUN``) and the scheme was not made for it:

- The first character of a tag is its prefix. What follows, less everything up to a first hyphen, is its type;
  an empty type is ``_``. ``B-PER`` is (B, PER), ``X-Y`` is (X, Y), ``NOUN`` is (N, OUN), ``X`` is (X, _).
- Adjacent bare tags of one type are one span. ``CCONJ`` and ``SCONJ`` are both of type CONJ, but the prefix S
  makes each SCONJ a span of its own; a CCONJ right before it is not closed, so it is not counted.
- A prefix B or S begins a span; so does I or E after O, E or S, and any change of type.
- ``X`` has the type of ``O``. Before the end of a sentence, or before an O, no span of it is closed, so none
  is counted; after an O none begins, so that one closed later reaches back to where the last span began.

seqeval joins all sentences into one sequence with an O between them. Here each sentence is counted on its
own, because a statistic of one example may not depend on its neighbours. Only a sentence whose first tag but
O has the type ``_`` (an X that opens a sentence) can tell the difference;
:func:`waystage.metrics.span_counts.span_counts` counts a whole file as seqeval does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from waystage.data.examples import Example
from waystage.metrics.answers import tags_and_prediction
from waystage.metrics.counts import f1_of_counts
from waystage.metrics.metric import FloatArray, Prediction

_OUTSIDE = frozenset("O.")
"""Prefixes of words that belong to no span."""


class Span(NamedTuple):
    """Words ``first`` to ``last``, both included."""

    type: str
    first: int
    last: int


class Tag(NamedTuple):
    """A tag as seqeval takes it apart."""

    prefix: str
    type: str

    @classmethod
    def parse(cls, tag: str) -> Tag:
        """Prefix and type of a tag; ValueError if it is empty."""
        if not tag:
            raise ValueError("an empty tag")
        head, hyphen, tail = tag[1:].partition("-")
        return cls(tag[0], (tail if hyphen else head) or "_")


def ends(before: Tag, after: Tag) -> bool:
    """Whether a span ends between two words."""
    if before.prefix in "ES" or (before.prefix in "BI" and after.prefix in "BSO"):
        return True
    return before.prefix not in _OUTSIDE and before.type != after.type


def begins(before: Tag, after: Tag) -> bool:
    """Whether a span begins between two words."""
    if after.prefix in "BS" or (before.prefix in "ESO" and after.prefix in "EI"):
        return True
    return after.prefix not in _OUTSIDE and before.type != after.type


def spans(tags: Iterable[str]) -> set[Span]:
    """The spans of one sentence.

    Raises:
        ValueError: an empty tag.

    >>> sorted(spans(["B-PER", "I-PER", "O", "I-LOC"]))
    [Span(type='LOC', first=3, last=3), Span(type='PER', first=0, last=1)]
    >>> sorted(spans(["NOUN", "NOUN", "VERB"]))
    [Span(type='ERB', first=2, last=2), Span(type='OUN', first=0, last=1)]
    """
    found: set[Span] = set()
    before, first = Tag("O", ""), 0
    for place, after in enumerate([*map(Tag.parse, tags), Tag("O", "_")]):
        if ends(before, after):
            found.add(Span(before.type, first, place - 1))
        if begins(before, after):
            first = place
        before = after
    return found


@dataclass(frozen=True, slots=True)
class SpanF1:
    """2 x right spans / (predicted spans + gold spans), over all sentences. A span is right in type and both
    ends.

    It is undefined (NaN) where neither gold nor predictions have a span; seqeval says 0 there, with a
    warning.
    """

    name: str = "span-f1"
    columns: tuple[str, ...] = ("true_positives", "predicted_spans", "gold_spans")

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        """Right, predicted and gold spans of one sentence.

        Raises:
            ValueError: the gold is withheld, another number of tags is predicted, or a tag is empty.
        """
        tags, predicted_tags = tags_and_prediction(gold, prediction)
        right, predicted = spans(tags), spans(predicted_tags)
        return (float(len(right & predicted)), float(len(predicted)), float(len(right)))

    def score(self, sums: FloatArray) -> FloatArray:
        """F1, ``[..., 3]`` to ``[...]``."""
        return f1_of_counts(sums)
