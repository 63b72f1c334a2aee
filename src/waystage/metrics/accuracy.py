"""The share of examples that are answered correctly: with the right label, or with the right match."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from waystage.data.examples import Example
from waystage.metrics.answers import id_and_prediction, label_and_prediction
from waystage.metrics.metric import FloatArray, Prediction
from waystage.metrics.ratio import ratio


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Correct answers among all. ``compared`` gives the two answers of one example that should be equal."""

    name: str
    compared: Callable[[Example, Prediction], tuple[str, str]]
    columns: tuple[str, ...] = ("correct", "n")

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        """1 or 0, and 1; raises ValueError where ``compared`` does."""
        right, answer = self.compared(gold, prediction)
        return (float(answer == right), 1.0)

    def score(self, sums: FloatArray) -> FloatArray:
        """Correct / n, ``[..., 2]`` to ``[...]``."""
        return ratio(sums[..., 0], sums[..., 1])


LABEL_ACCURACY = Accuracy("accuracy", label_and_prediction)
"""A label is right when it equals the gold label; one outside the label set is wrong, not an error."""

RETRIEVAL_ACCURACY = Accuracy("retrieval-accuracy", id_and_prediction)
"""Precision at 1: the retrieved id is the example's own."""
