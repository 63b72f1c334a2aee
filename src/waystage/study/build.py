"""Checked forms to the resolved parts of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from waystage.data.corpus import Corpus
from waystage.study.forms.encoder import EncoderForm
from waystage.study.forms.own_corpora import OwnCorpusForm
from waystage.study.forms.own_tasks import OwnTaskForm
from waystage.study.forms.stages import ContinuedForm, IntermediateForm, StageForm
from waystage.study.forms.targets import RetrievalForm, TargetForm
from waystage.study.forms.training import BudgetForm, LimitsForm, SelectionForm, TrainingForm
from waystage.study.own_sources import corpus_languages, corpus_source, pool_source, task_source
from waystage.study.pretraining import MaskedLm, MaskUnit, Packing, Softmax
from waystage.study.registries import Registries, find_encoder
from waystage.study.scope import Tree
from waystage.study.study import (
    ContinuedStage,
    EncoderChoice,
    IntermediateStage,
    Limits,
    RetrievalSettings,
    Selection,
    Stage,
    Study,
    Target,
    Training,
)
from waystage.tasks.kinds import KINDS, Kind
from waystage.tasks.qa import QA_TRAINING
from waystage.tasks.task import Task, TrainingDefaults

_FormT = TypeVar("_FormT")
_STAGE: TypeAdapter[StageForm] = TypeAdapter(StageForm)
_TARGET: TypeAdapter[TargetForm] = TypeAdapter(TargetForm)
_TASK: TypeAdapter[OwnTaskForm] = TypeAdapter(OwnTaskForm)
_CORPUS: TypeAdapter[OwnCorpusForm] = TypeAdapter(OwnCorpusForm)


@dataclass(frozen=True)
class StudyParts:
    """The parts of a study that can be resolved from a pruned tree; what is wrong is left out.

    The tree of a study without mistakes gives every part, and :meth:`study` puts them together.
    """

    tree: Tree
    registries: Registries
    study_dir: Path

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """Built-in tasks and those of the study file."""
        forms = _valid(_TASK, self.tree.get("tasks"))
        own = {name: self._own_task(name, form) for name, form in forms.items()}
        return {**self.registries.tasks, **own}

    @cached_property
    def corpora(self) -> dict[str, Corpus]:
        """Built-in corpora and those of the study file."""
        forms = _valid(_CORPUS, self.tree.get("corpora"))
        own = {name: self._own_corpus(name, form) for name, form in forms.items()}
        return {**self.registries.corpora, **own}

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """Stages by name."""
        forms = _valid(_STAGE, self.tree.get("stages"))
        built = {name: self._stage(name, form) for name, form in forms.items()}
        return {name: stage for name, stage in built.items() if stage is not None}

    @cached_property
    def targets(self) -> list[Target]:
        """Targets in their order."""
        forms = _valid(_TARGET, dict(enumerate(self.tree.get("targets") or [])))
        built = [self._target(form) for form in forms.values()]
        return [target for target in built if target is not None]

    def study(self, data_dir: Path | None) -> Study:
        """The study; only to be called on a tree without mistakes."""
        sequences = {
            name: tuple(self.stages[member] for member in members) for name, members in self.tree["sequences"].items()
        }
        without_stages = next((name for name, stages in sequences.items() if not stages), next(iter(sequences)))
        name = self.tree["name"]
        return Study(
            name=name,
            encoder=self._encoder(),
            sequences=sequences,
            targets=tuple(self.targets),
            seeds=tuple(self.tree["seeds"]),
            baseline=self.tree.get("baseline") or without_stages,
            output_dir=Path.cwd() / (self.tree.get("output") or f"runs/{name}"),
            study_dir=self.study_dir,
            data_dir=data_dir,
            description=self.tree.get("description") or "",
            allow_overlap=bool(self.tree.get("allow_overlap")),
        )

    def _encoder(self) -> EncoderChoice:
        choice = self.tree["encoder"]
        form = EncoderForm(name=choice) if isinstance(choice, str) else EncoderForm.model_validate(choice)
        found = find_encoder(form.name, self.registries.encoders, self.study_dir)
        name = found.name if found else form.name
        return EncoderChoice(name, form.revision, form.n_layers, form.trust_remote_code)

    def _own_task(self, name: str, form: OwnTaskForm) -> Task:
        kind = KINDS[form.kind]
        return Task(
            name=name,
            kind=kind,
            source=task_source(form),
            languages=tuple(form.languages),
            labels=tuple(getattr(form, "labels", ())),
            metric_name=form.metric or kind.metric_names[0],
            description=form.description,
            licence=form.licence,
            reference=form.reference,
            source_language=form.source_language,
            training=_own_defaults(kind),
            pool=pool_source(form),
        )

    def _own_corpus(self, name: str, form: OwnCorpusForm) -> Corpus:
        source, languages = corpus_source(form), corpus_languages(form)
        return Corpus(name, source, languages, form.description, form.licence, form.reference)

    def _stage(self, name: str, form: StageForm) -> Stage | None:
        if isinstance(form, IntermediateForm):
            task = self.tasks.get(form.task)
            if task is None:
                return None
            training = _training(form.budget, form.training, task.training)
            selection = None
            if form.selection is not None and form.selection.rule == "best":
                selection = _selection(form.selection, task.metric_name, task.source_language)
            return IntermediateStage(name, task, training, _limits(form.limits), selection)
        corpus = self.corpora.get(form.corpus)
        if corpus is None:
            return None
        languages = corpus.languages if form.languages == "all" else tuple(form.languages)
        training = _training(form.budget, form.training, None)
        return ContinuedStage(name, corpus, languages, training, _masked_lm(form))

    def _target(self, form: TargetForm) -> Target | None:
        task, train_task = self.tasks.get(form.task), self.tasks.get(form.train_on or form.task)
        if task is None or train_task is None:
            return None
        training, selection = None, None
        if task.kind.trains_head and not form.untrained:
            if not task.kind.is_dual_encoder:
                chosen = form.selection or SelectionForm(rule="last")
                selection = _selection(chosen, task.metric_name, train_task.source_language)
            training = _training(form.budget, form.training, train_task.training)
        return Target(
            task=task,
            languages=task.languages if form.languages == "all" else tuple(form.languages),
            training=training,
            retrieval=_retrieval(form.retrieval, task),
            limits=_limits(form.limits),
            n_layers=form.n_layers,
            train_task=train_task if form.train_on else None,
            selection=selection,
        )


def _own_defaults(kind: Kind) -> TrainingDefaults:
    if kind.reads_windows:
        return QA_TRAINING
    return TrainingDefaults(max_question_tokens=96) if kind.is_dual_encoder else TrainingDefaults()


def _training(budget: BudgetForm | None, form: TrainingForm | None, defaults: TrainingDefaults | None) -> Training:
    """What the study says, then what the task says, then what ``Training`` says."""
    said = form.model_dump(exclude_none=True) if form else {}
    if defaults is not None:
        from_task = {
            "learning_rate": defaults.learning_rate,
            "batch_size": defaults.batch_size,
            "micro_batch_size": defaults.micro_batch_size,
            "max_tokens": defaults.max_tokens,
            "warmup_fraction": defaults.warmup_fraction,
            "weight_decay": defaults.weight_decay,
            "stride": defaults.stride,
            "max_question_tokens": defaults.max_question_tokens,
        }
        said = from_task | said
    length = budget.model_dump(exclude_none=True) if budget else {"epochs": defaults.epochs if defaults else 1.0}
    return Training(**length, **said)


def _retrieval(form: RetrievalForm | None, task: Task) -> RetrievalSettings | None:
    """What the study says, then what the task and its kind say."""
    if not task.kind.compares_vectors:
        return None
    said = form.model_dump(exclude_none=True) if form else {}
    return RetrievalSettings(**({"pooling": task.pooling, "score": task.kind.scores[0]} | said))


def _selection(form: SelectionForm, metric_name: str, source_language: str) -> Selection:
    is_best, is_by_steps = form.rule == "best", form.every_steps is not None
    return Selection(
        rule=form.rule,
        language=form.language or source_language,
        metric_name=form.metric or metric_name,
        every_steps=form.every_steps,
        times_per_epoch=(form.times_per_epoch or 1) if is_best and not is_by_steps else None,
        patience=form.patience,
    )


def _masked_lm(form: ContinuedForm) -> MaskedLm:
    return MaskedLm(
        alpha=form.alpha,
        mask_rate=form.mask_rate,
        mask=MaskUnit(form.mask),
        softmax=Softmax(form.softmax),
        packing=Packing(form.packing),
        held_out=form.held_out,
    )


def _limits(form: LimitsForm) -> Limits:
    return Limits(form.train, form.validation, form.test)


def _valid(adapter: TypeAdapter[_FormT], values: Mapping[Any, Any] | None) -> dict[Any, _FormT]:
    """The values that have the right form once everything wrong in them is left out."""
    forms = {}
    for name, value in (values or {}).items():
        try:
            forms[name] = adapter.validate_python(_without_none(value))
        except ValidationError:
            continue
    return forms


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value if item is not None]
    return value
