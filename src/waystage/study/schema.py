"""The form of a study file: keys, types and ranges, each with the description that editors show.

Only the form stands here. What a name refers to, and what must agree between keys, is checked in
``waystage.study.names``, so that one wrong key does not hide the next.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"
LANGUAGE_PATTERN = r"^[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8})*$"
MAX_SEED = 2**32 - 1

Name: TypeAlias = Annotated[str, Field(pattern=NAME_PATTERN, max_length=100)]
Language: TypeAlias = Annotated[str, Field(pattern=LANGUAGE_PATTERN, max_length=40)]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
Count: TypeAlias = Annotated[int, Field(ge=1, le=10**15)]
FileFormat: TypeAlias = Literal["jsonl", "csv", "tsv", "conll", "conllu", "parquet", "squad-json", "ccg-auto"]
Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]


def _exactly_one_of(*keys: str) -> dict[str, Any]:
    return {"oneOf": [{"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in keys]}


def _languages_form(value: Any) -> str | None:
    return "list" if isinstance(value, list) else "all" if value == "all" else None


def _encoder_form(value: Any) -> str | None:
    return "name" if isinstance(value, str) else "options" if isinstance(value, dict | BaseModel) else None


def _paths_form(value: Any) -> str | None:
    return "one" if isinstance(value, str) else "several" if isinstance(value, list) else None


def _choice(form: Any, message: str) -> Discriminator:
    return Discriminator(form, custom_error_type="form", custom_error_message=message)


Languages: TypeAlias = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[list[Language], Field(min_length=1), Tag("list")],
    _choice(_languages_form, "Input should be 'all' or a list of language codes"),
]
Paths: TypeAlias = Annotated[
    Annotated[Text, Tag("one")] | Annotated[list[Text], Field(min_length=1), Tag("several")],
    _choice(_paths_form, "Input should be a path or a list of paths"),
]


class Form(BaseModel):
    """Common to every part of a study file: no unknown keys, no conversion of types, finite numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class EncoderForm(Form):
    """The pretrained encoder that every sequence starts from."""

    name: Text = Field(
        description=("A named encoder, a hub id (FacebookAI/xlm-roberta-base), or a folder in the transformers format.")
    )
    n_layers: Count | None = Field(None, description="Keep the first so many layers; all when left out.")
    revision: Text | None = Field(None, description="Commit, tag or branch of a hub encoder.")
    trust_remote_code: bool = Field(
        False,
        description=("Run Python code that comes with a hub encoder. Leave it off unless you have read that code."),
    )


Encoder: TypeAlias = Annotated[
    Annotated[Text, Tag("name")] | Annotated[EncoderForm, Tag("options")],
    _choice(_encoder_form, "Input should be the name of an encoder, or a mapping with the key 'name'"),
]


class BudgetForm(Form):
    """How long to train: exactly one of the three."""

    model_config = ConfigDict(json_schema_extra=_exactly_one_of("epochs", "steps", "tokens"))

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
        None, description="Longest question in tokens; only for questions on a context."
    )


class LimitsForm(Form):
    """At most so many examples of a split, the same ones in every language."""

    train: Count | None = Field(None, description="Largest number of training examples.")
    validation: Count | None = Field(None, description="Largest number of validation examples a language.")
    test: Count | None = Field(None, description="Largest number of test examples a language.")


class IntermediateForm(Form):
    """Training on a labelled task in its source language before the target; its head is dropped."""

    kind: Literal["intermediate"] = Field(description="Training on a labelled task.")
    task: Text = Field(description="A built-in task, or one declared under 'tasks'; not one of retrieval.")
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


class RetrievalForm(Form):
    """How a sentence becomes a vector, for tasks of retrieval."""

    layer: int | None = Field(
        None,
        ge=0,
        description=("Hidden state to take: 0 is the embeddings, 1 the first layer; the last when left out."),
    )
    pooling: Literal["mean", "cls"] = Field("mean", description="Mean over all tokens, or the first token.")
    text_prefix: str = Field("", description="Put before every sentence, such as 'query: ' for E5 encoders.")


class TargetForm(Form):
    """A task that every sequence is scored on, zero-shot."""

    task: Text = Field(description="A built-in task, or one declared under 'tasks'.")
    train_on: Text | None = Field(
        None,
        description=("Learn from the training data of this task of the same kind and labels; recorded as a departure."),
    )
    languages: Languages = Field("all", description="Languages to score.")
    budget: BudgetForm | None = Field(None, description=("How long to train; the default of the task when left out."))
    training: TrainingForm | None = Field(None, description="How to train; not for retrieval.")
    limits: LimitsForm = Field(LimitsForm(), description="At most so many examples.")
    n_layers: Count | None = Field(None, description=("Keep the first so many layers of the encoder for this target."))
    retrieval: RetrievalForm | None = Field(None, description=("How a sentence becomes a vector; only for retrieval."))


class SplitFilesForm(Form):
    """A file for each split; '{lang}' stands for the language code."""

    train: Text | None = Field(None, description="Training file, such as data/train-{lang}.jsonl.")
    validation: Text | None = Field(None, description="Validation file.")
    test: Text | None = Field(None, description=("Test file; with '{lang}' where there is more than one language."))


class HubFilesForm(Form):
    """Files of a dataset on the hub."""

    dataset: Text = Field(description="Id of the dataset: organisation/name.")
    revision: Text | None = Field(None, description=("Commit, tag or branch; give a commit to keep the data as it is."))
    files: SplitFilesForm = Field(description="A file of the dataset for each split.")


class HubCorpusForm(Form):
    """Raw text of a dataset on the hub: text files with a document a line, or a column of tables."""

    dataset: Text = Field(description="Id of the dataset: organisation/name.")
    revision: Text | None = Field(None, description=("Commit, tag or branch; give a commit to keep the text as it is."))
    path: Text = Field(description="File of the dataset; '{lang}' stands for the language code.")
    languages: list[Language] = Field(min_length=1, description="Languages of the corpus.")
    format: FileFormat | None = Field(None, description="Format of tables; left out for text files.")
    column: Text = Field("text", description="Column of the text in tables.")


class _OwnTaskForm(Form):
    model_config = ConfigDict(json_schema_extra=_exactly_one_of("files", "hub"))

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


class SentenceColumnsForm(Form):
    """Names of the columns (keys in JSONL)."""

    text: Text = Field("text", description="Column of the sentence.")
    label: Text = Field("label", description="Column of the label.")
    id: Text | None = Field(None, description="Column of a unique id; the line number when left out.")


class PairColumnsForm(SentenceColumnsForm):
    """Names of the columns (keys in JSONL)."""

    pair: Text = Field("pair", description="Column of the second sentence.")


class TaggedColumnsForm(Form):
    """Names of the columns (keys in JSONL); in CoNLL files, also numbers of columns in quotes, from '1'."""

    words: Text = Field("words", description="Column of the words.")
    tags: Text = Field("tags", description="Column of the tags, one a word.")
    id: Text | None = Field(None, description="Column of a unique id; the line number when left out.")


class ParallelColumnsForm(Form):
    """Names of the columns (keys in JSONL)."""

    source: Text = Field("source", description="Column of the sentence in the source language.")
    target: Text = Field("target", description="Column of its translation.")
    id: Text | None = Field(None, description="Column of a unique id; the line number when left out.")


class ChoiceColumnsForm(Form):
    """Names of the columns (keys in JSONL)."""

    text: Text = Field("text", description="Column of the text, or a template such as '{context} {question}'.")
    choices: Text | Annotated[list[Text], Field(min_length=2)] = Field(
        "choices", description="Column that holds the list of choices, or a column for each choice."
    )
    answer: Text = Field("answer", description="Column of the right choice: its position from 0, or a letter from A.")
    id: Text | None = Field(None, description="Column of a unique id; the line number when left out.")


class QuestionColumnsForm(Form):
    """Names of the columns (keys in JSONL)."""

    question: Text = Field("question", description="Column of the question.")
    context: Text = Field("context", description="Column of the text that answers it.")
    answers: Text = Field(
        "answers",
        description="Column of the answers: a list of {text, answer_start}, or the text of one answer.",
    )
    id: Text | None = Field(None, description="Column of a unique id; the line number when left out.")


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


OwnTaskForm: TypeAlias = Annotated[
    SentenceTaskForm
    | PairTaskForm
    | TaggingTaskForm
    | ChoiceTaskForm
    | QuestionTaskForm
    | OpenQuestionTaskForm
    | RetrievalTaskForm,
    Field(discriminator="kind"),
]


class OwnCorpusForm(Form):
    """A corpus of your own: raw text, a document a line."""

    model_config = ConfigDict(json_schema_extra=_exactly_one_of("files", "hub"))

    files: dict[Language, Paths] | None = Field(
        None, min_length=1, description="Your text files of each language, relative to the study file."
    )
    hub: HubCorpusForm | None = Field(None, description="A dataset on the hub, instead of files.")
    description: str = Field("", description="What the text is, for the report.")
    licence: str = Field("not stated", description="Licence of the text, for the report.")
    reference: str = Field("", description="Where the text comes from, for the report.")


class StudyForm(Form):
    """A study: which training sequence carries an encoder best into other languages."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9._-]*$",
        max_length=100,
        description=("Short name: small letters, digits, '.', '_', '-'."),
    )
    description: str = Field("", description="What the study asks, for the report.")
    encoder: Encoder = Field(description="The pretrained encoder that every sequence starts from.")
    seeds: list[Annotated[int, Field(ge=0, le=MAX_SEED)]] = Field(
        min_length=1, max_length=1000, description="Every sequence is trained once a seed."
    )
    stages: dict[Name, StageForm] | None = Field(None, description=("The stages that sequences are made of, by name."))
    sequences: dict[Name, list[Text]] = Field(
        min_length=1,
        description=("Sequences to compare: the stages of each, in order; [] is the encoder as it came."),
    )
    baseline: Text | None = Field(
        None, description="The sequence to compare with: by default the one without stages, else the first."
    )
    targets: list[TargetForm] = Field(min_length=1, description="Tasks that every sequence is scored on.")
    tasks: dict[Name, OwnTaskForm] | None = Field(None, description="Tasks of your own, by name.")
    corpora: dict[Name, OwnCorpusForm] | None = Field(None, description="Corpora of your own, by name.")
    allow_overlap: bool = Field(
        False, description="Let stages learn from examples that a target is tested on; the record says where."
    )
    output: Text | None = Field(
        None, description="Folder for the results, relative to where the command runs; runs/NAME by default."
    )
