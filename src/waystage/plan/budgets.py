"""What a stage is to take, where that follows from something else: operations, or another stage.

A budget is made definite here, so what is trained is addressed by a number of tokens or examples, and a stage with the
same number written by hand is the same node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from waystage.errors import Problem, StudyError, nearest_name
from waystage.plan.nodes import MixtureJob, PlainObjective
from waystage.study.study import CostUnit, Match, Stage, Study, Training

if TYPE_CHECKING:
    from waystage.plan.meter import Amount, Meter


@dataclass(frozen=True, slots=True)
class StageBudget:
    """A budget that followed from something else.

    Attributes:
        match: the stage that it follows from; None where it was given in operations or seconds.
        training: with the budget that it has become, in tokens or examples.
        amount: what that takes.
        seconds: what that was to take; None where time does not count.
    """

    match: Match | None
    training: Training
    amount: Amount
    seconds: float | None = None


@dataclass(slots=True)
class Budgets:
    """Makes the budgets of the stages of a study definite.

    Attributes:
        stages: all stages of the study, by name.
        objective_of: what a stage learns.
        open_meter: makes what counts and times training; called when the first budget needs it.
        found: the budgets that followed from something else, by the name of the stage.
    """

    stages: Mapping[str, Stage]
    objective_of: Callable[[Stage], PlainObjective | MixtureJob]
    open_meter: Callable[[], Meter]
    found: dict[str, StageBudget] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _meter: Meter | None = None

    @property
    def meter(self) -> Meter:
        """Counts and times training."""
        if self._meter is None:
            self._meter = self.open_meter()
        return self._meter

    def training(self, stage: Stage) -> Training:
        """How a stage is trained, its budget in passes, steps, tokens or examples.

        Raises:
            StudyError: it is matched with no stage, or with itself by way of others.
        """
        training = stage.training
        if training.match is None and training.flops is None and training.seconds is None:
            return training
        if stage.name not in self.found:
            objective = self.objective_of(stage)
            given = self._matched(stage, training.match) if training.match else training
            is_definite = given.flops is None and given.seconds is None
            definite = given if is_definite else self.meter.in_tokens(objective, given)
            amount = self.meter.amount(objective, definite)
            self.found[stage.name] = StageBudget(training.match, definite, amount, given.seconds)
        return self.found[stage.name].training

    def _matched(self, stage: Stage, match: Match) -> Training:
        """How a stage is trained that takes as much as another one."""
        other = self.stages.get(match.stage)
        place = f"stages.{stage.name}.budget.match"
        if other is None:
            nearest = nearest_name(match.stage, self.stages)
            raise StudyError(Problem("study", None, place, f"unknown stage '{match.stage}'", "a stage", nearest))
        if stage.name in self._open or other is stage:
            raise StudyError(Problem("study", None, place, "a stage that matches itself by way of others"))
        self._open.append(stage.name)
        taken = (self.objective_of(other), self.training(other))
        self._open.pop()
        bare = replace(stage.training, match=None)
        match match.unit:
            case CostUnit.TOKENS:
                return replace(bare, tokens=max(1, round(self.meter.amount(*taken).n_tokens)))
            case CostUnit.EXAMPLES:
                return replace(bare, examples=max(1, round(self.meter.amount(*taken).n_examples)))
            case CostUnit.FLOPS:
                return replace(bare, flops=self.meter.amount(*taken).flops)
            case CostUnit.SECONDS:
                return replace(bare, seconds=self.meter.seconds(*taken))


def named_stages(study: Study) -> dict[str, Stage]:
    """All stages of a study, each once."""
    return {stage.name: stage for stages in study.sequences.values() for stage in stages}
