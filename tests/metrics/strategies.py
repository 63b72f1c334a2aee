"""Gold and predictions for each metric, as Hypothesis strategies."""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import strategies as st

from waystage.data.examples import Answer, Example, ParallelExample, QuestionExample, TaggedExample, TextExample
from waystage.metrics.metric import Prediction

LABELS = ("no", "maybe", "yes")
TAGS = ("B-PER", "I-PER", "B-LOC", "I-LOC", "O", "NOUN", "SCONJ", "CCONJ")

Pairs: TypeAlias = list[tuple[Example, Prediction]]


def labelled() -> st.SearchStrategy[Pairs]:
    label = st.sampled_from(LABELS)
    return st.lists(st.tuples(label, label), min_size=1, max_size=12).map(
        lambda pairs: [
            (TextExample(str(place), "text", None, gold), answer) for place, (gold, answer) in enumerate(pairs)
        ]
    )


def retrieved() -> st.SearchStrategy[Pairs]:
    return st.lists(st.integers(0, 12), min_size=1, max_size=12).map(
        lambda answers: [
            (ParallelExample(str(place), "one", "eins"), str(answer)) for place, answer in enumerate(answers)
        ]
    )


def tagged(tags: tuple[str, ...] = TAGS) -> st.SearchStrategy[Pairs]:
    tag = st.sampled_from(tags)
    sentence = st.lists(st.tuples(tag, tag), max_size=8)
    return st.lists(sentence, min_size=1, max_size=6).map(
        lambda sentences: [
            (
                TaggedExample(str(place), ("w",) * len(words), tuple(gold for gold, _ in words)),
                tuple(answer for _, answer in words),
            )
            for place, words in enumerate(sentences)
        ]
    )


def answered() -> st.SearchStrategy[Pairs]:
    # Two words each: the F1 of any two is 0, a half or 1, which add up without rounding.
    answer = st.sampled_from(("", "red roof", "Red cat.", "warm cat"))
    return st.lists(st.tuples(answer, answer), min_size=1, max_size=12).map(
        lambda pairs: [
            (QuestionExample(str(place), "what?", gold, (Answer(0, gold),) if gold else ()), answer)
            for place, (gold, answer) in enumerate(pairs)
        ]
    )


BY_METRIC = {
    "accuracy": labelled(),
    "macro-f1": labelled(),
    "retrieval-accuracy": retrieved(),
    "span-f1": tagged(),
    "squad-em": answered(),
    "squad-f1": answered(),
    "token-accuracy": tagged(),
}
