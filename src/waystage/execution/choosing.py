"""How the checkpoint of a trained node is chosen, and what is kept of it. Torch is imported when a job needs it.

A stage of one task goes by its score in the selection language. A mixture goes by the mean of the scores of its members
that have validation data to choose by; a study that names one task leaves that to one member.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from waystage.data.examples import Example
from waystage.data.prepare import PreparedText
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.plan.making import head_numbers
from waystage.plan.nodes import CheckpointChoice, MixtureJob, SupervisedJob, TrainJob
from waystage.store.canonical import JsonObject
from waystage.study.study import Training
from waystage.tasks.kinds import KINDS

if TYPE_CHECKING:
    from waystage.prediction.validation import Validation
    from waystage.training.selection import Evaluation
    from waystage.training.stage import Choice

LoadExamples = Callable[[PreparedText], Sequence[Example]]


def choice_of(job: TrainJob, tokenizer: SubwordTokenizer, load_examples: LoadExamples) -> Choice | None:
    """How the checkpoint is chosen; None where it is the last."""
    from waystage.prediction.validation import MixtureValidation, Validation
    from waystage.training.stage import Choice

    def validation(objective: SupervisedJob, choice: CheckpointChoice, training: Training) -> Validation:
        examples = {language: load_examples(text) for language, text in choice.data.items()}
        kind, metric_name = KINDS[objective.kind_name], choice.rule.metric_name
        return Validation(kind, objective.labels, tokenizer, training, examples, metric_name)

    objective = job.objective
    if isinstance(objective, SupervisedJob) and objective.choice is not None:
        return Choice(objective.choice.rule, validation(objective, objective.choice, job.training).scores)
    if not isinstance(objective, MixtureJob) or not (deciding := objective.deciding()):
        return None
    heads = head_numbers(objective)
    validations = {
        str(place): (heads[place], validation(member, choice, objective.members[place].training))
        for place, (member, choice) in deciding.items()
    }
    _, first = next(iter(deciding.values()))
    return Choice(first.rule, MixtureValidation(validations).scores, _mean)


def choice_facts(job: TrainJob, evaluations: Sequence[Evaluation]) -> JsonObject | None:
    """What the checkpoint was chosen by, to be kept beside the weights; None where it is the last."""
    from waystage.training.selection import best_of, selection_facts

    objective = job.objective
    if isinstance(objective, SupervisedJob) and objective.choice is not None:
        n_examples = {language: text.n_items for language, text in objective.choice.data.items()}
        return selection_facts(objective.choice.rule, evaluations, n_examples)
    if not isinstance(objective, MixtureJob) or not (deciding := objective.deciding()):
        return None
    return {
        "rule": "best",
        "members": [
            {
                "member": place,
                "kind": member.kind_name,
                "language": choice.rule.language,
                "metric": choice.rule.metric_name,
                "n_examples": choice.data[choice.rule.language].n_items,
            }
            for place, (member, choice) in deciding.items()
        ],
        "evaluations": [
            {"step": made.step, "score": _mean(made.scores), "scores": [made.scores[str(at)] for at in deciding]}
            for made in evaluations
        ],
        "chosen_step": best_of(evaluations, _mean).step,
    }


def _mean(scores: Mapping[str, float]) -> float:
    """Every task has the same say, however large it is."""
    return fmean(scores.values())
