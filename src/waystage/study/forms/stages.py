"""The stages that sequences are made of."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from waystage.study.forms.base import Form, Languages, Text
from waystage.study.forms.training import BudgetForm, LimitsForm, TrainingForm


class IntermediateForm(Form):
    """Training on a labelled task in its source language before the target; its head is dropped."""

    kind: Literal["intermediate"] = Field(description="Training on a labelled task.")
    task: Text = Field(description="A built-in task, or one declared under 'tasks'; not one that trains nothing.")
    budget: BudgetForm | None = Field(None, description=("How long to train; the default of the task when left out."))
    training: TrainingForm = Field(TrainingForm(), description="How to train.")
    limits: LimitsForm = Field(LimitsForm(), description="At most so many examples.")


class ContinuedForm(Form):
    """Continued pretraining: masked language modelling on a multilingual corpus."""

    kind: Literal["continued"] = Field(description="Continued pretraining on raw text.")
    corpus: Text = Field(description="A built-in corpus, or one declared under 'corpora'.")
    languages: Languages = Field("all", description="Languages of the corpus that take part.")
    budget: BudgetForm = Field(description="How long to train.")
    training: TrainingForm = Field(TrainingForm(), description="How to train.")
    alpha: float = Field(
        0.3,
        ge=0,
        le=1,
        description=("A language with n documents is drawn in proportion to n to the power of alpha."),
    )
    mask_rate: float = Field(0.15, gt=0, lt=1, description=("Share of the tokens that are masked and predicted."))


StageForm: TypeAlias = Annotated[IntermediateForm | ContinuedForm, Field(discriminator="kind")]
