"""Which checkpoint of a stage is taken: scores on validation data while it is trained. Torch.

The rule of XTREME's scripts: the checkpoint with the best score, the earliest of equal ones. The last step is scored
too, also where it is between two evaluations, so that there is always one to take.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from torch import Tensor, nn

from waystage.encoders.model import Encoder
from waystage.errors import StageError
from waystage.store.canonical import JsonObject
from waystage.study.study import Selection

Scores = Mapping[str, float]
"""Score on the validation data of each language, or of each member of a mixture, a fraction."""

Evaluate = Callable[[Encoder, nn.Module], Scores]
"""Scores of an encoder and a head in evaluation mode, for the selection language and for those of the oracle."""

Decide = Callable[[Scores], float]
"""What the scores of a checkpoint are worth; the checkpoint that is worth most is taken."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores of the checkpoint after ``step`` optimiser steps."""

    step: int
    scores: Scores


@dataclass(frozen=True, slots=True)
class Selector:
    """Scores checkpoints by a rule, and says when to stop.

    Attributes:
        rule: which language is scored, how often, and for how long without progress.
        score: scores of what is being trained, as it stands.
        decide: what they are worth.
    """

    rule: Selection
    score: Callable[[], Scores]
    decide: Decide

    def interval(self, n_steps_per_epoch: int) -> int:
        """Optimiser steps from one evaluation to the next."""
        if self.rule.every_steps is not None:
            return self.rule.every_steps
        return max(1, round(n_steps_per_epoch / (self.rule.times_per_epoch or 1)))

    def evaluation(self, step: int) -> Evaluation:
        """Score what is being trained.

        Raises:
            StageError: the validation data has nothing that the metric could score.
        """
        scores = dict(self.score())
        for language, score in scores.items():
            if math.isnan(score):
                raise StageError(
                    f"the validation data in {language} has nothing that {self.rule.metric_name} could score"
                )
        return Evaluation(step, scores)

    def is_best(self, evaluations: Sequence[Evaluation]) -> bool:
        """Whether the newest checkpoint is better than all before it."""
        return best_of(evaluations, self.decide) is evaluations[-1]

    def has_given_up(self, evaluations: Sequence[Evaluation]) -> bool:
        """Whether the last ``patience`` evaluations have shown nothing better."""
        if self.rule.patience is None or not evaluations:
            return False
        best = evaluations.index(best_of(evaluations, self.decide))
        return len(evaluations) - 1 - best >= self.rule.patience


def best_of(evaluations: Sequence[Evaluation], decide: Decide) -> Evaluation:
    """The evaluation that is worth most, the earliest of equal ones.

    >>> made = [Evaluation(1, {"en": 0.5}), Evaluation(2, {"en": 0.7}), Evaluation(3, {"en": 0.7})]
    >>> best_of(made, in_language("en")).step
    2
    """
    return max(evaluations, key=lambda evaluation: decide(evaluation.scores))


def in_language(language: str) -> Decide:
    """The score in a language."""
    return itemgetter(language)


def selection_facts(rule: Selection, evaluations: Sequence[Evaluation], n_examples: Mapping[str, int]) -> JsonObject:
    """What the checkpoint was chosen by; ``n_examples`` is that of each language's validation data.

    The checkpoints that the oracle would have taken are noted beside it, with the score that the chosen one has there.
    """
    chosen = best_of(evaluations, in_language(rule.language))
    oracle = {}
    for language in rule.oracle_languages:
        best = best_of(evaluations, in_language(language))
        oracle[language] = {
            "step": best.step,
            "score": best.scores[language],
            "score_of_chosen": chosen.scores[language],
            "n_examples": n_examples[language],
        }
    return {
        "rule": rule.rule,
        "language": rule.language,
        "metric": rule.metric_name,
        "evaluations": [
            {"step": made.step, "score": made.scores[rule.language], "n_examples": n_examples[rule.language]}
            for made in evaluations
        ],
        "chosen_step": chosen.step,
        **({"oracle": oracle} if oracle else {}),
    }


def copied(parameters: Mapping[str, nn.Parameter]) -> dict[str, Tensor]:
    """The values of parameters, to come back to."""
    return {name: parameter.detach().clone() for name, parameter in parameters.items()}
