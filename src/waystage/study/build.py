"""Checked forms to the resolved parts of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from waystage.data.corpus import Corpus
from waystage.data.parallel import ParallelCorpus
from waystage.protocols.registry import kind_defaults
from waystage.study.build_stages import StageBuilder
from waystage.study.claims import ClaimScope, ClaimTask, build_claims
from waystage.study.defaults import Defaults
from waystage.study.forms.encoder import EncoderForm
from waystage.study.forms.own_corpora import OwnCorpusForm
from waystage.study.forms.own_parallel import OwnParallelForm
from waystage.study.forms.own_tasks import OwnTaskForm
from waystage.study.forms.stages import StageForm
from waystage.study.forms.targets import TargetForm
from waystage.study.own_sources import corpus_languages, corpus_source, parallel_source, pool_source, task_source
from waystage.study.registries import Registries, find_encoder
from waystage.study.scope import Tree
from waystage.study.study import (
    EncoderChoice,
    Stage,
    Study,
    Target,
)
from waystage.tasks.kinds import KINDS
from waystage.tasks.task import Task

_FormT = TypeVar("_FormT")
_STAGE: TypeAdapter[StageForm] = TypeAdapter(StageForm)
_TARGET: TypeAdapter[TargetForm] = TypeAdapter(TargetForm)
_TASK: TypeAdapter[OwnTaskForm] = TypeAdapter(OwnTaskForm)
_CORPUS: TypeAdapter[OwnCorpusForm] = TypeAdapter(OwnCorpusForm)
_PARALLEL: TypeAdapter[OwnParallelForm] = TypeAdapter(OwnParallelForm)


@dataclass(frozen=True)
class StudyParts:
    """The parts of a study that can be resolved from a pruned tree; what is wrong is left out.

    The tree of a study without mistakes gives every part, and :meth:`study` puts them together.
    """

    tree: Tree
    registries: Registries
    study_dir: Path

    @cached_property
    def own_tasks(self) -> dict[str, Task]:
        """The tasks of the study file."""
        forms = _valid(_TASK, self.tree.get("tasks"))
        return {name: self._own_task(name, form) for name, form in forms.items()}

    @cached_property
    def own_corpora(self) -> dict[str, Corpus]:
        """The corpora of the study file."""
        forms = _valid(_CORPUS, self.tree.get("corpora"))
        return {name: self._own_corpus(name, form) for name, form in forms.items()}

    @cached_property
    def own_parallel_corpora(self) -> dict[str, ParallelCorpus]:
        """The parallel corpora of the study file."""
        forms = _valid(_PARALLEL, self.tree.get("parallel_corpora"))
        return {name: self._own_parallel_corpus(name, form) for name, form in forms.items()}

    def task(self, name: str) -> Task | None:
        """The task of that name; None where there is none."""
        return self.own_tasks.get(name) or self.registries.tasks.get(name)

    def corpus(self, name: str) -> Corpus | None:
        """The corpus of that name; None where there is none."""
        return self.own_corpora.get(name) or self.registries.corpora.get(name)

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """Stages by name."""
        forms = _valid(_STAGE, self.tree.get("stages"))
        protocol = self.tree.get("protocol")
        builder = StageBuilder(self.task, self.corpus, self.own_parallel_corpora.get, protocol, self._encoder_name)
        built = {name: builder.stage(name, form) for name, form in forms.items()}
        return {name: stage for name, stage in built.items() if stage is not None}

    @cached_property
    def targets(self) -> list[Target]:
        """Targets in their order."""
        forms = _valid(_TARGET, dict(enumerate(self.tree.get("targets") or [])))
        built = [self._target(form) for form in forms.values()]
        return [target for target in built if target is not None]

    @property
    def claim_scope(self) -> ClaimScope:
        """What claims of this study can speak of."""
        tasks = {target.task.name: target for target in self.targets}
        return ClaimScope(
            tuple(self.tree.get("sequences") or ()),
            {
                name: ClaimTask(
                    tuple(code for code in target.languages if code != target.task.source_language),
                    target.task.metric_names,
                )
                for name, target in tasks.items()
            },
        )

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
            claims=build_claims(self.tree.get("claims") or {}, self.claim_scope),
        )

    def _encoder(self) -> EncoderChoice:
        choice = self.tree["encoder"]
        form = EncoderForm(name=choice) if isinstance(choice, str) else EncoderForm.model_validate(choice)
        found = find_encoder(form.name, self.registries.encoders, self.study_dir)
        name = found.name if found else form.name
        return EncoderChoice(name, form.revision, form.n_layers, form.trust_remote_code)

    @cached_property
    def _encoder_name(self) -> str:
        choice = self.tree.get("encoder")
        return choice if isinstance(choice, str) else str((choice or {}).get("name") or "")

    @cached_property
    def _n_layers(self) -> int | None:
        """Layers of the encoder that are used, where that is known."""
        choice = self.tree.get("encoder")
        kept: int | None = choice.get("n_layers") if isinstance(choice, dict) else None
        found = (
            find_encoder(self._encoder_name, self.registries.encoders, self.study_dir) if self._encoder_name else None
        )
        return kept or (found.n_layers if found else None)

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
            training=kind_defaults(kind),
            pool=pool_source(form),
        )

    def _own_corpus(self, name: str, form: OwnCorpusForm) -> Corpus:
        source, languages = corpus_source(form), corpus_languages(form)
        return Corpus(name, source, languages, form.description, form.licence, form.reference)

    def _own_parallel_corpus(self, name: str, form: OwnParallelForm) -> ParallelCorpus:
        source = parallel_source(form)
        return ParallelCorpus(name, source, source.pairs, form.description, form.licence, form.reference)

    def _target(self, form: TargetForm) -> Target | None:
        task, train_task = self.task(form.task), self.task(form.train_on or form.task)
        if task is None or train_task is None:
            return None
        defaults = Defaults.of(task, form.protocol or self.tree.get("protocol"), self._encoder_name)
        scored = defaults.scored()
        languages = defaults.languages if form.languages == "all" else tuple(form.languages)
        training, retrieval, selection = None, None, None
        if task.kind.trains_head and not form.untrained:
            training = defaults.training(form.budget, form.training, train_task)
            source_language = train_task.source_language
            if not task.kind.is_dual_encoder:
                selection = defaults.selection(form.selection, scored.metric_name, source_language, languages)
        if task.kind.compares_vectors:
            retrieval = defaults.retrieval(form.retrieval, form.n_layers or self._n_layers)
            if training is not None:
                retrieval = replace(retrieval, max_tokens=training.max_tokens)
        return Target(
            task=scored,
            languages=languages,
            training=training,
            retrieval=retrieval,
            limits=defaults.limits(form.limits),
            n_layers=form.n_layers,
            train_task=train_task if form.train_on else None,
            selection=selection,
            profile=defaults.profile,
            train_languages=tuple(form.train_languages or ()),
            shots=form.shots,
        )


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
