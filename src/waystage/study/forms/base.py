"""What every part of a study file is made of: strict forms, names, languages, paths."""

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


def exactly_one_of(*keys: str) -> dict[str, Any]:
    """JSON Schema of a mapping that has just one of ``keys``."""
    return {"oneOf": [{"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in keys]}


def _languages_form(value: Any) -> str | None:
    return "list" if isinstance(value, list) else "all" if value == "all" else None


def _paths_form(value: Any) -> str | None:
    return "one" if isinstance(value, str) else "several" if isinstance(value, list) else None


def choice(form: Any, message: str) -> Discriminator:
    """Tells the forms of a union apart by ``form``; ``message`` says what was expected."""
    return Discriminator(form, custom_error_type="form", custom_error_message=message)


Languages: TypeAlias = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[list[Language], Field(min_length=1), Tag("list")],
    choice(_languages_form, "Input should be 'all' or a list of language codes"),
]
Paths: TypeAlias = Annotated[
    Annotated[Text, Tag("one")] | Annotated[list[Text], Field(min_length=1), Tag("several")],
    choice(_paths_form, "Input should be a path or a list of paths"),
]


class Form(BaseModel):
    """Common to every part of a study file: no unknown keys, no conversion of types, finite numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
