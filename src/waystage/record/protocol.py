"""How each target was learned and scored, and where that departs from its protocol or the task's declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace

from waystage.plan.counts import OtherCount
from waystage.plan.overlap import ChosenOn, Overlap, departures_of
from waystage.record.zero_shot import trained_languages, zero_shot_departures
from waystage.report.record import Fact, TaskProtocol
from waystage.study.defaults import Defaults
from waystage.study.study import Lora, Precision, RetrievalSettings, Selection, Study, Target, Training
from waystage.tasks.kinds import Kind
from waystage.tasks.task import TrainingDefaults

_BUDGETS = ("epochs", "steps", "tokens", "examples")


def task_protocols(
    study: Study, found: Sequence[Overlap | ChosenOn | OtherCount] = (), no_validation: Mapping[str, str] | None = None
) -> tuple[TaskProtocol, ...]:
    """One entry a target; ``found`` are the plan's departures, ``no_validation`` is the plan's, too."""
    return tuple(_protocol(study, target, found, no_validation or {}) for target in study.targets)


def _protocol(
    study: Study, target: Target, found: Sequence[Overlap | ChosenOn | OtherCount], no_validation: Mapping[str, str]
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
        departures=(
            *_departures(target, study.encoder.name),
            *zero_shot_departures(study, target),
            *departures_of(found, task.name),
        ),
        profile=target.profile,
        learned_in=() if target.learned is None else target.learned.languages,
        trained_languages=trained_languages(study, target),
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
    oracle = "; an oracle is noted beside it, NOT zero-shot and never compared" if selection.oracle_languages else ""
    return f"checkpoint with the best {scored}, of {often}{stopped}{foreign}{oracle}"


def training_facts(training: Training, kind: Kind) -> tuple[Fact, ...]:
    """The hyperparameters that are set and count for a kind, by their names in study files."""
    values = {name: value for name, value in asdict(training).items() if value is not None}
    if not kind.pools_states:
        del values["pooling"]
    if training.lora is not None:
        values["lora"] = f"rank {training.lora.rank}, alpha {training.lora.alpha:g}, {_adapted(training.lora)}"
    return tuple(Fact(name, _shown(value)) for name, value in values.items())


def _adapted(lora: Lora) -> str:
    layers = ", ".join(lora.modules) or "all linear layers"
    return layers if not lora.dropout else f"{layers}, dropout {lora.dropout:g}"


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "none" if value is None else "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _departures(target: Target, encoder: str) -> list[str]:
    """What differs from the profile, or from the task's own declaration where there is none."""
    defaults = Defaults.of(target.task, target.profile, encoder)
    departures = []
    if target.train_task is not None:
        departures.append(f"learned from the training data of {target.train_task.name}")
    if target.task.kind.is_dual_encoder and target.training is None:
        departures.append("nothing is learned for this task")
    departures += _selection_departures(target, defaults)
    for split in ("train", "validation", "test"):
        limit = getattr(target.limits, split)
        is_read = {"train": target.training is not None, "validation": target.task.kind.fits_threshold}
        if limit is not None and is_read.get(split, True):
            departures.append(f"at most {limit} {split} examples a language")
    left_out = [language for language in defaults.languages if language not in target.languages]
    if left_out:
        departures.append(f"without the languages {', '.join(left_out)}")
    added = [language for language in target.languages if language not in defaults.languages]
    if added:
        departures.append(f"also in the languages {', '.join(added)}")
    if target.training is not None:
        departures += _training_departures(target.training, defaults.training_defaults(target.task))
    return departures + _retrieval_departures(target.retrieval, defaults)


def _selection_departures(target: Target, defaults: Defaults) -> list[str]:
    selection, source = target.selection, (target.train_task or target.task).source_language
    departures = []
    if selection is not None and selection.rule == "best" and selection.language != source:
        departures.append(f"the checkpoint is chosen on validation data in {selection.language}: not zero-shot")
    rule = None if defaults.entry is None else defaults.entry.selection
    if rule is None or selection is None:
        return departures
    expected = defaults.selection(None, target.task.metric_name, source)
    if replace(selection, oracle_languages=()) != expected:
        departures.append(f"{selection_words(selection, source)}, instead of: {rule}")
    elif rule.rule == "best" and target.limits.validation != rule.max_examples:
        found, meant = target.limits.validation or "all", rule.max_examples or "all"
        departures.append(f"the checkpoint is chosen on {found} validation examples instead of {meant}")
    return departures


def _retrieval_departures(settings: RetrievalSettings | None, defaults: Defaults) -> list[str]:
    """Only a profile says how a sentence becomes a vector."""
    entry, kind = defaults.entry, defaults.task.kind
    if settings is None or entry is None:
        return []
    if kind.is_dual_encoder:
        return ["vectors are taken without the pooler (a dense layer and tanh) of the published dual encoder"]
    if entry.retrieval is None:
        return []
    expected = {
        "hidden state": (settings.layer, entry.layer(defaults.encoder)),
        "pooling": (settings.pooling, entry.retrieval.pooling),
        "max_tokens": (settings.max_tokens, entry.retrieval.max_tokens),
    }
    departures = [
        f"{name} {'last' if found is None else found} instead of {'last' if meant is None else meant}"
        for name, (found, meant) in expected.items()
        if found != meant
    ]
    if settings.score != kind.scores[0]:
        departures.append(f"vectors are compared by {settings.score} instead of {kind.scores[0]}")
    if not settings.is_forward:
        departures.append("sentences of the source language are searched instead of asking")
    prefix = [f"every sentence begins with {settings.text_prefix!r}"] if settings.text_prefix else []
    return departures + prefix


def _training_departures(training: Training, defaults: TrainingDefaults) -> list[str]:
    departures = []
    for field in fields(defaults):
        chosen, default = getattr(training, field.name), getattr(defaults, field.name)
        if chosen is None and field.name in _BUDGETS:
            budget = next(name for name in _BUDGETS if getattr(training, name) is not None)
            departures.append(f"{getattr(training, budget)} {budget} instead of {default:g} {field.name}")
        elif chosen != default:
            departures.append(f"{field.name} {_shown(chosen)} instead of {_shown(default)}")
    if training.lora is not None:
        departures.append(f"low-rank adapters (rank {training.lora.rank}) and the head are trained, the layers are not")
    elif training.freeze_embeddings:
        departures.append("token embeddings are frozen")
    if training.precision is Precision.BFLOAT16:
        departures.append("matrix products of training, and of predictions, are in bfloat16")
    return departures
