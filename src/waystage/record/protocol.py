"""How each target was learned and scored, and where that departs from the task's own declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

from waystage.plan.overlap import Overlap, departures_of
from waystage.report.record import Fact, TaskProtocol
from waystage.study.study import Selection, Study, Target, Training
from waystage.tasks.kinds import Kind
from waystage.tasks.task import TrainingDefaults

_BUDGETS = ("epochs", "steps", "tokens")


def task_protocols(
    study: Study, overlaps: Sequence[Overlap] = (), no_validation: Mapping[str, str] | None = None
) -> tuple[TaskProtocol, ...]:
    """One entry a target; ``overlaps`` and ``no_validation`` are those of the study's plan."""
    return tuple(_protocol(study, target, overlaps, no_validation or {}) for target in study.targets)


def _protocol(
    study: Study, target: Target, overlaps: Sequence[Overlap], no_validation: Mapping[str, str]
) -> TaskProtocol:
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
        training=()
        if target.training is None
        else (*training_facts(target.training, task.kind), Fact("layers", layers)),
        layer=layer,
        pooling=None if retrieval is None else retrieval.pooling,
        selection=_selection(target, no_validation.get(task.name)),
        departures=(*_departures(target), *departures_of(overlaps, task.name)),
        reference=task.reference,
        licence=task.licence,
    )


def _selection(target: Target, no_validation: str | None) -> str:
    if target.training is None:
        return "nothing is trained or selected"
    if no_validation is not None:
        return f"last checkpoint; it has no score on validation data: {no_validation}"
    if target.selection is None:
        return "last checkpoint; no development data is looked at"
    return selection_words(target.selection, (target.train_task or target.task).source_language)


def selection_words(selection: Selection, source_language: str) -> str:
    """Which checkpoint is taken, for people.

    >>> selection_words(Selection("best", "en", "accuracy", every_steps=100, patience=3), "en")
    'checkpoint with the best accuracy on validation data in en, of every 100 steps; training stops after 3 without a \
    better one'
    """
    scored = f"{selection.metric_name} on validation data in {selection.language}"
    foreign = "" if selection.language == source_language else f"; NOT zero-shot: {selection.language} was looked at"
    if selection.rule == "last":
        return f"last checkpoint, whatever its {scored}"
    every = selection.every_steps
    often = f"every {every} steps" if every is not None else f"{selection.times_per_epoch or 1} in an epoch"
    stopped = f"; training stops after {selection.patience} without a better one" if selection.patience else ""
    return f"checkpoint with the best {scored}, of {often}{stopped}{foreign}"


def training_facts(training: Training, kind: Kind) -> tuple[Fact, ...]:
    """The hyperparameters that are set and count for a kind, by their names in study files."""
    values = {name: value for name, value in asdict(training).items() if value is not None}
    if not kind.pools_states:
        del values["pooling"]
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
    selection, source = target.selection, (target.train_task or target.task).source_language
    if selection is not None and selection.rule == "best" and selection.language != source:
        departures.append(f"the checkpoint is chosen on validation data in {selection.language}: not zero-shot")
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
