"""Macro F1: every class counts the same, however rare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waystage.data.examples import Example
from waystage.metrics.answers import label_and_prediction
from waystage.metrics.metric import FloatArray, Prediction
from waystage.metrics.ratio import ratio


@dataclass(frozen=True, slots=True)
class MacroF1:
    """Unweighted mean of the F1 of the classes that occur.

    The F1 of a class is 2 tp / (2 tp + fp + fn). A class takes part when the gold or the predictions have it;
    one that occurs in neither has no F1 and is left out, it does not count as 0 or 1. This is what
    ``sklearn.metrics.f1_score(gold, predictions, average="macro")`` computes when it is given no ``labels``.
    A resample that lost a rare class is therefore a mean over fewer classes.

    The columns are the true positives of each label, then the false positives, then the false negatives.
    """

    labels: tuple[str, ...]
    name: str = "macro-f1"

    def __post_init__(self) -> None:
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"macro F1 needs a closed set of distinct labels, not {self.labels!r}")

    @property
    def columns(self) -> tuple[str, ...]:
        """``tp:``, ``fp:`` and ``fn:`` with each label."""
        return tuple(f"{count}:{label}" for count in ("tp", "fp", "fn") for label in self.labels)

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        """One true positive, or one false positive and one false negative.

        Raises:
            ValueError: the gold is withheld, or one of the two is not in the label set.
        """
        right, answer = label_and_prediction(gold, prediction)
        n_labels = len(self.labels)
        row = [0.0] * (3 * n_labels)
        if answer == right:
            row[self._index(gold, right)] = 1.0
        else:
            row[n_labels + self._index(gold, answer)] = 1.0
            row[2 * n_labels + self._index(gold, right)] = 1.0
        return tuple(row)

    def _index(self, gold: Example, label: str) -> int:
        try:
            return self.labels.index(label)
        except ValueError:
            raise ValueError(f"example {gold.id!r}: {label!r} is not in the label set") from None

    def score(self, sums: FloatArray) -> FloatArray:
        """Mean F1 of the classes that occur, ``[..., 3 * n_labels]`` to ``[...]``."""
        counts = sums.reshape(*sums.shape[:-1], 3, len(self.labels))
        true_positives, errors = counts[..., 0, :], counts[..., 1, :] + counts[..., 2, :]
        class_f1 = ratio(2 * true_positives, 2 * true_positives + errors)
        n_present = np.sum(~np.isnan(class_f1), axis=-1, dtype=np.float64)
        return ratio(np.asarray(np.nansum(class_f1, axis=-1)), np.asarray(n_present))
