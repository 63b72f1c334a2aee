"""Mined pairs of sentences: which sentences of two texts are translations of each other (BUCC)."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.data.examples import Example
from waystage.metrics.counts import f1_of_counts
from waystage.metrics.judged import Judged, answers_and_ranking
from waystage.metrics.metric import FloatArray, Prediction


@dataclass(frozen=True, slots=True)
class PairF1:
    """2 x right pairs / (predicted pairs + gold pairs). A pair is right when the gold has it.

    An example is one sentence that takes part in a pair of gold or prediction; its answers are the sentences
    that the gold pairs it with, none if it was not to be found.
    """

    name: str = "pair-f1"
    columns: tuple[str, ...] = ("true_positives", "predicted_pairs", "gold_pairs")

    def statistics(self, gold: Example | Judged, prediction: Prediction) -> tuple[float, ...]:
        """Right, predicted and gold pairs of one sentence; a pair that is named twice counts once.

        Raises:
            ValueError: the gold is not a set of answers, or the prediction not a list of ids.
        """
        answers, found = answers_and_ranking(gold, prediction, can_be_none=True)
        right, predicted = set(answers), set(found)
        return (float(len(right & predicted)), float(len(predicted)), float(len(right)))

    def score(self, sums: FloatArray) -> FloatArray:
        """F1, ``[..., 3]`` to ``[...]``."""
        return f1_of_counts(sums)
