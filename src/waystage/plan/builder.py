"""Makes the nodes of a plan, each once: what two sequences share has one address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from waystage.data.prepare import PreparedText
from waystage.data.source import Place, Split
from waystage.encoders.registry import EncoderShape
from waystage.encoders.sources import EncoderSource
from waystage.plan.budgets import Budgets, Meter, named_stages
from waystage.plan.cell import Cell
from waystage.plan.estimate import mean_tokens, prediction_work, training_work, with_evaluations
from waystage.plan.nodes import (
    CheckpointChoice,
    EncoderJob,
    Job,
    MaskedLmJob,
    Node,
    PredictJob,
    ScoreJob,
    SupervisedJob,
    TrainJob,
    Work,
)
from waystage.plan.paces import Pacer
from waystage.plan.readings import Reader
from waystage.plan.texts import Texts, training_task
from waystage.plan.validation import validation_uses
from waystage.plan.versions import package_versions
from waystage.store.artefact import identify
from waystage.store.store import Store
from waystage.study.study import IntermediateStage, Precision, RetrievalSettings, Stage, Study, Target, Training
from waystage.tasks.kinds import KINDS

# Raised by one whenever the same spec would give another result.
_TRAIN_VERSION = 2
_MASKED_LM_VERSION = 2
_PREDICT_VERSION = 3
_SCORE_VERSION = 1


@dataclass(slots=True)
class Builder:
    """Makes each node once."""

    study: Study
    place: Place
    source: EncoderSource
    shape: EncoderShape
    texts: Texts
    store: Store
    n_threads: int
    nodes: dict[str, Node] = field(default_factory=dict)
    encoder_id: str = ""
    budgets: Budgets = field(init=False)

    def cells(self) -> Iterator[Cell]:
        """All cells; their nodes are made on the way."""
        encoder_spec = {"kind": "encoder", "version": 1, "identity": self.source.identity()}
        encoder_job = EncoderJob(self.source, self.study.encoder.trust_remote_code)
        self.encoder_id = self._add(encoder_spec, self.study.encoder.name, encoder_job, Work())
        reader = Reader(self.store, self.source, self.encoder_id, self.shape.vocabulary_size)
        choice = self.study.encoder
        pacer = Pacer(reader, self.n_threads, choice.n_layers, choice.trust_remote_code)
        n_layers = choice.n_layers or self.shape.n_layers
        self.budgets = Budgets(named_stages(self.study), self._objective, Meter(reader, pacer, self.shape, n_layers))
        for name, stages in self.study.sequences.items():
            for target in self.study.targets:
                is_random = bool(stages) or target.training is not None
                for seed in self.study.seeds if is_random else (None,):
                    yield self._cell(name, stages, target, seed)

    def _add(self, spec: dict[str, Any], label: str, job: Job, work: Work) -> str:
        node_id = identify(spec)
        if node_id not in self.nodes:
            parents = tuple(parent for parent in spec.get("parents", ()) if parent in self.nodes)
            self.nodes[node_id] = Node(node_id, label, spec, parents, job, work)
        return node_id

    def _cell(self, name: str, stages: tuple[Stage, ...], target: Target, seed: int | None) -> Cell:
        stage_ids: list[str] = []
        for position, stage in enumerate(stages):
            parent = stage_ids[-1] if stage_ids else None
            label = " → ".join(s.name for s in stages[: position + 1])
            stage_ids.append(self._stage(stage, parent, seed or 0, label))
        parent = stage_ids[-1] if stage_ids else None
        if target.training is not None:
            task = training_task(target)
            data = self.texts.train[task.name, target.limits.train]
            retrieval = target.retrieval if task.kind.is_dual_encoder else None
            objective = SupervisedJob(task.kind.name, target.task.labels, data, self._choice(target), retrieval)
            label = f"{name} → {target.task.name}"
            stage_ids.append(self._train(objective, parent, self._n_layers(target), target.training, seed or 0, label))
        model_id = stage_ids[-1] if stage_ids else None
        label = f"{name}: {target.task.name}" + ("" if seed is None else f" (seed {seed})")
        tests = {lang: self.texts.test[target.task.name, lang, target.limits.test] for lang in target.languages}
        asked = _Asked("test", tests, target.task.metric_names)
        prediction_id = self._predict(target, model_id, asked, label)
        score_id = self._score(target, prediction_id, asked, label)
        validation_score_id = self._validation_score(target, model_id, label)
        return Cell(name, target, seed, tuple(stage_ids), prediction_id, score_id, validation_score_id)

    def _choice(self, part: IntermediateStage | Target) -> CheckpointChoice | None:
        """How the checkpoint is chosen; None where it is the last."""
        selection = part.selection
        if selection is None or selection.rule == "last":
            return None
        return CheckpointChoice(
            selection, {use.language: self.texts.validation[use.key] for use in validation_uses(part)}
        )

    def _validation_score(self, target: Target, model_id: str | None, label: str) -> str | None:
        """The score of the last checkpoint on validation data, where there is any; no training depends on it."""
        selection = target.selection
        if selection is None or selection.rule != "last":
            return None
        data = {
            use.language: self.texts.validation[use.key]
            for use in validation_uses(target)
            if use.key in self.texts.validation
        }
        if not data:
            return None
        asked = _Asked("validation", data, (selection.metric_name,))
        return self._score(target, self._predict(target, model_id, asked, label), asked, label)

    def _n_layers(self, target: Target) -> int | None:
        return target.n_layers if target.n_layers is not None else self.study.encoder.n_layers

    def _stage(self, stage: Stage, parent: str | None, seed: int, label: str) -> str:
        training = self.budgets.training(stage)
        return self._train(self._objective(stage), parent, self.study.encoder.n_layers, training, seed, label)

    def _objective(self, stage: Stage) -> SupervisedJob | MaskedLmJob:
        if isinstance(stage, IntermediateStage):
            data = self.texts.train[stage.task.name, stage.limits.train]
            is_dual = stage.task.kind.is_dual_encoder
            settings = RetrievalSettings(pooling=stage.training.pooling, max_tokens=stage.training.max_tokens)
            retrieval = settings if is_dual else None
            return SupervisedJob(stage.task.kind.name, stage.task.labels, data, self._choice(stage), retrieval)
        corpus = {language: self.texts.corpora[stage.corpus.name, language] for language in stage.languages}
        return MaskedLmJob(corpus, stage.masked_lm)

    def _train(
        self,
        objective: SupervisedJob | MaskedLmJob,
        parent: str | None,
        n_layers: int | None,
        training: Training,
        seed: int,
        label: str,
    ) -> str:
        parents = [self.encoder_id, *([parent] if parent else []), *_data_ids(objective)]
        spec = {
            "kind": "train",
            "version": _TRAIN_VERSION,
            "parents": parents,
            "encoder": self.encoder_id,
            "parent": parent,
            "n_layers": n_layers,
            "objective": _objective_spec(objective),
            "training": _training_spec(training, objective),
            "seed": seed,
            "packages": package_versions(),
        }
        job = TrainJob(self.encoder_id, parent, n_layers, objective, training, seed)
        return self._add(spec, f"{label} (seed {seed})", job, self._training_work(job))

    def _training_work(self, job: TrainJob) -> Work:
        layers = job.n_layers or self.shape.n_layers
        texts = [job.objective.data] if isinstance(job.objective, SupervisedJob) else list(job.objective.data.values())
        n_items = sum(text.n_items for text in texts)
        length = sum(mean_tokens(text, job.training.max_tokens) * text.n_items for text in texts) / n_items
        if isinstance(job.objective, MaskedLmJob):
            n_items = max(1, round(n_items * length / job.training.max_tokens))
            length = float(job.training.max_tokens)
        work = training_work(self.shape, layers, job.training, n_items, length)
        choice = None if isinstance(job.objective, MaskedLmJob) else job.objective.choice
        if choice is None:
            return work
        evaluation = prediction_work(self.shape, layers, choice.data.values(), job.training.max_tokens)
        return with_evaluations(work, evaluation, choice.rule, job.training, n_items, length)

    def _predict(self, target: Target, model_id: str | None, asked: _Asked, label: str) -> str:
        task, n_layers, data = target.task, self._n_layers(target), asked.data
        settings = target.retrieval or RetrievalSettings()
        training = target.training or Training(max_tokens=settings.max_tokens)
        max_tokens, windows = training.max_tokens, training.windows
        pooling = training.pooling if task.kind.pools_states else None
        searched = self.texts.searched.get(task.name)
        if searched is not None:
            searched = replace(searched, max_query_tokens=training.max_question_tokens)
        parents = [
            self.encoder_id,
            *([model_id] if model_id else []),
            *_ids_by_language(data),
            *(text.artefact_id for text in (searched.texts if searched else ())),
        ]
        spec = {
            "kind": "predict",
            "version": _PREDICT_VERSION,
            "parents": parents,
            "encoder": self.encoder_id,
            "model": model_id,
            "n_layers": n_layers,
            "task_kind": task.kind.name,
            "labels": list(task.labels),
            "data": {language: text.artefact_id for language, text in data.items()},
            "max_tokens": max_tokens,
            "retrieval": None if target.retrieval is None else asdict(target.retrieval),
            "packages": package_versions(),
            **({} if windows is None else {"windows": asdict(windows)}),
            **({} if pooling is None else {"pooling": pooling}),
            **({} if searched is None else {"searched": searched.spec()}),
            **asked.split_spec,
        }
        job = PredictJob(
            self.encoder_id,
            model_id,
            n_layers,
            task.kind.name,
            task.labels,
            data,
            max_tokens,
            target.retrieval,
            windows,
            pooling,
            asked.split,
            searched,
        )
        layers = n_layers or self.shape.n_layers
        texts = [*data.values(), *(searched.texts if searched else ())]
        work = prediction_work(self.shape, layers, texts, max_tokens)
        return self._add(spec, f"{label}: predict{asked.suffix}", job, work)

    def _score(self, target: Target, prediction_id: str, asked: _Asked, label: str) -> str:
        task, data = target.task, asked.data
        spec = {
            "kind": "score",
            "version": _SCORE_VERSION,
            "parents": [prediction_id, *_ids_by_language(data)],
            "predictions": prediction_id,
            "data": {language: text.artefact_id for language, text in data.items()},
            "labels": list(task.labels),
            "metrics": list(asked.metric_names),
            **asked.split_spec,
        }
        job = ScoreJob(prediction_id, task.labels, data, asked.metric_names, asked.split)
        return self._add(spec, f"{label}: score{asked.suffix}", job, Work())


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is predicted, and what is scored of it."""

    split: Split
    data: dict[str, PreparedText]
    metric_names: tuple[str, ...]

    @property
    def split_spec(self) -> dict[str, str]:
        """The part of a spec that names the split; the test split goes without saying."""
        return {} if self.split == "test" else {"split": self.split}

    @property
    def suffix(self) -> str:
        """The part of a label that names the split."""
        return "" if self.split == "test" else f" {self.split}"


def _training_spec(training: Training, objective: SupervisedJob | MaskedLmJob) -> dict[str, Any]:
    """The hyperparameters; lengths of windows and queries, and pooling, only where results depend on them."""
    spec = asdict(training)
    for key in ("flops", "seconds", "match"):
        del spec[key]  # a plan has made them definite
    if not isinstance(objective, SupervisedJob) or not KINDS[objective.kind_name].pools_states:
        del spec["pooling"]
    for key in ("stride", "max_question_tokens", "examples", "lora"):
        if spec[key] is None:
            del spec[key]
    if training.precision is Precision.FLOAT32:
        del spec["precision"]
    else:
        spec["precision"] = training.precision.value
    return spec


def _choice_spec(choice: CheckpointChoice) -> dict[str, Any]:
    data = {language: text.artefact_id for language, text in choice.data.items()}
    return {**asdict(choice.rule), "oracle_languages": list(choice.rule.oracle_languages), "data": data}


def _data_ids(objective: SupervisedJob | MaskedLmJob) -> list[str]:
    if isinstance(objective, SupervisedJob):
        chosen_by = {} if objective.choice is None else objective.choice.data
        return [objective.data.artefact_id, *_ids_by_language(chosen_by)]
    return _ids_by_language(objective.data)


def _ids_by_language(data: dict[str, PreparedText]) -> list[str]:
    """In the order of language codes: the order in which a study lists languages changes no result."""
    return [text.artefact_id for _, text in sorted(data.items())]


def _objective_spec(objective: SupervisedJob | MaskedLmJob) -> dict[str, Any]:
    if isinstance(objective, SupervisedJob):
        return {
            "kind": objective.kind_name,
            "labels": list(objective.labels),
            "data": objective.data.artefact_id,
            **({} if objective.retrieval is None else {"retrieval": asdict(objective.retrieval)}),
            **({} if objective.choice is None else {"selection": _choice_spec(objective.choice)}),
        }
    return {
        "kind": "masked-lm",
        "version": _MASKED_LM_VERSION,
        "data": {language: text.artefact_id for language, text in objective.data.items()},
        **{name: str(v) if isinstance(v, StrEnum) else v for name, v in asdict(objective.settings).items()},
    }
