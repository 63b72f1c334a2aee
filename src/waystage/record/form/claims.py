"""``claims.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from waystage.claims.claim import Claim
from waystage.comparison import json_form

Declared: TypeAlias = Literal["in the study", "after the run", "after the record"]
"""When a claim was made. Only one that stands in the study was made before its result could be known."""


@dataclass(frozen=True, slots=True)
class DeclaredClaim:
    """A claim and when it was made. ``added_at`` is ISO 8601 in UTC; None for claims of the study."""

    claim: Claim
    declared: Declared
    added_at: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimsFile:
    """All claims of a record. ``sentences`` are theirs, in the same order, for people."""

    __pydantic_config__ = json_form.STRICT_FIELDS

    claims: tuple[DeclaredClaim, ...]
    sentences: tuple[str, ...]
    schema_version: Literal[1] = 1
