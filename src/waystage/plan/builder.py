"""Makes the nodes of a plan, each once: what two sequences share has one address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from waystage.data.prepare import PreparedText
from waystage.data.source import Place
from waystage.encoders.registry import EncoderShape
from waystage.encoders.sources import EncoderSource
from waystage.plan.cell import Cell
from waystage.plan.estimate import mean_tokens, prediction_work, training_work
from waystage.plan.nodes import (
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
from waystage.plan.texts import Texts, training_task
from waystage.plan.versions import package_versions
from waystage.store.artefact import identify
from waystage.study.study import IntermediateStage, RetrievalSettings, Stage, Study, Target, Training

# Raised by one whenever the same spec would give another result.
_TRAIN_VERSION = 1
_PREDICT_VERSION = 2
_SCORE_VERSION = 1


@dataclass(slots=True)
class Builder:
    """Makes each node once."""

    study: Study
    place: Place
    source: EncoderSource
    shape: EncoderShape
    texts: Texts
    nodes: dict[str, Node] = field(default_factory=dict)
    encoder_id: str = ""

    def cells(self) -> Iterator[Cell]:
        """All cells; their nodes are made on the way."""
        encoder_spec = {"kind": "encoder", "version": 1, "identity": self.source.identity()}
        encoder_job = EncoderJob(self.source, self.study.encoder.trust_remote_code)
        self.encoder_id = self._add(encoder_spec, self.study.encoder.name, encoder_job, Work())
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
            objective = SupervisedJob(task.kind.name, target.task.labels, data, retrieval)
            label = f"{name} → {target.task.name}"
            stage_ids.append(self._train(objective, parent, self._n_layers(target), target.training, seed or 0, label))
        model_id = stage_ids[-1] if stage_ids else None
        label = f"{name}: {target.task.name}" + ("" if seed is None else f" (seed {seed})")
        prediction_id = self._predict(target, model_id, label)
        score_id = self._score(target, prediction_id, label)
        return Cell(name, target, seed, tuple(stage_ids), prediction_id, score_id)

    def _n_layers(self, target: Target) -> int | None:
        return target.n_layers if target.n_layers is not None else self.study.encoder.n_layers

    def _stage(self, stage: Stage, parent: str | None, seed: int, label: str) -> str:
        n_layers = self.study.encoder.n_layers
        if isinstance(stage, IntermediateStage):
            data = self.texts.train[stage.task.name, stage.limits.train]
            is_dual = stage.task.kind.is_dual_encoder
            retrieval = RetrievalSettings(pooling=stage.task.pooling) if is_dual else None
            objective = SupervisedJob(stage.task.kind.name, stage.task.labels, data, retrieval)
            return self._train(objective, parent, n_layers, stage.training, seed, label)
        corpus = {language: self.texts.corpora[stage.corpus.name, language] for language in stage.languages}
        return self._train(
            MaskedLmJob(corpus, stage.alpha, stage.mask_rate), parent, n_layers, stage.training, seed, label
        )

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
            "training": _training_spec(training),
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
        return training_work(self.shape, layers, job.training, n_items, length)

    def _predict(self, target: Target, model_id: str | None, label: str) -> str:
        task, n_layers = target.task, self._n_layers(target)
        data = {lang: self.texts.test[task.name, lang, target.limits.test] for lang in target.languages}
        defaults = task.training
        training = target.training or Training(
            max_tokens=defaults.max_tokens, max_question_tokens=defaults.max_question_tokens
        )
        max_tokens, windows = training.max_tokens, training.windows
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
            **({} if searched is None else {"searched": searched.spec()}),
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
            searched,
        )
        layers = n_layers or self.shape.n_layers
        texts = [*data.values(), *(searched.texts if searched else ())]
        work = prediction_work(self.shape, layers, texts, max_tokens)
        return self._add(spec, f"{label}: predict", job, work)

    def _score(self, target: Target, prediction_id: str, label: str) -> str:
        task = target.task
        names = (task.metric_name, *(n for n in task.kind.metric_names if n != task.metric_name))
        data = {lang: self.texts.test[task.name, lang, target.limits.test] for lang in target.languages}
        spec = {
            "kind": "score",
            "version": _SCORE_VERSION,
            "parents": [prediction_id, *_ids_by_language(data)],
            "predictions": prediction_id,
            "data": {language: text.artefact_id for language, text in data.items()},
            "labels": list(task.labels),
            "metrics": list(names),
        }
        return self._add(spec, f"{label}: score", ScoreJob(prediction_id, task.labels, data, names), Work())


def _training_spec(training: Training) -> dict[str, Any]:
    """The hyperparameters; lengths of windows and queries only for the kinds that have them."""
    spec = asdict(training)
    for key in ("stride", "max_question_tokens"):
        if spec[key] is None:
            del spec[key]
    return spec


def _data_ids(objective: SupervisedJob | MaskedLmJob) -> list[str]:
    if isinstance(objective, SupervisedJob):
        return [objective.data.artefact_id]
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
        }
    return {
        "kind": "masked-lm",
        "data": {language: text.artefact_id for language, text in objective.data.items()},
        "alpha": objective.alpha,
        "mask_rate": objective.mask_rate,
    }
