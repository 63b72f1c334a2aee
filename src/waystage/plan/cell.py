"""What is compared: a sequence on a target with a seed."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.study.study import Target


@dataclass(frozen=True, slots=True)
class Cell:
    """One sequence on one target with one seed (None: nothing about it is random).

    ``validation_score_id`` is None where the last checkpoint has no score on validation data: because it was not asked
    for, because there is none, or because the checkpoint was chosen by it (then the training holds the scores).
    """

    sequence: str
    target: Target
    seed: int | None
    stage_ids: tuple[str, ...]
    prediction_id: str
    score_id: str
    validation_score_id: str | None = None
