"""What training takes, counted from what it reads, and how much of it a budget in operations or seconds pays for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from waystage.encoders.reading import Reading, training_flops
from waystage.encoders.registry import EncoderShape
from waystage.plan.estimate import share_of_full_step
from waystage.plan.making import flops_of_mixture
from waystage.plan.nodes import MixtureJob, PlainObjective, SupervisedJob
from waystage.plan.paces import Pacer
from waystage.plan.readings import Reader
from waystage.study.study import Training

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
