"""What trainings took, as it stands in a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CLOSE = 0.05
"""Two stages whose costs differ by more than this share of one were not matched."""

Unit = Literal["tokens", "examples", "flops", "seconds"]


@dataclass(frozen=True, slots=True)
class StageCost:
    """One training, as measured; None where it was not.

    Attributes:
        id: of its node.
        label: its place in a sequence and its seed, for people.
        name: of the stage, or of the task of a target.
        is_target: whether it is the training on a target.
        n_tokens: tokens of text; padding is left out.
        estimated_tokens: what the plan estimated; where the budget was matched, what it counted.
        flops: floating-point operations that the text takes, forward and backward (a multiply-add is two).
        seconds: of optimiser steps and of scores on validation data between them; loading is left out.
        joules: energy that the whole machine used meanwhile.
        batch_size: examples of an optimiser step.
        micro_batch_size: of a forward pass, as it was used in the end.
        wanted_micro_batch_size: as the study has it; larger where memory did not suffice.
    """

    id: str
    label: str
    name: str
    is_target: bool
    seed: int
    n_steps: int | None
    n_examples: int | None
    n_tokens: int | None
    estimated_tokens: float
    flops: float | None
    estimated_flops: float
    seconds: float | None
    joules: float | None
    batch_size: int
    micro_batch_size: int | None
    wanted_micro_batch_size: int | None

    def amount(self, unit: Unit) -> float | None:
        """What was measured in a unit."""
        match unit:
            case "tokens":
                return self.n_tokens
            case "examples":
                return self.n_examples
            case "flops":
                return self.flops
            case "seconds":
                return self.seconds


@dataclass(frozen=True, slots=True)
class MatchedBudget:
    """Two stages that were to cost the same, and what they did: means over their trainings; None: not measured.

    Attributes:
        planned: amount of ``other`` that the plan gave to ``stage``.
        stage_amount: measured.
        other_amount: measured.
    """

    stage: str
    other: str
    unit: Unit
    planned: float
    stage_amount: float | None
    other_amount: float | None

    @property
    def ratio(self) -> float | None:
        """What ``stage`` took of what ``other`` took."""
        return self.stage_amount / self.other_amount if self.stage_amount and self.other_amount else None

    @property
    def is_close(self) -> bool | None:
        """Whether both took the same, as far as one may say so."""
        return None if self.ratio is None else abs(self.ratio - 1.0) <= CLOSE
