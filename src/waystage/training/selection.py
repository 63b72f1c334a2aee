"""Which checkpoint of a stage is taken: scores on validation data while it is trained. Torch.

The rule of XTREME's scripts: the checkpoint with the best score, the earliest of equal ones. The last step is scored
too, also where it is between two evaluations, so that there is always one to take.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from waystage.encoders.model import Encoder
from waystage.errors import StageError
from waystage.store.canonical import JsonObject
from waystage.study.study import Selection

Scores = Mapping[str, float]
"""Score on the validation data of each language, a fraction."""

Evaluate = Callable[[Encoder, nn.Module], Scores]
"""Scores of an encoder and a head in evaluation mode, for the selection language and for those of the oracle."""


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
    """

    rule: Selection
    score: Callable[[], Scores]

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
        return best_of(evaluations, self.rule.language) is evaluations[-1]

    def has_given_up(self, evaluations: Sequence[Evaluation]) -> bool:
        """Whether the last ``patience`` evaluations have shown nothing better."""
        if self.rule.patience is None or not evaluations:
            return False
        best = evaluations.index(best_of(evaluations, self.rule.language))
        return len(evaluations) - 1 - best >= self.rule.patience


def best_of(evaluations: Sequence[Evaluation], language: str) -> Evaluation:
    """The evaluation with the best score in a language, the earliest of equal ones.

    >>> best_of([Evaluation(1, {"en": 0.5}), Evaluation(2, {"en": 0.7}), Evaluation(3, {"en": 0.7})], "en").step
    2
    """
    return max(evaluations, key=lambda evaluation: evaluation.scores[language])


def selection_facts(rule: Selection, evaluations: Sequence[Evaluation], n_examples: Mapping[str, int]) -> JsonObject:
    """What the checkpoint was chosen by; ``n_examples`` is that of each language's validation data.

    The checkpoints that the oracle would have taken are noted beside it, with the score that the chosen one has there.
    """
    chosen = best_of(evaluations, rule.language)
    oracle = {}
    for language in rule.oracle_languages:
        best = best_of(evaluations, language)
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
