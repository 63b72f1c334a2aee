"""Tasks of one's own."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field

from waystage.study.forms.base import FileFormat, Form, Language, Text, exactly_one_of
from waystage.study.forms.columns import (
    ChoiceColumnsForm,
    DualColumnsForm,
    MinedColumnsForm,
    PairColumnsForm,
    ParallelColumnsForm,
    QuestionColumnsForm,
    SentenceColumnsForm,
    TaggedColumnsForm,
)
from waystage.study.forms.sources import HubFilesForm, SplitFilesForm


class _OwnTaskForm(Form):
    model_config = ConfigDict(json_schema_extra=exactly_one_of("files", "hub"))

    files: SplitFilesForm | None = Field(None, description="Your files, relative to the study file.")
    hub: HubFilesForm | None = Field(None, description="A dataset on the hub, instead of files.")
    format: FileFormat | None = Field(
        None, description="Format of the files; told from the file's ending when left out."
    )
    languages: list[Language] = Field(min_length=1, description="Languages of the test split.")
    source_language: Language = Field("en", description="Language of the training and validation splits.")
    description: str = Field("", description="What the task is, for the report.")
    licence: str = Field("not stated", description="Licence of the data, for the report.")
    reference: str = Field("", description="Where the data comes from, for the report.")


class _LabelledForm(_OwnTaskForm):
    labels: list[Text] = Field(min_length=2, description="The closed set of labels (tags for tagging).")


class SentenceTaskForm(_LabelledForm):
    """A task of your own: one label a sentence."""

    kind: Literal["sentence-classification"] = Field(description="One label a sentence.")
    columns: SentenceColumnsForm = Field(SentenceColumnsForm(), description="Names of the columns.")
    metric: Text | None = Field(None, description="Metric: accuracy (default) or macro-f1.")


class PairTaskForm(_LabelledForm):
    """A task of your own: one label a pair of sentences."""

    kind: Literal["pair-classification"] = Field(description="One label a pair of sentences.")
    columns: PairColumnsForm = Field(PairColumnsForm(), description="Names of the columns.")
    metric: Text | None = Field(None, description="Metric: accuracy (default) or macro-f1.")


class TaggingTaskForm(_LabelledForm):
    """A task of your own: one tag a word."""

    kind: Literal["tagging"] = Field(description="One tag a word.")
    columns: TaggedColumnsForm = Field(TaggedColumnsForm(), description="Names of the columns.")
    metric: Text | None = Field(None, description="Metric: span-f1 (default) or token-accuracy.")


class ChoiceTaskForm(_OwnTaskForm):
    """A task of your own: which of several choices goes with a text."""

    kind: Literal["multiple-choice"] = Field(description="Which of several choices goes with a text.")
    columns: ChoiceColumnsForm = Field(ChoiceColumnsForm(), description="Names of the columns.")
    metric: Text | None = Field(None, description="Metric: accuracy (default).")


class _AnyQuestionTaskForm(_OwnTaskForm):
    columns: QuestionColumnsForm = Field(QuestionColumnsForm(), description="Names of the columns.")
    metric: Text | None = Field(None, description="Metric: answer-f1 (default) or exact-match.")


class QuestionTaskForm(_AnyQuestionTaskForm):
    """A task of your own: the answer to a question is a stretch of its context."""

    kind: Literal["extractive-qa"] = Field(description="The answer to a question is a stretch of its context.")


class OpenQuestionTaskForm(_AnyQuestionTaskForm):
    """A task of your own: a question is answered by a stretch of its context, or not at all."""

    kind: Literal["extractive-qa-or-none"] = Field(description="The same, where some contexts do not answer.")


class RetrievalTaskForm(_OwnTaskForm):
    """A task of your own: find the translation of each sentence. Nothing is trained."""

    kind: Literal["sentence-retrieval"] = Field(description="Find the translation of each sentence.")
    columns: ParallelColumnsForm = Field(ParallelColumnsForm(), description="Names of the columns.")
    metric: Text | None = Field(None, description="Metric: retrieval-accuracy (default).")


class _PooledForm(_OwnTaskForm):
    candidates: SplitFilesForm = Field(
        description="Files of what is searched, from the same place and in the same format as those of queries."
    )


class MiningTaskForm(_PooledForm):
    """A task of your own: find the pairs of translations among sentences that are not aligned."""

    kind: Literal["sentence-mining"] = Field(description="Find translations among sentences that are not aligned.")
    columns: MinedColumnsForm = Field(MinedColumnsForm(), description="Names of the columns.")
    metric: Text | None = Field(None, description="Metric: pair-f1 (default).")


class AnswerRetrievalTaskForm(_PooledForm):
    """A task of your own: find what answers a question in one pool of all languages."""

    kind: Literal["question-answer-retrieval"] = Field(description="Find what answers a question, in any language.")
    columns: DualColumnsForm = Field(DualColumnsForm(), description="Names of the columns.")
    metric: Text | None = Field(None, description="Metric: map@20 (default).")


class EntityRetrievalTaskForm(_PooledForm):
    """A task of your own: find the one entity that a mention names in a pool that belongs to no language."""

    kind: Literal["entity-retrieval"] = Field(description="Find the entity that a mention names.")
    columns: DualColumnsForm = Field(DualColumnsForm(), description="Names of the columns.")
    metric: Text | None = Field(None, description="Metric: reciprocal-rank@20 (default).")


OwnTaskForm: TypeAlias = Annotated[
    SentenceTaskForm
    | PairTaskForm
    | TaggingTaskForm
    | ChoiceTaskForm
    | QuestionTaskForm
    | OpenQuestionTaskForm
    | RetrievalTaskForm
    | MiningTaskForm
    | AnswerRetrievalTaskForm
    | EntityRetrievalTaskForm,
    Field(discriminator="kind"),
]
