"""Extracted answers: exact match, and F1 of shared tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from waystage.data.examples import Example
from waystage.metrics.judged import NO_ANSWER, Judged, answers_and_text, language_of
from waystage.metrics.metric import FloatArray, Prediction
from waystage.metrics.normalisation import Normalisation, mlqa_normalisation, squad_normalised
from waystage.metrics.ratio import ratio

_COLUMNS = ("exact_match", "f1", "n")


def token_f1(gold: str, answer: str) -> float:
    """F1 of the tokens of two normalised answers, counted with repetition.

    It is 0 where nothing is shared, also where both are empty: then exact match is 1 and F1 is 0, as the
    published evaluation has it.

    >>> token_f1("red house", "house")
    0.6666666666666666
    """
    gold_tokens, answer_tokens = gold.split(), answer.split()
    n_shared = (Counter(gold_tokens) & Counter(answer_tokens)).total()
    if n_shared == 0:
        return 0.0
    precision, recall = n_shared / len(answer_tokens), n_shared / len(gold_tokens)
    return 2 * precision * recall / (precision + recall)


@dataclass(frozen=True, slots=True)
class AnswerOverlap:
    """The mean over questions of the best agreement with any of the right answers.

    Attributes:
        scored: the columns that the score is the mean of, ``exact_match``, ``f1`` or both. Each is the best over the
            right answers by itself.
        normalisation: what is compared of the answers to an example.
    """

    name: str
    scored: tuple[str, ...]
    normalisation: Callable[[Example | Judged], Normalisation]
    columns: tuple[str, ...] = _COLUMNS

    def statistics(self, gold: Example | Judged, prediction: Prediction) -> tuple[float, ...]:
        """Exact match (0 or 1), F1, and 1.

        Raises:
            ValueError: the gold has no answers, or the prediction is not one text.
        """
        answers, text = answers_and_text(gold, prediction)
        normalised = self.normalisation(gold)
        answer = normalised(text)
        if NO_ANSWER in answers:  # SQuAD v2.0: nothing is right but to say nothing
            return (float(not answer), float(not answer), 1.0)
        right = {normalised(candidate) for candidate in answers}
        return (float(answer in right), max(token_f1(candidate, answer) for candidate in right), 1.0)

    def score(self, sums: FloatArray) -> FloatArray:
        """Mean of the scored columns, ``[..., 3]`` to ``[...]``."""
        scored = [self.columns.index(name) for name in self.scored]
        return ratio(sums[..., scored].sum(axis=-1), len(scored) * sums[..., 2])

    def in_language(self, language: str) -> AnswerOverlap:
        """The metric for examples that do not say which language they are in, as those of MLQA are asked to."""
        return replace(self, normalisation=lambda _: mlqa_normalisation(language))


def _mlqa_of(gold: Example | Judged) -> Normalisation:
    return mlqa_normalisation(language_of(gold))


_EXACT_MATCH, _F1 = ("exact_match",), ("f1",)

EXACT_MATCH = AnswerOverlap("exact-match", _EXACT_MATCH, lambda _: squad_normalised)
ANSWER_F1 = AnswerOverlap("answer-f1", _F1, lambda _: squad_normalised)
ANSWER_F1_EM = AnswerOverlap("answer-f1-em", _F1 + _EXACT_MATCH, lambda _: squad_normalised)
"""SQuAD's evaluation, for SQuAD v1.1 and v2.0, XQuAD and TyDiQA-GoldP; XTREME's score of a task is the mean of both."""

MLQA_EXACT_MATCH = AnswerOverlap("mlqa-exact-match", _EXACT_MATCH, _mlqa_of)
MLQA_F1 = AnswerOverlap("mlqa-f1", _F1, _mlqa_of)
MLQA_F1_EM = AnswerOverlap("mlqa-f1-em", _F1 + _EXACT_MATCH, _mlqa_of)
"""MLQA's evaluation; the examples say which language they are in, or the metric is made for one."""
