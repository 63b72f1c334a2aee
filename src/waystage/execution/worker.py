"""The worker side: one planned node in, one artefact out. Torch is imported when a job needs it."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waystage.data.examples import Candidate, Example
from waystage.data.prepare import PreparedText, load_candidates, load_examples
from waystage.encoders.reading import training_flops
from waystage.encoders.sources import shape_from_config
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import Interrupted, StageError
from waystage.execution.choosing import choice_facts, choice_of
from waystage.execution.energy import EnergyMeter
from waystage.execution.peers import Gather, SharedStage, peers
from waystage.metrics.files import statistics_bytes
from waystage.metrics.registry import make_metric, score_examples
from waystage.plan.estimate import share_of_full_step
from waystage.plan.making import MemberRead, ObjectiveMaker, flops_of_mixture, read_of_mixture
from waystage.plan.nodes import (
    EncoderJob,
    MixtureJob,
    Node,
    PredictJob,
    ScoreJob,
    Searched,
    SupervisedJob,
    TrainJob,
)
from waystage.plan.validation import SELECTION_NAME
from waystage.prediction.files import read_predictions, write_predictions
from waystage.prediction.predicted import PredictedTogether
from waystage.prediction.together import ByLanguage, language_groups, predict_together
from waystage.store.canonical import JsonObject, canonical_json
from waystage.store.store import Store
from waystage.study.study import Precision, RetrievalSettings, Training
from waystage.tasks.kinds import KINDS

if TYPE_CHECKING:
    from waystage.encoders.model import Encoder
    from waystage.kinds.objective import Objective
    from waystage.training.loop import TrainingCost
    from waystage.training.parallel import Group

OnFraction = Callable[[float], None]
"""Told which share of a job is done, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """How far a stage is: optimiser steps, text tokens, and the loss summed over the terms so far."""

    step: int
    n_steps: int
    n_text_tokens: int
    loss_sum: float
    n_terms: int


@dataclass(frozen=True, slots=True)
class Control:
    """How a worker is watched and stopped. None of it changes results.

    Attributes:
        on_fraction: told about progress inside the job.
        on_wait: told, once, that another process is doing the same job; the next fraction ends the waiting.
        should_stop: asked after each training step, and before each batch of a prediction.
        checkpoint_seconds: time between two checkpoints inside a stage.
        on_step: told about each training step, before ``on_fraction``.
    """

    on_fraction: OnFraction = lambda fraction: None
    should_stop: Callable[[], bool] = lambda: False
    checkpoint_seconds: float = 20.0
    on_wait: Callable[[], None] = lambda: None
    on_step: Callable[[TrainingStep], None] = lambda step: None


@dataclass(slots=True)
class Worker:
    """Does jobs, one at a time; keeps the pretrained encoder and its tokeniser between them.

    Attributes:
        store: where artefacts come from and go to.
        n_threads: threads of this worker; the same number gives the same bytes.
        n_processes: processes of this machine that train a stage together, this one among them.
        gather: the processes that train a stage together, where something else than this worker has started them.
    """

    store: Store
    n_threads: int
    trust_remote_code: bool = False
    n_processes: int = 1
    gather: Gather | None = None
    _encoders: dict[str, Encoder] = field(default_factory=dict)
    _tokenizers: dict[str, SubwordTokenizer] = field(default_factory=dict)
    _examples: dict[str, list[Example]] = field(default_factory=dict)

    def run(self, node: Node, control: Control) -> None:
        """Do the job of ``node`` and put its artefact into the store, unless it is there.

        Raises:
            StageError: training failed.
            StoreError: an artefact that the job reads is damaged, or its own cannot be written.
            Interrupted: ``control.should_stop`` said so; a checkpoint was written.
        """
        with self.store.lock(node.id, on_wait=control.on_wait):
            control.on_fraction(0.0)
            if self.store.has(node.id):
                return
            started = time.monotonic()
            with self.store.write(node.spec) as draft:
                about = self._do(node, draft.dir, control)
                draft.about.update(about)
                draft.about.update(
                    label=node.label,
                    seconds=round(time.monotonic() - started, 3),
                    peak_memory_bytes=peak_memory_bytes(),
                    n_threads=self.n_threads,
                )
            self.store.clear_work(node.id)

    def _do(self, node: Node, folder: Path, control: Control) -> JsonObject:
        job = node.job
        match job:
            case EncoderJob():
                job.source.write(folder)
                return {}
            case TrainJob():
                return self._train(node, job, folder, control)
            case PredictJob():
                return self._predict(job, folder, control)
            case ScoreJob():
                return self._score(job, folder)

    def _tokenizer(self, encoder_id: str) -> SubwordTokenizer:
        if encoder_id not in self._tokenizers:
            folder = self.store.open(encoder_id).path("tokenizer.json").parent
            self._tokenizers[encoder_id] = SubwordTokenizer(folder)
        return self._tokenizers[encoder_id]

    def _pretrained(self, encoder_id: str) -> Encoder:
        """The encoder with all its layers, loaded and verified once."""
        if encoder_id not in self._encoders:
            from waystage.encoders.model import load_encoder, use_threads

            use_threads(self.n_threads)
            folder = self.store.open(encoder_id).path("config.json").parent
            self._encoders[encoder_id] = load_encoder(folder, trust_remote_code=self.trust_remote_code)
        return self._encoders[encoder_id]

    def _load_examples(self, text: PreparedText) -> list[Example]:
        if text.artefact_id not in self._examples:
            self._examples[text.artefact_id] = load_examples(self.store, text.artefact_id)
        return self._examples[text.artefact_id]

    def _train(self, node: Node, job: TrainJob, folder: Path, control: Control) -> JsonObject:
        from waystage.training.parallel import Alone

        stage = SharedStage(self.store, node, self.n_processes, self.n_threads, self.trust_remote_code)
        gather = self.gather or (peers if self.n_processes > 1 else lambda stage: nullcontext(Alone()))
        with gather(stage) as group:
            (objective, cost), used = self._run_stage(node, job, folder, control, group)
        facts: JsonObject = {
            "labels": list(job.objective.labels) if isinstance(job.objective, SupervisedJob) else [],
            "objective": node.spec["objective"]["kind"],
            "n_steps": cost.n_steps,
            "n_text_tokens": cost.n_text_tokens,
            "n_sequences": objective.n_sequences,
            "mean_loss": cost.mean_loss,
        }
        read: list[MemberRead] = []
        if isinstance(job.objective, MixtureJob):
            read = read_of_mixture(job.objective, objective, job.training, cost.n_steps, job.seed)
            facts["members"] = _member_facts(node, read)
        (folder / "training.json").write_bytes(canonical_json(facts))
        chosen = choice_facts(job, cost.evaluations)
        if chosen is not None:
            (folder / SELECTION_NAME).write_bytes(canonical_json(chosen))
        if objective.observed is not None:
            (folder / "pseudo_perplexity.json").write_bytes(canonical_json(objective.observed))
        shape = shape_from_config(self.store.open(job.encoder_id).path("config.json"))
        n_layers = job.n_layers or shape.n_layers
        flops = (
            flops_of_mixture(shape, n_layers, read)
            if read
            else training_flops(shape, n_layers, objective.reading(), cost.n_text_tokens, cost.n_terms)
        )
        return {
            "training_seconds": round(cost.seconds, 3),
            "n_examples": cost.n_examples,
            "n_text_tokens": cost.n_text_tokens,
            "n_computed_tokens": cost.n_computed_tokens,
            "joules": cost.joules,
            "micro_batch_size": used,
            "flops": flops * share_of_full_step(job.training),
        }

    def take_part(self, node: Node, folder: Path, control: Control, group: Group) -> None:
        """Train the stage of ``node`` together with other processes, of which the first one keeps the result.

        Raises:
            StageError, StoreError, Interrupted: as :meth:`run`.
        """
        if not isinstance(node.job, TrainJob):
            raise StageError(f"{node.label} is not trained, so processes cannot share it")
        self._run_stage(node, node.job, folder, control, group)

    def _run_stage(
        self, node: Node, job: TrainJob, folder: Path, control: Control, group: Group
    ) -> tuple[tuple[Objective, TrainingCost], int | None]:
        """The trained stage in ``folder``; what it learned from and cost, and the micro-batch size that fitted."""
        from waystage.execution.fitting import fitting
        from waystage.training.checkpoint import WEIGHTS_NAME
        from waystage.training.loop import LoopSettings
        from waystage.training.stage import StageInputs, run_stage

        parent = self.store.open(job.parent_id).path(WEIGHTS_NAME) if job.parent_id else None
        pretrained = self._pretrained(job.encoder_id)
        settings = LoopSettings(
            work_dir=self.store.work_dir(node.id),
            checkpoint_seconds=control.checkpoint_seconds,
            on_step=lambda step, n_steps: control.on_fraction(step / n_steps),
            should_stop=control.should_stop,
            joules=EnergyMeter().joules,
            group=group,
            on_progress=lambda made, n_steps: control.on_step(
                TrainingStep(made.step, n_steps, made.n_text_tokens, made.loss_sum, made.n_terms)
            ),
        )
        choice = choice_of(job, self._tokenizer(job.encoder_id), self._load_examples)
        inputs = StageInputs(pretrained, parent, job.n_layers, choice)

        def train(size: int | None) -> tuple[Objective, TrainingCost]:
            objective, training = self._objective(job)
            training = replace(training, micro_batch_size=size)
            return objective, run_stage(inputs, objective, training, job.seed, settings, folder / WEIGHTS_NAME)

        return fitting(job, train, node.label, group.size)

    def _objective(self, job: TrainJob) -> tuple[Objective, Training]:
        def table_size() -> int:
            return self._pretrained(job.encoder_id).token_embeddings.num_embeddings

        tokenizer = self._tokenizer(job.encoder_id)
        maker = ObjectiveMaker(self.store, tokenizer, self._load_examples, table_size, job.seed)
        return maker.make(job.objective, job.training)

    def _predict(self, job: PredictJob, folder: Path, control: Control) -> JsonObject:
        from waystage.encoders.model import computing_device
        from waystage.encoders.trimming import read_beside_table
        from waystage.training.checkpoint import WEIGHTS_NAME, apply_weights, copy_encoder

        encoder = copy_encoder(self._pretrained(job.encoder_id), job.n_layers)
        head_tensors = {}
        if job.model_id is not None:
            weights = self.store.open(job.model_id).path(WEIGHTS_NAME)
            head_tensors = apply_weights(encoder, weights, read_beside_table)
        else:
            read_beside_table(encoder)
        encoder.eval().to(computing_device())
        if job.precision is Precision.BFLOAT16:
            encoder.multiply_in_bfloat16()

        def hear(*_: object) -> None:
            if control.should_stop():
                raise Interrupted

        # Every batch goes through this copy of the encoder, whatever the kind of task.
        encoder.register_forward_pre_hook(hear)
        n_tokens, n_done, thresholds = 0, 0, dict[str, JsonObject]()
        for predicted in self._predictions(job, encoder, head_tensors, control):
            for language, predictions in predicted.predictions.items():
                write_predictions(folder / f"{job.split}-{language}.jsonl", predictions)
            n_tokens += predicted.n_text_tokens
            n_done += len(predicted.predictions)
            thresholds |= {language: asdict(threshold) for language, threshold in predicted.thresholds.items()}
            control.on_fraction(n_done / len(job.data))
        if thresholds:
            (folder / "thresholds.json").write_bytes(canonical_json(thresholds))
        return {"n_text_tokens": n_tokens}

    def _predictions(
        self, job: PredictJob, encoder: Encoder, head_tensors: dict[str, Any], control: Control
    ) -> Iterator[PredictedTogether]:
        if job.searched is not None:
            yield from self._found(job, job.searched, encoder, control)
            return
        predict = self._predictor(job, encoder, head_tensors)
        for group in language_groups({language: text.n_items for language, text in job.data.items()}):
            yield predict({language: self._load_examples(job.data[language]) for language in group})

    def _found(
        self, job: PredictJob, searched: Searched, encoder: Encoder, control: Control
    ) -> Iterator[PredictedTogether]:
        """What is found in pools of candidates."""
        from waystage.prediction.mining import Collection, mine
        from waystage.prediction.ranking import rank
        from waystage.prediction.vectors import VectorEncoder

        def candidates(pools: Iterable[PreparedText]) -> Iterator[list[Candidate]]:
            return load_candidates(self.store, (pool.artefact_id for pool in pools))

        n_texts = sum(text.n_items for text in (*job.data.values(), *searched.texts))

        def on_texts(n_read: int) -> None:
            control.on_fraction(min(1.0, n_read / n_texts))
            if control.should_stop():
                raise Interrupted

        settings = job.retrieval or RetrievalSettings()
        vectors = VectorEncoder(encoder, self._tokenizer(job.encoder_id), settings, on_texts)
        if KINDS[job.kind_name].fits_threshold:
            for language in sorted(job.data):
                splits = (searched.validation, searched.validation_pools), (job.data, searched.pools)
                validation, test = (
                    Collection.of(self._load_examples(texts[language]), candidates([pools[language]]))
                    for texts, pools in splits
                )
                yield mine(vectors, language, validation, test, job.max_tokens)
            return
        queries = {language: self._load_examples(text) for language, text in sorted(job.data.items())}
        pool = candidates(text for _, text in sorted(searched.pools.items()))
        lengths = searched.max_query_tokens or job.max_tokens, job.max_tokens
        yield rank(vectors, queries, pool, lengths)

    def _predictor(
        self, job: PredictJob, encoder: Encoder, head_tensors: dict[str, Any]
    ) -> Callable[[ByLanguage], PredictedTogether]:
        from waystage.encoders.pooling import Pooling
        from waystage.kinds.registry import rebuild_head
        from waystage.prediction.decoders import DECODERS
        from waystage.prediction.labels import LabelPredictor
        from waystage.prediction.retrieval import SentenceRetriever

        tokenizer = self._tokenizer(job.encoder_id)
        if job.retrieval is not None:
            return SentenceRetriever.of(encoder, tokenizer, job.retrieval, job.max_tokens).retrieve_together
        kind = KINDS[job.kind_name]
        head = rebuild_head(kind, encoder, len(job.labels), head_tensors).to(next(encoder.parameters()).device)
        pooling = Pooling(job.pooling or "mean")
        predictor = LabelPredictor(encoder, head, tokenizer, job.labels, job.max_tokens, job.windows, pooling)
        return partial(predict_together, partial(DECODERS[kind], predictor))

    def _score(self, job: ScoreJob, folder: Path) -> JsonObject:
        predictions = self.store.open(job.prediction_id)
        for name in job.metric_names:
            columns, scores = tuple[str, ...](), {}
            for language, text in job.data.items():
                metric = make_metric(name, job.labels, language)
                gold = self._load_examples(text)
                predicted = read_predictions(predictions.path(f"{job.split}-{language}.jsonl"))
                scores[language], columns = score_examples(metric, gold, predicted), metric.columns
            (folder / f"{name}.json").write_bytes(statistics_bytes(name, columns, scores))
        return {}


def _member_facts(node: Node, read: Sequence[MemberRead]) -> list[JsonObject]:
    """How often each objective of a mixture was met, and what was read of it."""
    members = node.spec["objective"]["members"]
    return [
        {
            "objective": member["objective"]["kind"],
            "share": own.share,
            "n_steps": own.n_steps,
            "n_text_tokens": own.n_tokens,
        }
        for member, own in zip(members, read, strict=True)
    ]


def peak_memory_bytes() -> int:
    """Largest resident size that this process has had.

    Linux counts in ``ru_maxrss`` what the process held from which this one was started, so its ``VmHWM`` is read.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
