"""Mistakes of meaning in budgets: how many of them there are, and what they are matched with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from waystage.errors import nearest_name
from waystage.study.mistakes import listed
from waystage.study.positions import FieldPath, Finding
from waystage.study.scope import Scope, Tree

_OF_TARGET = ("epochs", "steps", "tokens", "examples")
_OF_STAGE = (*_OF_TARGET, "flops", "seconds", "match")


def budget_findings(scope: Scope, path: FieldPath, part: Tree) -> Iterator[Finding]:
    """Findings about the budget of a stage or target."""
    budget, place = part.get("budget"), (*path, "budget")
    if budget is None:
        return
    is_stage = path[0] == "stages"
    keys = _OF_STAGE if is_stage else _OF_TARGET
    given = [key for key in keys if budget.get(key) is not None]
    if len(given) > 1 or (not given and not scope.is_wrong_below(place)):
        found = " and ".join(given) if given else "an empty budget" if not budget else "a unit without a stage to match"
        yield Finding(place, found, f"exactly one of {listed(keys)}")
    elif is_stage and given:
        yield from _match_findings(scope, place, str(path[1]), budget)


def _match_findings(scope: Scope, place: FieldPath, stage: str, budget: Tree) -> Iterator[Finding]:
    """Findings about a budget that is that of another stage."""
    other, unit = budget.get("match"), budget.get("unit")
    if other is None:
        if unit is not None:
            found = "'unit' without 'match'"
            yield Finding((*place, "unit"), found, "no unit: each other key has its own", at_key=True)
        return
    if unit is None and not scope.is_wrong_below((*place, "unit")):
        yield Finding(
            (*place, "match"), "'match' without 'unit'", "a unit: tokens, examples, flops or seconds", prunes=place
        )
    stages = scope.tree.get("stages") or {}
    if other not in stages:
        yield _unknown(scope.tree, (*place, "match"), other, [name for name in stages if name != stage])
    elif other == stage:
        yield Finding((*place, "match"), "a stage that matches itself", "another stage", prunes=place)
    elif stage in (circle := _followed(stages, stage)):
        found = f"a circle of matches: {' → '.join((stage, *circle))}"
        yield Finding((*place, "match"), found, "a stage whose budget is given", prunes=place)


def _unknown(tree: Tree, path: FieldPath, name: str, valid: list[str]) -> Finding:
    targets = [(target or {}).get("task") for target in tree.get("targets") or []]
    found = f"the target '{name}', where only a stage can be matched" if name in targets else f"unknown stage '{name}'"
    expected = f"one of {listed(valid)}" if valid else "a stage; no other one is declared under 'stages'"
    return Finding(path, found, expected, nearest_name(name, valid), prunes=path[:-1])


def _followed(stages: dict[str, Any], stage: str) -> list[str]:
    """The stages that one comes to by following matches, up to the first that comes again."""
    met: list[str] = []
    current: Any = stage
    while current in stages and current not in met[:-1]:
        budget = (stages[current] or {}).get("budget") or {}
        current = budget.get("match")
        if current is None:
            break
        met.append(current)
    return met
