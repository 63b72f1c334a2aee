"""The stages that sequences are made of."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from waystage.study.forms.base import Form, Languages, Text
from waystage.study.forms.training import LimitsForm, SelectionForm, StageBudgetForm, TrainingForm


class IntermediateForm(Form):
    """Training on a labelled task in its source language before the target; its head is dropped."""

    kind: Literal["intermediate"] = Field(description="Training on a labelled task.")
    task: Text = Field(description="A built-in task, or one declared under 'tasks'; not one that trains nothing.")
    budget: StageBudgetForm | None = Field(
        None, description="How long to train; the default of the task when left out."
    )
    training: TrainingForm = Field(TrainingForm(), description="How to train.")
    limits: LimitsForm = Field(LimitsForm(), description="At most so many examples.")
    selection: SelectionForm | None = Field(None, description="Which checkpoint the next stage starts from.")


class ContinuedForm(Form):
    """Continued pretraining: masked language modelling on a multilingual corpus."""

    kind: Literal["continued"] = Field(description="Continued pretraining on raw text.")
    corpus: Text = Field(description="A built-in corpus, or one declared under 'corpora'.")
    languages: Languages = Field("all", description="Languages of the corpus that take part.")
    budget: StageBudgetForm = Field(description="How long to train.")
    training: TrainingForm = Field(TrainingForm(), description="How to train.")
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


StageForm: TypeAlias = Annotated[IntermediateForm | ContinuedForm, Field(discriminator="kind")]
