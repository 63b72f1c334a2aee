"""Where the data of a task or corpus of one's own lies."""

from __future__ import annotations

from pydantic import Field

from waystage.study.forms.base import FileFormat, Form, Language, Paths, Text


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
    path: Paths = Field(
        description="File of the dataset, or a list; '{lang}' stands for the language code, '*' for any characters."
    )
    languages: list[Language] = Field(min_length=1, description="Languages of the corpus.")
    format: FileFormat | None = Field(None, description="Format of tables; left out for text files.")
    column: Text = Field("text", description="Column of the text in tables.")
