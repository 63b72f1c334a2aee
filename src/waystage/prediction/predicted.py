"""What predicting gives. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.metrics.metric import Prediction


@dataclass(frozen=True, slots=True)
class Predicted:
    """Predictions by example id, and the tokens that were read for them."""

    predictions: dict[str, Prediction]
    n_text_tokens: int


@dataclass(frozen=True, slots=True)
class PredictedTogether:
    """Predictions by language and example id, and the tokens that were read for them."""

    predictions: dict[str, dict[str, Prediction]]
    n_text_tokens: int
