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
from waystage.plan.nodes import MaskedLmJob, SupervisedJob
from waystage.plan.readings import Reader
from waystage.study.study import CostUnit, Match, Stage, Study, Training

_MAX_ROUNDS = 4
_CLOSE = 0.002


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
        match: the stage that it follows from; None where it was given in operations.
        training: with the budget that it has become, in tokens or examples.
        amount: what that takes.
    """

    match: Match | None
    training: Training
    amount: Amount


@dataclass(slots=True)
class Budgets:
    """Makes the budgets of the stages of a study definite.

    Attributes:
        stages: all stages of the study, by name.
        objective_of: what a stage learns.
        found: the budgets that followed from something else, by the name of the stage.
    """

    stages: Mapping[str, Stage]
    objective_of: Callable[[Stage], SupervisedJob | MaskedLmJob]
    reader: Reader
    shape: EncoderShape
    n_layers: int
    found: dict[str, StageBudget] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def training(self, stage: Stage) -> Training:
        """How a stage is trained, its budget in passes, steps, tokens or examples.

        Raises:
            StudyError: it is matched with no stage, or with itself by way of others.
        """
        training = stage.training
        if training.match is None and training.flops is None:
            return training
        if stage.name not in self.found:
            definite = self._matched(stage, training, training.match) if training.match else training
            if definite.flops is not None:
                definite = self._in_tokens(stage, definite, definite.flops)
            self.found[stage.name] = StageBudget(training.match, definite, self._amount(stage, definite))
        return self.found[stage.name].training

    def _matched(self, stage: Stage, training: Training, match: Match) -> Training:
        other = self.stages.get(match.stage)
        place = f"stages.{stage.name}.budget.match"
        if other is None:
            nearest = nearest_name(match.stage, self.stages)
            raise StudyError(Problem("study", None, place, f"unknown stage '{match.stage}'", "a stage", nearest))
        if stage.name in self._open or other is stage:
            raise StudyError(Problem("study", None, place, "a stage that matches itself by way of others"))
        self._open.append(stage.name)
        amount = self._amount(other, self.training(other))
        self._open.pop()
        bare = replace(training, match=None)
        match match.unit:
            case CostUnit.TOKENS:
                return replace(bare, tokens=max(1, round(amount.n_tokens)))
            case CostUnit.EXAMPLES:
                return replace(bare, examples=max(1, round(amount.n_examples)))
            case CostUnit.FLOPS:
                return replace(bare, flops=amount.flops)

    def _in_tokens(self, stage: Stage, training: Training, flops: float) -> Training:
        """A budget in operations as one in tokens. What masked LM reads decides how wide its softmax is, and so what a
        token costs; a few rounds settle that.
        """
        tokens = flops / training_flops(self.shape, self.n_layers, _full(training.max_tokens), 1.0, 0.0)
        for _ in range(_MAX_ROUNDS):
            definite = replace(training, flops=None, tokens=max(1, round(tokens)))
            amount = self._amount(stage, definite)
            before, tokens = tokens, flops * amount.n_tokens / amount.flops
            if abs(tokens - before) <= _CLOSE * before:
                break
        return replace(training, flops=None, tokens=max(1, round(tokens)))

    def _amount(self, stage: Stage, training: Training) -> Amount:
        """What a stage takes with a definite budget."""
        objective = self.objective_of(stage)
        if isinstance(objective, MaskedLmJob):
            reading, passes = self.reader.masked_lm(objective, training), 1.0
            mask_rate = objective.settings.mask_rate
        else:
            reading, mask_rate = self.reader.supervised(objective, training), 0.0
            passes = _passes(training, reading)
        n_tokens = passes * reading.n_tokens
        flops = training_flops(self.shape, self.n_layers, reading, n_tokens, mask_rate * n_tokens)
        return Amount(n_tokens, passes * reading.n_examples, flops)


def named_stages(study: Study) -> dict[str, Stage]:
    """All stages of a study, each once."""
    return {stage.name: stage for stages in study.sequences.values() for stage in stages}


def _full(max_tokens: int) -> Reading:
    return Reading(1, max_tokens, max_tokens**2)


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
