"""How each target was learned and scored, and where that departs from the task's own declaration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

from waystage.plan.overlap import Overlap, departures_of
from waystage.report.record import Fact, TaskProtocol
from waystage.study.study import Study, Target, Training
from waystage.tasks.task import TrainingDefaults

_SELECTION = "last checkpoint; no development data is looked at"
_BUDGETS = ("epochs", "steps", "tokens")


def task_protocols(study: Study, overlaps: Sequence[Overlap] = ()) -> tuple[TaskProtocol, ...]:
    """One entry a target; ``overlaps`` are those of the study's plan."""
    return tuple(_protocol(study, target, overlaps) for target in study.targets)


def _protocol(study: Study, target: Target, overlaps: Sequence[Overlap]) -> TaskProtocol:
    task, retrieval = target.task, target.retrieval
    n_layers = target.n_layers or study.encoder.n_layers
    layers = "all layers" if n_layers is None else f"first {n_layers} layers"
    layer = None
    if retrieval is not None:
        layer = f"last ({layers})" if retrieval.layer is None else f"hidden state {retrieval.layer} ({layers})"
        if retrieval.text_prefix:
            layer += f", prefix {retrieval.text_prefix!r}"
        if retrieval.candidate_prefix is not None:
            layer += f", prefix of candidates {retrieval.candidate_prefix!r}"
        if retrieval.score != task.kind.scores[0]:
            layer += f", compared by {retrieval.score}"
        if not retrieval.is_forward:
            layer += ", searched backward"
    return TaskProtocol(
        task=task.name,
        kind=task.kind.name,
        metric=task.metric_name,
        source_language=task.source_language,
        languages=target.languages,
        training=() if target.training is None else (*training_facts(target.training), Fact("layers", layers)),
        layer=layer,
        pooling=None if retrieval is None else retrieval.pooling,
        selection=_SELECTION if target.training is not None else "nothing is trained or selected",
        departures=(*_departures(target), *departures_of(overlaps, task.name)),
    )


def training_facts(training: Training) -> tuple[Fact, ...]:
    """The hyperparameters that are set, by their names in study files."""
    values = {name: value for name, value in asdict(training).items() if value is not None}
    return tuple(Fact(name, _shown(value)) for name, value in values.items())


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _departures(target: Target) -> list[str]:
    departures = []
    if target.train_task is not None:
        departures.append(f"learned from the training data of {target.train_task.name}")
    if target.task.kind.is_dual_encoder and target.training is None:
        departures.append("nothing is learned for this task")
    for split in ("train", "validation", "test"):
        limit = getattr(target.limits, split)
        is_read = {"train": target.training is not None, "validation": target.task.kind.fits_threshold}
        if limit is not None and is_read.get(split, True):
            departures.append(f"at most {limit} {split} examples a language")
    left_out = [language for language in target.task.languages if language not in target.languages]
    if left_out:
        departures.append(f"without the languages {', '.join(left_out)}")
    if target.training is not None:
        departures.extend(_training_departures(target.training, target.task.training))
    return departures


def _training_departures(training: Training, defaults: TrainingDefaults) -> list[str]:
    departures = []
    for field in fields(defaults):
        chosen, default = getattr(training, field.name), getattr(defaults, field.name)
        if chosen is None and field.name in _BUDGETS:
            budget = next(name for name in _BUDGETS if getattr(training, name) is not None)
            departures.append(f"{getattr(training, budget)} {budget} instead of {default:g} {field.name}")
        elif chosen != default:
            departures.append(f"{field.name} {_shown(chosen)} instead of {_shown(default)}")
    if training.freeze_embeddings:
        departures.append("token embeddings are frozen")
    return departures
