"""Makes the nodes of a plan, each once: what two sequences share has one address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from waystage.data.parallel import pair_name
from waystage.data.prepare import PreparedText
from waystage.data.source import Place, Split
from waystage.encoders.registry import EncoderShape
from waystage.encoders.sources import EncoderSource
from waystage.plan.budgets import Budgets, named_stages
from waystage.plan.cell import Cell
from waystage.plan.estimate import prediction_work, training_work, with_evaluations
from waystage.plan.nodes import (
    CheckpointChoice,
    EncoderJob,
    Job,
    MaskedLmJob,
    MemberJob,
    MixtureJob,
    Node,
    PlainObjective,
    PredictJob,
    ScoreJob,
    SupervisedJob,
    TrainJob,
    TranslationLmJob,
    Work,
)
from waystage.plan.objectives import data_ids, ids_by_language, inputs_of, mixture_work, objective_spec
from waystage.plan.texts import Texts
from waystage.plan.validation import validation_uses
from waystage.plan.versions import package_versions
from waystage.store.artefact import identify
from waystage.store.store import Store
from waystage.study.study import (
    ContinuedStage,
    IntermediateStage,
    MixedStage,
    ParallelStage,
    PlainStage,
    Precision,
    RetrievalSettings,
    Stage,
    Study,
    Target,
    Training,
)
from waystage.tasks.kinds import KINDS

if TYPE_CHECKING:
    from waystage.plan.meter import Meter

# Raised by one whenever the same spec would give another result.
_TRAIN_VERSION = 2
_TRAIN_VERSION_IN_BFLOAT16 = 3
"""Dropout draws from the same stream as in float32 since this one."""
_PREDICT_VERSION = 3
_PREDICT_VERSION_IN_BFLOAT16 = 4
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
        self.budgets = Budgets(named_stages(self.study), self._counted, self._meter)
        for name, stages in self.study.sequences.items():
            for target in self.study.targets:
                is_random = bool(stages) or target.training is not None
                for seed in self.study.seeds if is_random else (None,):
                    yield self._cell(name, stages, target, seed)

    def _meter(self) -> Meter:
        # Imported here because most plans have nothing to count or time, and are to be there at once.
        from waystage.plan.meter import Meter
        from waystage.plan.paces import Pacer
        from waystage.plan.readings import Reader

        choice = self.study.encoder
        reader = Reader(self.store, self.source, self.encoder_id, self.shape.vocabulary_size)
        pacer = Pacer(reader, self.n_threads, choice.n_layers, choice.trust_remote_code)
        return Meter(reader, pacer, self.shape, choice.n_layers or self.shape.n_layers)

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
            if target.learned is None:
                raise RuntimeError("a target that is trained learns from something")
            task = target.learned.task
            data = self.texts.training(target.learned, seed)
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
        return self._train(self._objective(stage, seed), parent, self.study.encoder.n_layers, training, seed, label)

    def _counted(self, stage: Stage) -> PlainObjective | MixtureJob:
        """What a stage learns, for a budget: that of the first seed, where the seed draws examples."""
        return self._objective(stage, self.study.seeds[0])

    def _objective(self, stage: Stage, seed: int) -> PlainObjective | MixtureJob:
        if not isinstance(stage, MixedStage):
            return self._plain_objective(stage, seed)
        members = tuple(
            MemberJob(self._plain_objective(part, seed), part.training, rate)
            for part, rate in zip(stage.parts, stage.rates, strict=True)
        )
        return MixtureJob(members, stage.sampling, stage.shares_head)

    def _plain_objective(self, stage: PlainStage, seed: int) -> PlainObjective:
        match stage:
            case IntermediateStage():
                data = self.texts.training(stage.learned, seed)
                settings = RetrievalSettings(pooling=stage.training.pooling, max_tokens=stage.training.max_tokens)
                retrieval = settings if stage.task.kind.is_dual_encoder else None
                return SupervisedJob(stage.task.kind.name, stage.task.labels, data, self._choice(stage), retrieval)
            case ContinuedStage():
                corpus = {language: self.texts.corpora[stage.corpus.name, language] for language in stage.languages}
                return MaskedLmJob(corpus, stage.masked_lm)
            case ParallelStage():
                pairs = {pair_name(pair): self.texts.parallel[stage.corpus.name, pair] for pair in stage.pairs}
                return TranslationLmJob(pairs, stage.translation_lm)

    def _train(
        self,
        objective: PlainObjective | MixtureJob,
        parent: str | None,
        n_layers: int | None,
        training: Training,
        seed: int,
        label: str,
    ) -> str:
        parents = [self.encoder_id, *([parent] if parent else []), *data_ids(objective)]
        spec = {
            "kind": "train",
            "version": _TRAIN_VERSION if training.precision is Precision.FLOAT32 else _TRAIN_VERSION_IN_BFLOAT16,
            "parents": parents,
            "encoder": self.encoder_id,
            "parent": parent,
            "n_layers": n_layers,
            "objective": objective_spec(objective),
            "training": _training_spec(training, objective),
            "seed": seed,
            "packages": package_versions(),
        }
        job = TrainJob(self.encoder_id, parent, n_layers, objective, training, seed)
        return self._add(spec, f"{label} (seed {seed})", job, self._training_work(job))

    def _training_work(self, job: TrainJob) -> Work:
        layers = job.n_layers or self.shape.n_layers
        if isinstance(job.objective, MixtureJob):
            return mixture_work(self.shape, layers, job.objective, job.training)
        n_items, length = inputs_of(job.objective, job.training.max_tokens)
        work = training_work(self.shape, layers, job.training, n_items, length)
        choice = job.objective.choice if isinstance(job.objective, SupervisedJob) else None
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
        precision = training.precision if model_id is not None else Precision.FLOAT32
        searched = self.texts.searched.get(task.name)
        if searched is not None:
            searched = replace(searched, max_query_tokens=training.max_question_tokens)
        parents = [
            self.encoder_id,
            *([model_id] if model_id else []),
            *ids_by_language(data),
            *(text.artefact_id for text in (searched.texts if searched else ())),
        ]
        spec = {
            "kind": "predict",
            "version": _PREDICT_VERSION if precision is Precision.FLOAT32 else _PREDICT_VERSION_IN_BFLOAT16,
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
            **({} if precision is Precision.FLOAT32 else {"precision": precision.value}),
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
            precision,
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
            "parents": [prediction_id, *ids_by_language(data)],
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


@lru_cache(maxsize=64)
def _fields_of(training: Training) -> dict[str, Any]:
    """All seeds and sequences share a few of these."""
    return asdict(training)


def _training_spec(training: Training, objective: PlainObjective | MixtureJob) -> dict[str, Any]:
    """The hyperparameters; lengths of windows and queries, and pooling, only where results depend on them."""
    spec = dict(_fields_of(training))
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
