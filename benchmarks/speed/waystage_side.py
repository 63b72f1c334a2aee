"""What a study runs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from speed.task import (
    BATCH,
    BFLOAT16,
    LENGTH,
    SEED,
    Clock,
    Memory,
    Result,
    Task,
    flops,
    own_rate,
    sentences_task,
    texts,
)

FULL_SOFTMAX = "waystage, full softmax"


def run(task: Task) -> Result:
    """Time what the task names."""
    return predict(task) if task.topic == "prediction" else train(task)


def load(task: Task) -> Any:
    """The encoder."""
    from waystage.encoders.model import load_encoder

    return load_encoder(Path(task.encoder_dir), task.n_layers)


def objective_of(task: Task, folder: Path) -> Any:
    """The training set in token form, as a study makes it."""
    from waystage.encoders.tokenizer import SubwordTokenizer
    from waystage.kinds.classification import ClassificationObjective

    tokenizer = SubwordTokenizer(Path(task.encoder_dir))
    if task.topic == "fine-tuning":
        return ClassificationObjective(tokenizer, texts(task), sentences_task(task).labels, LENGTH)
    return masked_lm(task, tokenizer, folder)


def masked_lm(task: Task, tokenizer: Any, folder: Path) -> Any:
    """Packed sequences of the same sentences."""
    from waystage.encoders.token_cache import TRAIN, TokenCache, write_token_cache
    from waystage.kinds.masked_lm import MaskedLmObjective
    from waystage.kinds.packing import Frame, draw_sequences
    from waystage.study.pretraining import MaskedLm, Packing, Softmax

    sentences = [example.text for example in texts(task)]
    write_token_cache(tokenizer, lambda: sentences, 0, folder)
    caches: Mapping[str, Any] = {"en": TokenCache.open(folder, TRAIN)}
    size = (LENGTH, 12 * BATCH["masked-lm"] * LENGTH)
    sequences = draw_sequences(caches, Frame.of(tokenizer), Packing.BLOCKS, size, 1.0, SEED)
    is_occurring = task.variant in ("waystage", "waystage" + BFLOAT16)
    softmax = Softmax.OCCURRING if is_occurring else Softmax.FULL
    settings = MaskedLm(softmax=softmax, packing=Packing.BLOCKS, held_out=0)
    return MaskedLmObjective(tokenizer, sequences, settings, 250_037)


def training_of(task: Task) -> Any:
    """The examples' settings: AdamW without weight decay, linear decay from 5e-5, gradients clipped at 1."""
    from waystage.study.study import Precision, Training

    precision = Precision.BFLOAT16 if task.variant.endswith(BFLOAT16) else Precision.FLOAT32
    return Training(
        steps=task.n_steps, learning_rate=5e-5, batch_size=BATCH[task.topic], max_tokens=LENGTH, weight_decay=0.0,
        warmup_fraction=0.0, clip_norm=1.0, dropout=0.0 if task.is_check else None, precision=precision,
    )  # fmt: skip


def batches_of(objective: Any, training: Any) -> list[Any]:
    """The batches of a stage with this seed, in its order."""
    from waystage.training.schedule import BatchOrder

    order = BatchOrder(objective.lengths, training.batch_size, SEED)
    n_epochs = -(-training.steps // order.n_steps_per_epoch)
    return [batch for number in range(n_epochs) for batch in order.epoch(number)][: training.steps]


def train(task: Task) -> Result:
    """A stage; its files are written before the memory is read."""
    from waystage.training.loop import LoopSettings
    from waystage.training.stage import StageInputs, run_stage

    with tempfile.TemporaryDirectory() as folder:
        objective, training = objective_of(task, Path(folder)), training_of(task)
        batches, lengths = batches_of(objective, training), objective.lengths
        memory, clock = Memory(), Clock(task)
        losses = record_losses(objective) if task.is_check else []
        settings = LoopSettings(on_step=lambda step, n: clock.tick())
        inputs = StageInputs(load(task), None, None)
        run_stage(inputs, objective, training, SEED, settings, Path(folder) / "weights.safetensors")
    if task.is_check:
        return Result(1, 1.0, 0.0, 1.0, 0.0, losses)
    return timed(task, clock, lengths, batches, memory)


def record_losses(objective: Any) -> list[float]:
    """A list that gets the mean loss of each step, batches not being cut into micro-batches."""
    losses, loss_sum = [], objective.loss_sum

    def recorded(encoder: Any, head: Any, batch: Any) -> Any:
        total = loss_sum(encoder, head, batch)
        losses.append(float(total.detach()) / batch.n_terms)
        return total

    objective.loss_sum = recorded
    return losses


def timed(task: Task, clock: Clock, lengths: Any, batches: list[Any], memory: Memory) -> Result:
    """The steps after the first."""
    peak = memory.peak()
    n_tokens = int(sum(lengths[batch].sum() for batch in batches[1:]))
    n_sequences = sum(len(batch) for batch in batches[1:])
    rate = own_rate(task, max(1, n_tokens // (len(batches) - 1)))
    n_flops = flops(task, n_tokens, n_tokens / n_sequences)
    return Result(n_tokens, clock.seconds, n_flops, rate, peak, milliseconds=clock.profile.milliseconds)


def predict(task: Task) -> Result:
    """Labels of as many sentences as the Trainer's best options get, tokenising included."""
    import torch

    from waystage.encoders.heads import ClassificationHead
    from waystage.encoders.tokenizer import SubwordTokenizer
    from waystage.encoders.trimming import read_beside_table
    from waystage.prediction.labels import LabelPredictor

    members, tokenizer = texts(task)[: task.n_steps * BATCH[task.topic]], SubwordTokenizer(Path(task.encoder_dir))
    memory = Memory()
    encoder = load(task)
    read_beside_table(encoder)
    if task.variant.endswith(BFLOAT16):
        encoder.multiply_in_bfloat16()
    head = ClassificationHead(
        encoder.hidden_size, len(sentences_task(task).labels), 0.0, torch.Generator().manual_seed(SEED)
    ).eval()
    predictor = LabelPredictor(encoder, head, tokenizer, sentences_task(task).labels, LENGTH)
    predictor.classify(members[:64])
    clock = Clock(replace(task, n_steps=2))
    clock.tick()
    n_tokens = predictor.classify(members).n_text_tokens
    clock.tick()
    peak, n_flops = memory.peak(), flops(task, n_tokens, n_tokens / len(members))
    rate = own_rate(task, 1536)
    return Result(n_tokens, clock.seconds, n_flops, rate, peak, milliseconds=clock.profile.milliseconds)
