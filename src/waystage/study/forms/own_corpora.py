"""Corpora of one's own."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from waystage.study.forms.base import Form, Language, Paths, exactly_one_of
from waystage.study.forms.sources import HubCorpusForm


class OwnCorpusForm(Form):
    """A corpus of your own: raw text, a document a line."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("files", "hub"))

    files: dict[Language, Paths] | None = Field(
        None, min_length=1, description="Your text files of each language, relative to the study file."
    )
    hub: HubCorpusForm | None = Field(None, description="A dataset on the hub, instead of files.")
    description: str = Field("", description="What the text is, for the report.")
    licence: str = Field("not stated", description="Licence of the text, for the report.")
    reference: str = Field("", description="Where the text comes from, for the report.")
