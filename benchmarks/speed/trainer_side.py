"""The same model under transformers' Trainer, set up as the examples of that library set it up."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from speed.task import (
    BATCH,
    BFLOAT16,
    DEFAULT,
    LENGTH,
    SEED,
    THROUGHOUT,
    Clock,
    Memory,
    Result,
    Task,
    flops,
    own_rate,
    sentences_task,
    texts,
)
from speed.waystage_side import batches_of, load, objective_of, timed, training_of
from waystage.seeds import derive_seed

Row = dict[str, Any]


class Model(nn.Module):
    """Encoder and head; gives logits, and the loss as transformers' models compute it."""

    def __init__(self, encoder: Any, head: nn.Module, is_lm: bool) -> None:
        super().__init__()
        # What transformers has without us.
        encoder.model.set_attn_implementation("sdpa")
        self.model, self.head, self.is_lm = encoder.model, head, is_lm

    def forward(self, input_ids: Any, attention_mask: Any, labels: Any = None) -> dict[str, Any]:
        states = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.is_lm:
            logits = self.head(states.flatten(0, 1), self.model.get_input_embeddings().weight)
        else:
            mask = attention_mask.unsqueeze(-1).to(states.dtype)
            logits = self.head((states * mask).sum(1) / mask.sum(1))
        if labels is None:
            return {"logits": logits}
        return {"loss": nn.functional.cross_entropy(logits, labels.view(-1), ignore_index=-100)}


def run(task: Task) -> Result:
    """Time what the task names, or take its losses."""
    return predict(task) if task.topic == "prediction" else train(task)


def train(task: Task) -> Result:
    """So many steps of the Trainer."""
    from transformers import Trainer, TrainerCallback

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tokens").mkdir()
        objective, training = objective_of(task, Path(folder) / "tokens"), training_of(task)
        is_lm = task.topic == "masked-lm"
        memory, clock, seen = Memory(), Clock(task), []
        encoder = load(task)
        if is_lm:
            objective.trim(objective.vocabulary())
        head = objective.make_head(encoder, 0.1, torch.Generator().manual_seed(derive_seed(SEED, "head")))
        model = Model(encoder, head, is_lm)
        if task.is_check:
            without_dropout(model)
        rows = rows_of(objective)
        collate = checked(objective, batches_of(objective, training)) if task.is_check else collator(task, objective)

        class Ticks(TrainerCallback):
            def on_step_end(self, *arguments: Any, **others: Any) -> None:
                clock.tick()

        class Recording(Trainer):
            def compute_loss(self, model: Any, inputs: Any, *arguments: Any, **others: Any) -> Any:
                seen.append(inputs["attention_mask"].sum(1).tolist())
                return super().compute_loss(model, inputs, *arguments, **others)

            def _get_train_sampler(self, *arguments: Any) -> Any:
                return range(len(rows)) if task.is_check else super()._get_train_sampler(*arguments)

        arguments = arguments_of(task, folder, training)
        trainer = Recording(model, arguments, train_dataset=rows, data_collator=collate, callbacks=[Ticks()])
        trainer.train()
    if task.is_check:
        return Result(1, 1.0, 0.0, 1.0, 0.0, [entry["loss"] for entry in trainer.state.log_history if "loss" in entry])
    lengths = torch.tensor([length for batch in seen for length in batch]).numpy()
    starts = torch.arange(len(lengths)).split([len(batch) for batch in seen])
    return timed(task, clock, lengths, [start.numpy() for start in starts], memory)


def arguments_of(task: Task, folder: str, training: Any) -> Any:
    """The settings of the examples; the best options besides, where the variant has them."""
    from transformers import TrainingArguments

    best = {"optim": "adamw_torch_fused", "train_sampling_strategy": "group_by_length"}
    return TrainingArguments(
        output_dir=folder, max_steps=task.n_steps, per_device_train_batch_size=BATCH[task.topic],
        learning_rate=training.learning_rate, report_to=[], save_strategy="no", use_cpu=True, seed=SEED,
        logging_strategy="steps" if task.is_check else "no", logging_steps=1, disable_tqdm=True,
        remove_unused_columns=False, length_column_name="length", bf16=task.variant.endswith(BFLOAT16),
        **({} if task.variant == DEFAULT else best),
    )  # fmt: skip


def without_dropout(model: nn.Module) -> None:
    """Set every dropout to 0."""
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0


def rows_of(objective: Any) -> list[Row]:
    """Token ids, the place in the training set, and the length."""
    return [{"input_ids": objective.sequences[i].ids.tolist(), "index": i, "length": len(objective.sequences[i])}
            for i in range(len(objective.sequences))]  # fmt: skip


def padded(rows: list[Row], pad_id: int, width: int) -> tuple[Any, Any]:
    """Ids and mask."""
    ids, mask = torch.full((len(rows), width), pad_id), torch.zeros(len(rows), width, dtype=torch.int64)
    for at, row in enumerate(rows):
        ids[at, : row["length"]] = torch.tensor(row["input_ids"])
        mask[at, : row["length"]] = 1
    return ids, mask


def collator(task: Task, objective: Any) -> Callable[[list[Row]], Row]:
    """Batches as the examples' collators make them: padded to 128 tokens, or to the longest of the batch."""
    targets = torch.from_numpy(objective._targets) if task.topic == "fine-tuning" else None

    def collate(rows: list[Row]) -> Row:
        width = LENGTH if task.variant == DEFAULT else max(row["length"] for row in rows)
        ids, mask = padded(rows, objective.pad_id, width)
        if targets is not None:
            return {"input_ids": ids, "attention_mask": mask, "labels": targets[[row["index"] for row in rows]]}
        return {"attention_mask": mask, **masked(ids, mask, objective)}

    return collate


def masked(ids: Any, mask: Any, objective: Any) -> Row:
    """15 % of the tokens to predict, 80/10/10, as DataCollatorForLanguageModeling does."""
    special = torch.isin(ids, torch.tensor(objective._special_ids.tolist())) | (mask == 0)
    chosen = torch.bernoulli(torch.full(ids.shape, 0.15).masked_fill(special, 0.0)).bool()
    labels = ids.masked_fill(~chosen, -100)
    draw = torch.rand(ids.shape)
    ids = ids.masked_fill(chosen & (draw < 0.8), objective.mask_id)
    others = chosen & (draw >= 0.8) & (draw < 0.9)
    return {"input_ids": torch.where(others, torch.randint(5, 250_000, ids.shape), ids), "labels": labels}


def checked(objective: Any, batches: list[Any]) -> Callable[[list[Row]], Row]:
    """The very batches, and masks, of Waystage's stage, one after the other, whatever rows are asked for."""
    step = iter(range(len(batches)))

    def collate(rows: list[Row]) -> Row:
        number = next(step)
        batch = objective.micro_batch(batches[number], derive_seed(SEED, "inputs", number, 0), torch.device("cpu"))
        inputs = {"input_ids": batch.tokens.input_ids, "attention_mask": batch.tokens.attention_mask.long()}
        if batch.targets.ndim == 1:
            return {**inputs, "labels": batch.targets}
        labels = torch.full_like(inputs["input_ids"], -100)
        labels[batch.targets[0], batch.targets[1]] = batch.targets[2]
        return {**inputs, "labels": labels}

    return collate


def predict(task: Task) -> Result:
    """The same sentences, tokenising included; the best options sort them by length and take larger batches."""
    from transformers import Trainer, TrainingArguments

    from waystage.encoders.heads import ClassificationHead
    from waystage.encoders.tokenizer import SubwordTokenizer

    is_default = task.variant == DEFAULT
    tokenizer = SubwordTokenizer(Path(task.encoder_dir))
    members = texts(task)[: task.n_steps * BATCH[task.topic]]
    memory = Memory()
    encoder = load(task)
    head = ClassificationHead(
        encoder.hidden_size, len(sentences_task(task).labels), 0.0, torch.Generator().manual_seed(SEED)
    ).eval()

    def collate(rows: list[Row]) -> Row:
        ids, mask = padded(rows, tokenizer.pad_id, LENGTH if is_default else max(row["length"] for row in rows))
        return {"input_ids": ids, "attention_mask": mask}

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, report_to=[], disable_tqdm=True, use_cpu=True, remove_unused_columns=False,
            per_device_eval_batch_size=8 if is_default else 64, bf16=task.variant.endswith(BFLOAT16),
            bf16_full_eval=task.variant.endswith(THROUGHOUT),
        )  # fmt: skip
        trainer = Trainer(Model(encoder, head, False), arguments, data_collator=collate)
        trainer.predict(rows_to_predict(tokenizer, members[:64]))
        clock = Clock(replace(task, n_steps=2))
        clock.tick()
        rows = rows_to_predict(tokenizer, members)
        trainer.predict(rows if is_default else sorted(rows, key=lambda row: -row["length"]))
        clock.tick()
        peak = memory.peak()
    n_tokens = sum(row["length"] for row in rows)
    n_flops, rate = flops(task, n_tokens, n_tokens / len(rows)), own_rate(task, 1536)
    return Result(n_tokens, clock.seconds, n_flops, rate, peak, milliseconds=clock.profile.milliseconds)


def rows_to_predict(tokenizer: Any, members: list[Any]) -> list[Row]:
    """Token ids and lengths."""
    from waystage.kinds.classification import encode

    return [{"input_ids": s.ids.tolist(), "length": len(s)} for s in encode(tokenizer, members, LENGTH)]
