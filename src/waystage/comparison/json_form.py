"""Lossless JSON of frozen dataclasses: what is written is checked field by field when it is read again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from waystage.errors import DataError, Problem

STRICT_FIELDS = ConfigDict(extra="forbid", allow_inf_nan=False)
"""For ``__pydantic_config__``: unknown fields, NaN and infinity are refused."""

ValueT = TypeVar("ValueT")


def dump(value: object) -> dict[str, Any]:
    """The dataclass as a JSON object: tuples become arrays, absences become null."""
    plain: dict[str, Any] = TypeAdapter(type(value)).dump_python(value, mode="json")
    return plain


def dump_all(values: Iterable[object]) -> list[dict[str, Any]]:
    """Dataclasses as JSON objects."""
    return [dump(value) for value in values]


def load(kind: type[ValueT], value: object, file: Path | str) -> ValueT:
    """The dataclass that ``dump`` wrote.

    Raises:
        DataError: a field is missing, unknown or of another type; every such field is named.
    """
    try:
        checked: ValueT = TypeAdapter(kind).validate_python(value)
        return checked
    except ValidationError as error:
        problems = [_problem(file, detail["loc"], detail["msg"]) for detail in error.errors()]
        raise DataError(problems) from error


def _problem(file: Path | str, place: tuple[int | str, ...], message: str) -> Problem:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    return Problem(file, None, field or None, message)
