"""One stage from start to finish: parent's weights in, trained weights out. Torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from waystage.encoders.model import Encoder, computing_device
from waystage.encoders.trimming import TrimmedVocabulary, trim_embeddings, whole_vocabulary, write_rows
from waystage.kinds.objective import Objective
from waystage.seeds import derive_seed
from waystage.study.study import Selection, Training
from waystage.training.adapters import add_adapters, merge_adapters
from waystage.training.checkpoint import (
    apply_weights,
    copy_encoder,
    replace_table,
    save_weights,
    trained_rows,
)
from waystage.training.loop import LoopSettings, TrainingCost, train
from waystage.training.selection import Decide, Evaluate, Scores, Selector, in_language
from waystage.training.trainable import Trainable


@dataclass(frozen=True, slots=True)
class Choice:
    """By which rule a checkpoint is taken, what scores one, and what its scores are worth together.

    ``decide`` is None where the score in the selection language of the rule decides.
    """

    rule: Selection
    evaluate: Evaluate
    decide: Decide | None = None


@dataclass(frozen=True, slots=True)
class StageInputs:
    """What a stage starts from, and by what its checkpoint is chosen.

    Attributes:
        pretrained: the encoder as it came; never changed.
        parent_weights: file of the stage before, or None.
        n_layers: keep the first so many layers; None keeps all.
        choice: how the checkpoint is chosen; None takes the last.
    """

    pretrained: Encoder
    parent_weights: Path | None
    n_layers: int | None
    choice: Choice | None = None


def run_stage(
    inputs: StageInputs,
    objective: Objective,
    training: Training,
    seed: int,
    settings: LoopSettings,
    target: Path,
) -> TrainingCost:
    """Train on ``objective`` and write the weights to ``target``.

    Raises:
        StageError: see :func:`waystage.training.loop.train`.
    """
    encoder = copy_encoder(inputs.pretrained, inputs.n_layers)
    earlier_rows = torch.empty(0, dtype=torch.int64)
    if inputs.parent_weights is not None:
        apply_weights(encoder, inputs.parent_weights)
        earlier_rows = trained_rows(inputs.parent_weights)
    objective.observe(encoder)
    encoder.model.requires_grad_(True)
    encoder.token_embeddings.weight.requires_grad_(training.trains_embeddings)
    vocabulary = objective.vocabulary()
    full = trim_embeddings(encoder, vocabulary)
    objective.trim(vocabulary)
    device = computing_device()
    generator = torch.Generator().manual_seed(derive_seed(seed, "head"))
    head = objective.make_head(encoder, _head_dropout(encoder, training), generator)
    table_name = _name_of(encoder, encoder.token_embeddings.weight)
    adapters = None
    if training.lora is not None:
        adapters = add_adapters(encoder, training.lora, derive_seed(seed, "lora"))
    trainable = Trainable(encoder.to(device), head.to(device))
    selector = None
    if inputs.choice is not None:
        scores = partial(_scores, inputs.choice.evaluate, trainable, full.weight, vocabulary)
        selector = Selector(
            inputs.choice.rule, scores, inputs.choice.decide or in_language(inputs.choice.rule.language)
        )
    cost = train(trainable, objective, training, seed, settings, selector)
    if adapters is not None:
        merge_adapters(encoder, adapters)
    rows, table = _trained_table(encoder, full.weight, vocabulary, earlier_rows, training)
    tensors = {name: parameter for name, parameter in encoder.model.named_parameters() if name != table_name}
    head_tensors, encoder.known_head = objective.finished_head(encoder, head)
    objective.observe(encoder)
    save_weights(target, tensors, head_tensors, encoder.known_head, (rows, table))
    return cost


def _scores(evaluate: Evaluate, trainable: Trainable, full: Tensor, vocabulary: TrimmedVocabulary) -> Scores:
    """Scores of what is being trained, on any text: words that training has not are read with their full vectors."""
    with whole_vocabulary(trainable.encoder, full, vocabulary):
        return evaluate(trainable.encoder, trainable.head)


def _trained_table(
    encoder: Encoder, full: Tensor, vocabulary: TrimmedVocabulary, earlier_rows: Tensor, training: Training
) -> tuple[Tensor, Tensor]:
    """Rows that this stage or an earlier one has trained, and the full table that holds them."""
    if not training.trains_embeddings:
        replace_table(encoder, full.detach())
        return earlier_rows, full
    rows = torch.unique(torch.cat([earlier_rows, torch.from_numpy(vocabulary.token_ids)]))
    table = full.detach().clone()
    write_rows(table, vocabulary, encoder.token_embeddings.weight.detach())
    replace_table(encoder, table)
    return rows, table


def _name_of(encoder: Encoder, parameter: Tensor) -> str:
    return next(name for name, other in encoder.model.named_parameters() if other is parameter)


def _head_dropout(encoder: Encoder, training: Training) -> float:
    if training.dropout is not None:
        return training.dropout
    return float(getattr(encoder.config, "hidden_dropout_prob", getattr(encoder.config, "hidden_dropout", 0.1)))
