"""How a model is trained: budget, hyperparameters, limits of the data."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from waystage.study.forms.base import Count, Form, Fraction, Language, Text, exactly_one_of


class BudgetForm(Form):
    """How long to train: exactly one of the four."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("epochs", "steps", "tokens", "examples"))

    epochs: float | None = Field(
        None, gt=0, le=10_000, description=("Passes over the training data; may be a fraction.")
    )
    steps: Count | None = Field(None, description="Optimiser steps.")
    tokens: Count | None = Field(
        None, description="Tokens of text (special tokens included, padding not), rounded up to whole steps."
    )
    examples: Count | None = Field(
        None, description="Sequences that are learned from, each time counted, rounded up to whole steps."
    )


class StageBudgetForm(BudgetForm):
    """How long a stage trains: exactly one of epochs, steps, tokens, examples, flops, seconds and match."""

    model_config = ConfigDict(
        json_schema_extra=exactly_one_of("epochs", "steps", "tokens", "examples", "flops", "seconds", "match")
        | {"dependentRequired": {"match": ["unit"], "unit": ["match"]}}
    )

    flops: float | None = Field(
        None, gt=0, le=1e30, description="Floating-point operations; the plan turns them into tokens."
    )
    seconds: float | None = Field(
        None, gt=0, le=1e9, description="Seconds of training at the pace that is measured where the study is planned."
    )
    match: Text | None = Field(None, description="As much as the stage of this name takes, in the given unit.")
    unit: Literal["tokens", "examples", "flops", "seconds"] | None = Field(None, description="What is to be the same.")


class LoraForm(Form):
    """Train low-rank adapters (Hu et al. 2022) and the head alone; they are folded into the weights afterwards."""

    rank: Count = Field(8, description="Rank of the update of a layer.")
    alpha: float = Field(16.0, gt=0, description="The update is scaled by alpha / rank.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout of what an adapter reads.")
    modules: list[Text] | None = Field(
        None, min_length=1, description="Last parts of the names of the layers; all linear layers when left out."
    )


class TrainingForm(Form):
    """How a model is trained. What is left out takes the default of the task."""

    learning_rate: float | None = Field(
        None, gt=0, description="Peak of the schedule: linear warm-up, then linear decay to 0."
    )
    batch_size: Count | None = Field(None, description="Sequences in one optimiser step.")
    micro_batch_size: Count | None = Field(
        None, description="Sequences in one forward pass, at most batch_size; smaller needs less memory."
    )
    max_tokens: int | None = Field(
        None, ge=4, le=100_000, description="Longest sequence in tokens, special tokens included."
    )
    warmup_fraction: Fraction | None = Field(None, description="Share of the steps that warm up.")
    warmup_steps: Count | None = Field(None, description="Optimiser steps that warm up, instead of a share of them.")
    weight_decay: float | None = Field(None, ge=0, description="Decoupled weight decay (AdamW).")
    clip_norm: float | None = Field(None, gt=0, description="Largest norm of the gradient.")
    freeze_embeddings: bool | None = Field(None, description="Leave the embeddings as they are.")
    dropout: float | None = Field(None, ge=0, lt=1, description="Overrides the dropout of the encoder.")
    stride: Count | None = Field(
        None, description="Context tokens from one window to the next; only for questions on a context."
    )
    max_question_tokens: Count | None = Field(
        None, description="Longest question or query in tokens; only for questions on a context and dual encoders."
    )
    pooling: Literal["mean", "cls"] | None = Field(
        None,
        description="Mean over all tokens, or the first token; only for labels of sentences and pairs, and choices.",
    )
    lora: LoraForm | None = Field(None, description="Train low-rank adapters and the head alone.")
    precision: Literal["float32", "bfloat16", "auto"] | None = Field(
        None, description="Numbers of the matrix products in training; 'auto': the faster one here, as measured."
    )


class SelectionForm(Form):
    """Which checkpoint is taken."""

    rule: Literal["last", "best"] = Field(
        description="The last checkpoint, or the one that scores best on validation data (the earliest of equal ones)."
    )
    language: Language | None = Field(
        None,
        description="Whose validation data is scored; the source language when left out. Any other is not zero-shot.",
    )
    metric: Text | None = Field(None, description="What is scored; the metric of the task when left out.")
    task: Text | None = Field(
        None, description="Of several tasks of a stage, the one whose score decides; their mean when left out."
    )
    every_steps: Count | None = Field(None, description="Score every so many optimiser steps; for 'best'.")
    times_per_epoch: Count | None = Field(
        None, description="Score so often in one pass over the training data, instead; once when left out."
    )
    patience: Count | None = Field(
        None, description="Stop after so many scores in a row without a better one; never when left out."
    )
    oracle: bool = Field(
        False,
        description="Note, and never take, the best checkpoint of each target language by its own validation data.",
    )


class LimitsForm(Form):
    """At most so many examples of a split, the same ones in every language."""

    train: Count | None = Field(None, description="Largest number of training examples.")
    validation: Count | None = Field(None, description="Largest number of validation examples a language.")
    test: Count | None = Field(None, description="Largest number of test examples a language.")
