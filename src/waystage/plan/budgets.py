"""What a stage is to take, where that follows from something else: operations, or another stage.

A budget is made definite here, so what is trained is addressed by a number of tokens or examples, and a stage with the
same number written by hand is the same node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from waystage.encoders.reading import Reading, training_flops
from waystage.encoders.registry import EncoderShape
from waystage.errors import Problem, StudyError, nearest_name
from waystage.plan.estimate import share_of_full_step
from waystage.plan.making import flops_of_mixture
from waystage.plan.nodes import MixtureJob, PlainObjective, SupervisedJob
from waystage.plan.paces import Pacer
from waystage.plan.readings import Reader
from waystage.study.study import CostUnit, Match, Stage, Study, Training

_FIRST_TOKENS = 50_000.0
_MAX_ROUNDS = 6
_CLOSE = 0.002
_CLOSE_IN_TIME = 0.5
"""The width of the softmax grows slowly, and a pace is not known better."""


@dataclass(frozen=True, slots=True)
class Amount:
    """What a stage takes, as planned: tokens and examples before they are rounded up to whole steps."""

    n_tokens: float
    n_examples: float
    flops: float


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


@dataclass(frozen=True, slots=True)
class Meter:
    """Says what training takes, and how much of it something pays for."""

    reader: Reader
    pacer: Pacer
    shape: EncoderShape
    n_layers: int

    def amount(self, objective: PlainObjective | MixtureJob, training: Training) -> Amount:
        """What training takes whose budget is in passes, steps, tokens or examples."""
        share = share_of_full_step(training)
        if isinstance(objective, MixtureJob):
            read = self.reader.mixture(objective, training)
            n_tokens, n_examples = sum(own.n_tokens for own in read), sum(own.n_examples for own in read)
            return Amount(n_tokens, n_examples, share * flops_of_mixture(self.shape, self.n_layers, read))
        if isinstance(objective, SupervisedJob):
            reading, mask_rate = self.reader.supervised(objective, training), 0.0
            passes = _passes(training, reading)
        else:
            reading, passes = self.reader.text(objective, training), 1.0
            mask_rate = objective.settings.mask_rate
        n_read = passes * reading.n_tokens
        flops = training_flops(self.shape, self.n_layers, reading, n_read, mask_rate * n_read)
        return Amount(n_read, passes * reading.n_examples, share * flops)

    def seconds(self, objective: PlainObjective | MixtureJob, training: Training) -> float:
        """Seconds that training takes on this machine."""
        pace = self.pacer.seconds_per_token(objective, training)
        return pace * self.amount(objective, training).n_tokens

    def in_tokens(self, objective: PlainObjective | MixtureJob, training: Training) -> Training:
        """A budget in operations or seconds as one in tokens.

        What masked LM reads decides how wide its softmax is, and so what a token costs; a few rounds settle that.
        """
        bare = replace(training, flops=None, seconds=None)
        tokens = _FIRST_TOKENS
        for _ in range(_MAX_ROUNDS):
            definite = replace(bare, tokens=max(1, round(tokens)))
            before, tokens = tokens, self._tokens_for(objective, training, definite)
            close = _CLOSE if training.seconds is None else _CLOSE_IN_TIME
            if isinstance(objective, SupervisedJob) or abs(tokens - before) <= close * before:
                break
        return replace(bare, tokens=max(1, round(tokens)))

    def _tokens_for(self, objective: PlainObjective | MixtureJob, training: Training, like: Training) -> float:
        """Tokens that the budget of ``training`` pays for, if one costs what it does with the budget of ``like``."""
        if training.seconds is not None:
            return training.seconds / self.pacer.seconds_per_token(objective, like)
        amount = self.amount(objective, like)
        return (training.flops or 0.0) * amount.n_tokens / amount.flops


@dataclass(slots=True)
class Budgets:
    """Makes the budgets of the stages of a study definite.

    Attributes:
        stages: all stages of the study, by name.
        objective_of: what a stage learns.
        found: the budgets that followed from something else, by the name of the stage.
    """

    stages: Mapping[str, Stage]
    objective_of: Callable[[Stage], PlainObjective | MixtureJob]
    meter: Meter
    found: dict[str, StageBudget] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

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


def _passes(training: Training, reading: Reading) -> float:
    """Passes over the training data; what is given in passes is rounded to whole steps, as the loop does."""
    n_steps = -(-reading.n_examples // training.batch_size)
    if training.steps is not None:
        return training.steps / n_steps
    if training.tokens is not None:
        return training.tokens / reading.n_tokens
    if training.examples is not None:
        return training.examples / reading.n_examples
    return max(1, round((training.epochs or 1.0) * n_steps)) / n_steps
