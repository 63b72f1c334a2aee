"""Exact match and F1 of answers, as the official script of SQuAD v1.1 computes them, for every language alike.

Both take the best over the accepted answers. English articles and ASCII punctuation are taken off and words are what
whitespace separates, whatever the language: XTREME scores XQuAD and TyDiQA so. Quirks that are kept: two answers of
which nothing is left (say "the" and "a") are an exact match, but their F1 is 0 unless one of them was empty from the
start, which is how SQuAD v2.0 marks that there is no answer.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from dataclasses import dataclass

from waystage.data.examples import Example
from waystage.metrics.answers import answers_and_prediction
from waystage.metrics.metric import FloatArray, Prediction
from waystage.metrics.ratio import ratio

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(answer: str) -> str:
    """Small letters without punctuation and articles, words separated by one space.

    >>> normalised("The  Eiffel-Tower, (Paris)!")
    'eiffeltower paris'
    """
    bare = _ARTICLES.sub(" ", answer.lower().translate(_WITHOUT_PUNCTUATION))
    return " ".join(bare.split())


def answer_f1(gold: str, answer: str) -> float:
    """Harmonic mean of precision and recall of the words that both have, counted with repetition.

    >>> round(answer_f1("the old town", "Old Town hall"), 3), answer_f1("", ""), answer_f1("", "x")
    (0.8, 1.0, 0.0)
    """
    if not gold or not answer:
        return float(normalised(gold) == normalised(answer))
    gold_words, words = normalised(gold).split(), normalised(answer).split()
    n_common = sum((Counter(gold_words) & Counter(words)).values())
    return 2 * n_common / (len(gold_words) + len(words)) if n_common else 0.0


def is_exact_match(gold: str, answer: str) -> bool:
    """Whether the two are equal once normalised."""
    return normalised(gold) == normalised(answer)


@dataclass(frozen=True, slots=True)
class SquadF1:
    """Mean over questions of the F1 with the accepted answer that is nearest."""

    name: str = "squad-f1"
    columns: tuple[str, ...] = ("f1", "n")

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        """F1 and 1; raises ValueError where the gold is withheld or not that of a question."""
        accepted, answer = answers_and_prediction(gold, prediction)
        return (max(answer_f1(text, answer) for text in accepted), 1.0)

    def score(self, sums: FloatArray) -> FloatArray:
        """Sum of F1 / n, ``[..., 2]`` to ``[...]``."""
        return ratio(sums[..., 0], sums[..., 1])


@dataclass(frozen=True, slots=True)
class SquadExactMatch:
    """Share of the questions whose answer equals an accepted one, once normalised."""

    name: str = "squad-em"
    columns: tuple[str, ...] = ("em", "n")

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        """1 or 0, and 1; raises ValueError where the gold is withheld or not that of a question."""
        accepted, answer = answers_and_prediction(gold, prediction)
        return (float(any(is_exact_match(text, answer) for text in accepted)), 1.0)

    def score(self, sums: FloatArray) -> FloatArray:
        """Exact matches / n, ``[..., 2]`` to ``[...]``."""
        return ratio(sums[..., 0], sums[..., 1])
