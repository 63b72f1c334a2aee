"""Names of the columns of one's own data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from waystage.study.forms.base import Form, Text


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


class MinedColumnsForm(Form):
    """Names of the columns (keys in JSONL), in the files of sentences and in those of candidates."""

    text: Text = Field("text", description="Column of the sentence.")
    answers: Text = Field(
        "answers", description="Column of the ids of its translations: a list, or ids with spaces between; often none."
    )
    id: Text = Field("id", description="Column of a unique id.")


class DualColumnsForm(Form):
    """Names of the columns (keys in JSONL), in the files of queries and in those of candidates."""

    query: Text = Field("query", description="Column of the question or mention, in training and test files.")
    text: Text = Field("text", description="Column of the candidate, in training files and in those of candidates.")
    context: Text | None = Field(
        None, description="Column of the text around a candidate, which is read with it; none when left out."
    )
    answers: Text = Field(
        "answers", description="Column of the ids of the right candidates in test files: a list, or ids with spaces."
    )
    id: Text = Field("id", description="Column of a unique id; in training files none is needed.")


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
