"""Text that is predicted, and several objectives in one stage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from waystage.study.forms.base import Count, Form, Languages, Text


class TextForm(Form):
    """How raw text is read, masked and predicted."""

    languages: Languages = Field("all", description="Languages of the corpus that take part.")
    alpha: float = Field(
        0.3,
        ge=0,
        le=1,
        description=("A language with n documents is drawn in proportion to n to the power of alpha."),
    )
    mask_rate: float = Field(0.15, gt=0, lt=1, description=("Share of the tokens that are masked and predicted."))
    mask: Literal["tokens", "words"] = Field(
        "tokens", description="Choose single tokens for prediction, or all tokens of a word."
    )
    softmax: Literal["occurring", "full"] = Field(
        "occurring", description="Softmax over the tokens that occur in the text, or over the whole vocabulary."
    )
    packing: Literal["documents", "blocks", "separate"] = Field(
        "documents", description="Whole documents together, full blocks across documents, or each document by itself."
    )
    held_out: int = Field(
        16, ge=0, le=10_000, description="Documents a language, at most a tenth, that only measure forgetting."
    )


class MixedInForm(TextForm):
    """Masked language modelling between the steps of labelled tasks."""

    corpus: Text = Field(description="A built-in corpus, or one declared under 'corpora'.")
    rate: float = Field(gt=0, lt=1, description="Share of the optimiser steps.")


class ParallelForm(Form):
    """Translation language modelling: a sentence and its translation are one input, and tokens of both are masked."""

    corpus: Text = Field(description="A corpus declared under 'parallel_corpora'.")
    languages: Languages = Field("all", description="Languages whose pairs with each other take part.")
    positions: Literal["reset", "running"] = Field(
        "reset", description="The second sentence counts its positions from where the first does, or runs on."
    )
    rate: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of the optimiser steps, beside masked LM on raw text; a half when left out.",
    )


class SamplingForm(Form):
    """A task with n examples is met in proportion to min(n, cap) to the power of 1 / temperature."""

    cap: Count | None = Field(None, description="Examples of a task that count at most; all when left out.")
    temperature: float | None = Field(None, ge=1, le=1e6, description="The higher, the more alike; 1 when left out.")
