"""The stages that sequences are made of."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field

from waystage.study.forms.base import Count, Form, Language, Text, exactly_one_of
from waystage.study.forms.mixing import MixedInForm, ParallelForm, SamplingForm, TextForm
from waystage.study.forms.training import LimitsForm, SelectionForm, StageBudgetForm, TrainingForm


class IntermediateForm(Form):
    """Training on labelled tasks before the target; their heads are dropped."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("task", "tasks"))

    kind: Literal["intermediate"] = Field(description="Training on a labelled task, or on several at once.")
    task: Text | None = Field(
        None, description="A built-in task, or one declared under 'tasks'; not one that trains nothing."
    )
    tasks: list[Text] | None = Field(None, min_length=2, description="Several such tasks, learned in turn.")
    sampling: SamplingForm | None = Field(None, description="How often each of several tasks is met.")
    heads: Literal["own", "shared"] = Field(
        "own", description="A head for each of several tasks, or one for all, which then have one label set."
    )
    mixed_in: MixedInForm | None = Field(None, description="Masked language modelling in between.")
    train_languages: list[Language] | None = Field(
        None, min_length=1, description="Languages to learn in; the source language when left out."
    )
    shots: Count | None = Field(
        None, description="So many examples of each training language but the source language, drawn by the seed."
    )
    budget: StageBudgetForm | None = Field(
        None, description="How long to train; the default of the task when left out."
    )
    training: TrainingForm = Field(TrainingForm(), description="How to train.")
    limits: LimitsForm = Field(LimitsForm(), description="At most so many examples.")
    selection: SelectionForm | None = Field(None, description="Which checkpoint the next stage starts from.")


class ContinuedForm(TextForm):
    """Continued pretraining: masked language modelling on raw text, translation LM on parallel text, or both."""

    kind: Literal["continued"] = Field(description="Continued pretraining on raw or parallel text.")
    corpus: Text | None = Field(None, description="A built-in corpus, or one declared under 'corpora'.")
    parallel: ParallelForm | None = Field(None, description="Translation language modelling, alone or in turn with it.")
    budget: StageBudgetForm = Field(description="How long to train.")
    training: TrainingForm = Field(TrainingForm(), description="How to train.")


StageForm: TypeAlias = Annotated[IntermediateForm | ContinuedForm, Field(discriminator="kind")]
