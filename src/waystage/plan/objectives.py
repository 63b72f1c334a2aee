"""What a training learns from: the part of its address that says so, and how much there is to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any

from waystage.data.prepare import PreparedText
from waystage.encoders.registry import EncoderShape
from waystage.plan.estimate import mean_tokens, n_evaluations, prediction_work, training_work
from waystage.plan.nodes import (
    CheckpointChoice,
    MaskedLmJob,
    MemberJob,
    MixtureJob,
    PlainObjective,
    SupervisedJob,
    TranslationLmJob,
    Work,
)
from waystage.study.mixing import steps_of_epoch
from waystage.study.study import Training

# Raised by one whenever the same spec would give another result.
_MASKED_LM_VERSION = 2
_TRANSLATION_LM_VERSION = 1
_MIXTURE_VERSION = 1
# Of a member's training, what says how its text is read.
_READING = ("max_tokens", "stride", "max_question_tokens", "pooling")


def objective_spec(objective: PlainObjective | MixtureJob) -> dict[str, Any]:
    """Everything about an objective that decides what is learned."""
    match objective:
        case SupervisedJob():
            return {
                "kind": objective.kind_name,
                "labels": list(objective.labels),
                "data": objective.data.artefact_id,
                **({} if objective.retrieval is None else {"retrieval": asdict(objective.retrieval)}),
                **({} if objective.choice is None else {"selection": _choice_spec(objective.choice)}),
            }
        case MaskedLmJob():
            return {"kind": "masked-lm", "version": _MASKED_LM_VERSION, **_text_spec(objective)}
        case TranslationLmJob():
            return {"kind": "translation-lm", "version": _TRANSLATION_LM_VERSION, **_text_spec(objective)}
        case MixtureJob():
            return {
                "kind": "mixture",
                "version": _MIXTURE_VERSION,
                "members": [_member_spec(member) for member in objective.members],
                "sampling": asdict(objective.sampling),
                "shares_head": objective.shares_head,
            }


def _member_spec(member: MemberJob) -> dict[str, Any]:
    reading = {name: getattr(member.training, name) for name in _READING}
    return {"objective": objective_spec(member.objective), "reading": reading, "rate": member.rate}


def _text_spec(objective: MaskedLmJob | TranslationLmJob) -> dict[str, Any]:
    settings = asdict(objective.settings)
    return {
        "data": {name: text.artefact_id for name, text in objective.data.items()},
        **{name: str(value) if isinstance(value, StrEnum) else value for name, value in settings.items()},
    }


def _choice_spec(choice: CheckpointChoice) -> dict[str, Any]:
    data = {language: text.artefact_id for language, text in choice.data.items()}
    return {**asdict(choice.rule), "oracle_languages": list(choice.rule.oracle_languages), "data": data}


def data_ids(objective: PlainObjective | MixtureJob) -> list[str]:
    """Addresses of all data that an objective reads, each once."""
    match objective:
        case SupervisedJob():
            chosen_by = {} if objective.choice is None else objective.choice.data
            return [objective.data.artefact_id, *ids_by_language(chosen_by)]
        case MaskedLmJob() | TranslationLmJob():
            return ids_by_language(objective.data)
        case MixtureJob():
            ids = (data_id for member in objective.members for data_id in data_ids(member.objective))
            return list(dict.fromkeys(ids))


def ids_by_language(data: Mapping[str, PreparedText]) -> list[str]:
    """In the order of language codes: the order in which a study lists languages changes no result."""
    return [text.artefact_id for _, text in sorted(data.items())]


def inputs_of(objective: PlainObjective, max_tokens: int) -> tuple[int, float]:
    """How many inputs there are, and their mean length in tokens; estimates, from characters."""
    texts = [objective.data] if isinstance(objective, SupervisedJob) else list(objective.data.values())
    n_items = sum(text.n_items for text in texts)
    length = sum(mean_tokens(text, max_tokens) * text.n_items for text in texts) / n_items
    if isinstance(objective, MaskedLmJob):  # documents are packed into full sequences
        return max(1, round(n_items * length / max_tokens)), float(max_tokens)
    return n_items, length


def mixture_work(shape: EncoderShape, n_layers: int, mixture: MixtureJob, training: Training) -> Work:
    """Work of a stage that learns several objectives: each for its share of the steps."""
    inputs = [inputs_of(member.objective, member.training.max_tokens) for member in mixture.members]
    counts = [n for n, _ in inputs]
    shares = mixture.sampling.shares(counts, [member.rate for member in mixture.members])
    n_steps = _n_steps(mixture, training, shares, inputs)
    works = []
    for member, share, (_, length) in zip(mixture.members, shares, inputs, strict=True):
        n_inputs = share * n_steps * training.batch_size
        own = replace(training, tokens=None, steps=None, epochs=n_inputs, max_tokens=member.training.max_tokens)
        works.append(training_work(shape, n_layers, own, 1, length))
    rules = [choice.rule for _, choice in mixture.deciding().values()]
    n_scored = n_evaluations(rules[0], n_steps, _steps_of_epoch(mixture, training, shares, inputs)) if rules else 0.0
    return Work(
        n_tokens=sum(work.n_tokens for work in works),
        training_flops=sum(work.training_flops for work in works),
        prediction_flops=n_scored * _validation_flops(shape, n_layers, mixture),
        memory_bytes=max(work.memory_bytes for work in works),
    )


def _n_steps(mixture: MixtureJob, training: Training, shares: list[float], inputs: list[tuple[int, float]]) -> float:
    if training.steps is not None:
        return float(training.steps)
    if training.tokens is not None:
        per_step = sum(share * length for share, (_, length) in zip(shares, inputs, strict=True))
        return training.tokens / (per_step * training.batch_size)
    return (training.epochs or 1.0) * _steps_of_epoch(mixture, training, shares, inputs)


def _steps_of_epoch(
    mixture: MixtureJob, training: Training, shares: list[float], inputs: list[tuple[int, float]]
) -> float:
    counts = [
        mixture.sampling.capped(n) if member.rate is None else 0
        for member, (n, _) in zip(mixture.members, inputs, strict=True)
    ]
    return steps_of_epoch(counts, shares, training.batch_size)


def _validation_flops(shape: EncoderShape, n_layers: int, mixture: MixtureJob) -> float:
    """Operations of scoring one checkpoint on the validation data of the members that have a say."""
    return sum(
        prediction_work(
            shape, n_layers, choice.data.values(), mixture.members[place].training.max_tokens
        ).prediction_flops
        for place, (_, choice) in mixture.deciding().items()
    )
