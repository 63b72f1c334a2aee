"""Validation of mixtures: every member by its own head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from torch import nn

from waystage.errors import StageError
from waystage.prediction.validation import MixtureValidation


@dataclass
class Scored:
    """Stands for the validation data of a member; its score tells the size of the head that it was given."""

    factor: float
    metric_name: str = "accuracy"

    def scores(self, encoder: object, head: nn.Linear) -> dict[str, float]:
        return {"en": head.out_features * self.factor}


def scores_of(**members: tuple[int, Any]) -> dict[str, float]:
    heads = nn.ModuleList([nn.Linear(4, 2), nn.Linear(4, 3), nn.Linear(4, 7)])
    return MixtureValidation(members).scores(nn.Identity(), heads)  # type: ignore[arg-type]


def test_each_member_is_scored_with_its_own_head() -> None:
    assert scores_of(first=(2, Scored(0.1)), second=(0, Scored(0.2))) == pytest.approx({"first": 0.7, "second": 0.4})


def test_a_member_that_cannot_be_scored_is_named() -> None:
    with pytest.raises(StageError, match="second: its validation data in en has nothing"):
        scores_of(first=(0, Scored(0.1)), second=(1, Scored(float("nan"))))
