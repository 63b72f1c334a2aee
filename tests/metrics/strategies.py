"""Gold and predictions for each metric, as Hypothesis strategies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from hypothesis import strategies as st

from waystage.data.examples import Example, ParallelExample, TaggedExample, TextExample
from waystage.metrics.metric import Prediction
from waystage.metrics.normalisation import MLQA_LANGUAGES

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


@dataclass(frozen=True)
class Judgement:
    """The least that an example with a set of right answers is."""

    id: str
    answers: tuple[str, ...]
    language: str = "en"


WORDS = ("a", "the", "Red", "red.", "house", "$5", "", "ال", "中文")


def answered(languages: tuple[str, ...] = ("en",)) -> st.SearchStrategy[Pairs]:
    text = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
    # Something of each right answer survives every normalisation.
    right = st.lists(text.map("keep {}".format), min_size=1, max_size=3).map(tuple)
    question = st.tuples(right, text | text.map("keep {}".format), st.sampled_from(languages))
    return st.lists(question, min_size=1, max_size=8).map(
        lambda questions: [
            (Judgement(str(place), answers, language), answer)
            for place, (answers, answer, language) in enumerate(questions)
        ]
    )


def ranked(n_right: int) -> st.SearchStrategy[Pairs]:
    ids = st.permutations([f"c{number}" for number in range(30)])
    return st.lists(st.tuples(ids, st.integers(0, 30)), min_size=1, max_size=6).map(
        lambda queries: [
            (Judgement(str(place), tuple(f"c{number}" for number in range(n_right))), tuple(order[:n_found]))
            for place, (order, n_found) in enumerate(queries)
        ]
    )


BY_METRIC = {
    "accuracy": labelled(),
    "answer-f1": answered(),
    "answer-f1-em": answered(),
    "case-accuracy": answered(),
    "exact-match": answered(),
    "macro-f1": labelled(),
    "map@20": ranked(3),
    "mlqa-exact-match": answered(MLQA_LANGUAGES),
    "mlqa-f1": answered(MLQA_LANGUAGES),
    "mlqa-f1-em": answered(MLQA_LANGUAGES),
    "pair-f1": ranked(2),
    "reciprocal-rank@20": ranked(1),
    "retrieval-accuracy": retrieved(),
    "span-f1": tagged(),
    "token-accuracy": tagged(),
}
