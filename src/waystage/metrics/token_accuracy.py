"""The share of words that have the right tag."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.data.examples import Example
from waystage.metrics.answers import tags_and_prediction
from waystage.metrics.metric import FloatArray, Prediction
from waystage.metrics.ratio import ratio


@dataclass(frozen=True, slots=True)
class TokenAccuracy:
    """Words with the right tag among all words: long sentences count more."""

    name: str = "token-accuracy"
    columns: tuple[str, ...] = ("correct", "n_words")

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        """Correct words and words of one sentence.

        Raises:
            ValueError: the gold is withheld, or another number of tags is predicted.
        """
        tags, predicted = tags_and_prediction(gold, prediction)
        return (float(sum(map(str.__eq__, tags, predicted))), float(len(tags)))

    def score(self, sums: FloatArray) -> FloatArray:
        """Correct / words, ``[..., 2]`` to ``[...]``."""
        return ratio(sums[..., 0], sums[..., 1])
