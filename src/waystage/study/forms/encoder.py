"""The encoder that a study starts from."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, Field, Tag

from waystage.study.forms.base import Count, Form, Text, choice


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


def _encoder_form(value: Any) -> str | None:
    return "name" if isinstance(value, str) else "options" if isinstance(value, dict | BaseModel) else None


Encoder: TypeAlias = Annotated[
    Annotated[Text, Tag("name")] | Annotated[EncoderForm, Tag("options")],
    choice(_encoder_form, "Input should be the name of an encoder, or a mapping with the key 'name'"),
]
