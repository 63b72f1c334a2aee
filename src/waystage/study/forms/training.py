"""How a model is trained: budget, hyperparameters, limits of the data."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from waystage.study.forms.base import Count, Form, Fraction, exactly_one_of


class BudgetForm(Form):
    """How long to train: exactly one of the three."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("epochs", "steps", "tokens"))

    epochs: float | None = Field(
        None, gt=0, le=10_000, description=("Passes over the training data; may be a fraction.")
    )
    steps: Count | None = Field(None, description="Optimiser steps.")
    tokens: Count | None = Field(
        None, description="Tokens of text (special tokens included, padding not), rounded up to whole steps."
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


class LimitsForm(Form):
    """At most so many examples of a split, the same ones in every language."""

    train: Count | None = Field(None, description="Largest number of training examples.")
    validation: Count | None = Field(None, description="Largest number of validation examples a language.")
    test: Count | None = Field(None, description="Largest number of test examples a language.")
