"""Parallel corpora of one's own."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from waystage.study.forms.base import FileFormat, Form, Language, Text, exactly_one_of


class AlignedForm(Form):
    """Text and its translations: aligned text files, or the columns of a table."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("files", "file"))

    files: dict[Language, Text] | None = Field(
        None, min_length=2, description="A text file of each language: line i of all of them is the same sentence."
    )
    file: Text | None = Field(None, description="A table, such as bitext.tsv, instead of text files.")
    columns: dict[Language, Text] | None = Field(
        None, min_length=2, description="Column of each language in the table; translation.de is a key in a column."
    )
    format: FileFormat | None = Field(None, description="Format of the table; told from its ending when left out.")
    pivot: Language | None = Field(
        None, description="Only pairs of this language with the others; every two languages when left out."
    )


class OwnParallelForm(Form):
    """A parallel corpus of your own."""

    texts: list[AlignedForm] = Field(min_length=1, description="Texts, one after the other.")
    description: str = Field("", description="What the text is, for the report.")
    licence: str = Field("not stated", description="Licence of the text, for the report.")
    reference: str = Field("", description="Where the text comes from, for the report.")
