"""Behavioural tests: a case of several questions passes if all of them are answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waystage.data.examples import Example
from waystage.metrics.answer_overlap import AnswerOverlap
from waystage.metrics.metric import FloatArray, Prediction
from waystage.metrics.ratio import ratio


@dataclass(frozen=True, slots=True)
class CaseAccuracy:
    """The share of cases all of whose questions are answered exactly; the error rate of a test is 1 minus it.

    A case is what is drawn once, so a row of statistics is a case and not a question: the questions of one case are no
    independent observations. Ribeiro et al. 2020 (minimum functionality tests) and ``test_models.py`` of MultiCheckList
    in google-research/xtreme count so.

    Attributes:
        question: says whether one answer is right.
    """

    question: AnswerOverlap
    name: str = "case-accuracy"
    columns: tuple[str, ...] = ("passed", "n")

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        """Whether one question is answered (0 or 1), and 1.

        Raises:
            ValueError: the gold has no answers, or the prediction is not one text.
        """
        right = self.question.statistics(gold, prediction)[self.question.columns.index("exact_match")]
        return (right, 1.0)

    def joined(self, rows: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
        """The row of a case from those of its questions, at least one."""
        return (min(passed for passed, _ in rows), 1.0)

    def score(self, sums: FloatArray) -> FloatArray:
        """Share of the cases that passed, ``[..., 2]`` to ``[...]``."""
        return ratio(sums[..., 0], sums[..., 1])
