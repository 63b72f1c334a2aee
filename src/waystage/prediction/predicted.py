"""What predicting gives. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from waystage.metrics.metric import Prediction


@dataclass(frozen=True, slots=True)
class Predicted:
    """Predictions by example id, and the tokens that were read for them."""

    predictions: dict[str, Prediction]
    n_text_tokens: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """Pairs with at least this score are taken; ``f1`` is what that gives where it was fitted.

    ``value`` is None where no pair is right there: then none is taken.
    """

    value: float | None
    f1: float


@dataclass(frozen=True, slots=True)
class PredictedTogether:
    """Predictions by language and example id, and the tokens that were read for them.

    ``thresholds`` are those that were fitted for them, by language; empty for kinds that fit none.
    """

    predictions: dict[str, dict[str, Prediction]]
    n_text_tokens: int
    thresholds: dict[str, Threshold] = field(default_factory=dict)
