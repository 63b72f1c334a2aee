"""How many tokens and operations a node takes, before anything is tokenised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from waystage.data.prepare import PreparedText
from waystage.encoders.registry import EncoderShape
from waystage.plan.nodes import Work
from waystage.study.study import Selection, Training

# Multilingual SentencePiece vocabularies give about four characters a token in alphabetic scripts and fewer in others;
# the estimate errs on the side of more tokens.
_CHARACTERS_PER_TOKEN = 3.5
_SPECIAL_TOKENS = 2
# A backward pass costs twice a forward pass: gradients of inputs, and of weights, which adapters do without.
_TRAINING_FACTOR, _ADAPTER_FACTOR = 3.0, 2.0
_BYTES = 4
# Values kept for the backward pass, per token and layer, in units of the hidden size (measured on BERT layers).
_ACTIVATIONS = 34


def mean_tokens(text: PreparedText, max_tokens: int) -> float:
    """Mean length of a sequence in tokens, special tokens included."""
    return min(float(max_tokens), text.n_characters / text.n_items / _CHARACTERS_PER_TOKEN + _SPECIAL_TOKENS)


def training_work(shape: EncoderShape, n_layers: int, training: Training, n_sequences: int, mean_length: float) -> Work:
    """Work of a stage on ``n_sequences`` sequences of a mean length."""
    if training.tokens is not None:
        n_tokens = float(training.tokens)
    elif training.steps is not None:
        n_tokens = training.steps * training.batch_size * mean_length
    elif training.examples is not None:
        n_tokens = training.examples * mean_length
    else:
        n_tokens = (training.epochs or 1.0) * n_sequences * mean_length
    flops = _training_factor(training) * shape.forward_flops(round(n_tokens), mean_length, n_layers)
    layer = 4 * shape.hidden_size**2 + 2 * shape.hidden_size * shape.intermediate_size
    # Weights, gradients and two moments of the layers; activations of the longest micro-batch.
    parameters = 4.0 * _BYTES * n_layers * layer
    micro = training.micro_batch_size or training.batch_size
    activations = float(_BYTES * _ACTIVATIONS) * micro * training.max_tokens * shape.hidden_size * n_layers
    return Work(n_tokens=n_tokens, training_flops=flops, memory_bytes=parameters + activations + _table(shape))


def share_of_full_step(training: Training) -> float:
    """What a step costs, in steps that train the layers themselves; adapters need no gradients of their weights.

    >>> from waystage.study.study import Lora
    >>> share_of_full_step(Training()), round(share_of_full_step(Training(lora=Lora())), 3)
    (1.0, 0.667)
    """
    return _training_factor(training) / _TRAINING_FACTOR


def _training_factor(training: Training) -> float:
    """Cost of a training step in forward passes."""
    return _TRAINING_FACTOR if training.lora is None else _ADAPTER_FACTOR


def prediction_work(shape: EncoderShape, n_layers: int, texts: Iterable[PreparedText], max_tokens: int) -> Work:
    """Work of predicting every example of ``texts``."""
    n_tokens, flops = 0.0, 0.0
    for text in texts:
        length = mean_tokens(text, max_tokens)
        n_tokens += length * text.n_items
        flops += shape.forward_flops(round(length * text.n_items), length, n_layers)
    return Work(n_tokens=n_tokens, prediction_flops=flops, memory_bytes=_table(shape))


def with_evaluations(
    work: Work, one: Work, rule: Selection, training: Training, n_sequences: int, mean_length: float
) -> Work:
    """Work of a stage whose checkpoints are scored, each at the cost of ``one``, if it is not stopped early."""
    n_per_epoch = max(1, -(-n_sequences // training.batch_size))
    if training.steps is not None:
        n_steps = float(training.steps)
    elif training.epochs is not None:
        n_steps = training.epochs * n_per_epoch
    elif training.examples is not None:
        n_steps = training.examples / training.batch_size
    else:
        n_steps = (training.tokens or 0) / (training.batch_size * mean_length)
    return replace(work, prediction_flops=n_evaluations(rule, n_steps, n_per_epoch) * one.prediction_flops)


def n_evaluations(rule: Selection, n_steps: float, n_per_epoch: float) -> float:
    """How often checkpoints are scored in so many steps."""
    interval = rule.every_steps or max(1, round(n_per_epoch / (rule.times_per_epoch or 1)))
    return n_steps // interval + 1


def _table(shape: EncoderShape) -> float:
    """The token embeddings and the copy that a stage may need."""
    return 2.0 * _BYTES * shape.vocabulary_size * shape.hidden_size
