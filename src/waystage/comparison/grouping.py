"""Languages in groups: by properties that were given, numbers cut into thirds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waystage.comparison.context import Context
from waystage.comparison.errors import ComparisonError
from waystage.errors import Problem

THIRDS = ("low", "middle", "high")


@dataclass(frozen=True, slots=True)
class Group:
    """Languages that share a property. ``name`` None: it is not known for them; ``bounds`` as in GroupScore."""

    property: str
    name: str | None
    languages: tuple[str, ...]
    bounds: tuple[float, float] | None = None


def language_groups(context: Context, languages: Sequence[str]) -> tuple[Group, ...]:
    """The groups of every property, in the order of its groups' first languages, those not known last.

    Raises:
        ComparisonError: a number that is not finite, or a property that is given both ways.
    """
    problems = [
        Problem("languages", None, f"{name}.{language}", f"{value}", "a finite number")
        for name, values in context.measures.items()
        for language, value in values.items()
        if not math.isfinite(value)
    ]
    problems += [
        Problem("languages", None, name, "given as groups and as numbers", "one of the two")
        for name in context.groupings
        if name in context.measures
    ]
    if problems:
        raise ComparisonError(problems)
    groups: list[Group] = []
    for name, by_language in context.groupings.items():
        groups += _named_groups(name, by_language, languages)
    for name, values in context.measures.items():
        groups += _thirds(name, values, languages)
    return tuple(groups)


def _named_groups(name: str, by_language: Mapping[str, str], languages: Sequence[str]) -> list[Group]:
    members: dict[str | None, list[str]] = {}
    for language in languages:
        members.setdefault(by_language.get(language), []).append(language)
    unknown = members.pop(None, [])
    groups = [Group(name, group, tuple(own)) for group, own in members.items()]
    return groups + ([Group(name, None, tuple(unknown))] if unknown else [])


def _thirds(name: str, values: Mapping[str, float], languages: Sequence[str]) -> list[Group]:
    """Thirds of the languages by value; a language goes where the first of its equals goes."""
    known = sorted((language for language in languages if language in values), key=lambda own: values[own])
    members: dict[str, list[str]] = {}
    ranks: dict[float, int] = {}
    for rank, language in enumerate(known):
        first = ranks.setdefault(values[language], rank)
        members.setdefault(THIRDS[3 * first // len(known)], []).append(language)
    groups = [Group(name, third, tuple(own), (values[own[0]], values[own[-1]])) for third, own in members.items()]
    unknown = tuple(language for language in languages if language not in values)
    return groups + ([Group(name, None, unknown)] if unknown else [])
