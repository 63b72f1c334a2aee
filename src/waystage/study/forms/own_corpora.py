"""Corpora of one's own."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from waystage.study.forms.base import FileFormat, Form, Language, Paths, Text, exactly_one_of
from waystage.study.forms.sources import HubCorpusForm


class OwnCorpusForm(Form):
    """A corpus of your own: raw text, a document a line, or a column of tables."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("files", "hub"))

    files: dict[Language, Paths] | None = Field(
        None, min_length=1, description="Your text files of each language, relative to the study file."
    )
    format: FileFormat | None = Field(None, description="Format of tables; told from their ending when left out.")
    column: Text = Field("text", description="Column of the text in tables.")
    hub: HubCorpusForm | None = Field(None, description="A dataset on the hub, instead of files.")
    on_unreadable: Literal["fail", "skip"] = Field(
        "fail", description="What to do with a file that cannot be read: refuse the study, or pass over it and say so."
    )
    description: str = Field("", description="What the text is, for the report.")
    licence: str = Field("not stated", description="Licence of the text, for the report.")
    reference: str = Field("", description="Where the text comes from, for the report.")
