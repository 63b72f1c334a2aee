"""Mistakes of meaning in the choice of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

from waystage.errors import nearest_name
from waystage.study.findings import lacks_split
from waystage.study.mistakes import listed
from waystage.study.positions import FieldPath, Finding
from waystage.study.scope import TaskFacts, Tree

_KEYS_OF_BEST = ("every_steps", "times_per_epoch", "patience", "oracle")


def selection_findings(path: FieldPath, part: Tree, facts: TaskFacts | None, task: str | None) -> Iterator[Finding]:
    """Findings about ``selection`` of a stage or target; ``task`` is the one that it learns from."""
    selection, place = part.get("selection") or {}, (*path, "selection")
    if selection and facts and facts.kind and facts.kind.is_dual_encoder:
        # Its validation data are pairs, and a ranking of a pool is too dear to be made again and again.
        found = f"'selection' for '{task}', a task of {facts.kind.name}, whose last checkpoint is taken"
        yield Finding(place, found, "no such key", at_key=True)
        return
    given = [key for key in _KEYS_OF_BEST if selection.get(key)]
    if selection.get("oracle") and path[0] == "stages":
        yield Finding((*place, "oracle"), "an oracle for a stage, which has no target languages", "none", at_key=True)
    if selection.get("rule") == "last":
        for key in given:
            yield Finding((*place, key), f"'{key}' where the last checkpoint is taken", "rule: best", at_key=True)
    elif {"every_steps", "times_per_epoch"} <= set(given):
        yield Finding(place, "every_steps and times_per_epoch", "at most one of every_steps, times_per_epoch")
    metric = selection.get("metric")
    if metric is not None and facts and facts.metric_names and metric not in facts.metric_names:
        found = f"'{metric}', which is not scored for '{task}'"
        nearest = nearest_name(metric, facts.metric_names)
        yield Finding((*place, "metric"), found, f"one of {listed(facts.metric_names)}", nearest)
    if selection.get("rule") == "best" and facts and task:
        yield from lacks_split((*place, "rule"), task, facts, "validation")
