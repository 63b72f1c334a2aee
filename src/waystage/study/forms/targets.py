"""The tasks that every sequence is scored on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from waystage.study.forms.base import Count, Form, Language, Languages, Text
from waystage.study.forms.training import BudgetForm, LimitsForm, SelectionForm, TrainingForm


class RetrievalForm(Form):
    """How a sentence becomes a vector, for tasks of retrieval."""

    layer: int | None = Field(
        None,
        ge=0,
        description=("Hidden state to take: 0 is the embeddings, 1 the first layer; the last when left out."),
    )
    pooling: Literal["mean", "cls"] | None = Field(
        None, description="Mean over all tokens, or the first token; that of the protocol when left out, else the mean."
    )
    max_tokens: int | None = Field(
        None, ge=4, le=100_000, description="Longest sentence in tokens, special tokens included; 128 when left out."
    )
    text_prefix: str = Field("", description="Put before every sentence, such as 'query: ' for E5 encoders.")
    candidate_prefix: str | None = Field(
        None, description="Put before every text that is searched, such as 'passage: '; text_prefix when left out."
    )
    score: Literal["cosine", "margin"] | None = Field(
        None,
        description="Cosine, or cosine over the mean of the nearest neighbours'; margin for mining, else cosine.",
    )
    direction: Literal["forward", "backward"] = Field(
        "forward", description="Queries in the source language, or these are searched; only for sentence-retrieval."
    )


class TargetForm(Form):
    """A task that every sequence is scored on, zero-shot."""

    task: Text = Field(description="A built-in task, or one declared under 'tasks'.")
    train_on: Text | None = Field(
        None,
        description=("Learn from the training data of this task of the same kind and labels; recorded as a departure."),
    )
    train_languages: list[Language] | None = Field(
        None,
        min_length=1,
        description="Languages to learn in; the source language when left out. In any other it is not zero-shot.",
    )
    shots: Count | None = Field(
        None, description="So many examples of each training language but the source language, drawn by the seed."
    )
    protocol: Text | None = Field(None, description="A published protocol for this target, instead of the study's.")
    languages: Languages = Field("all", description="Languages to score.")
    budget: BudgetForm | None = Field(None, description=("How long to train; the default of the task when left out."))
    training: TrainingForm | None = Field(None, description="How to train; not where nothing is trained.")
    untrained: bool = Field(
        False, description="Learn nothing for this target; only for retrieval of answers and entities."
    )
    limits: LimitsForm = Field(LimitsForm(), description="At most so many examples.")
    selection: SelectionForm | None = Field(None, description="Which checkpoint is scored; not for retrieval.")
    n_layers: Count | None = Field(None, description=("Keep the first so many layers of the encoder for this target."))
    retrieval: RetrievalForm | None = Field(None, description=("How a sentence becomes a vector; only for retrieval."))
