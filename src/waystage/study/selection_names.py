"""Mistakes of meaning in the choice of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from waystage.errors import nearest_name
from waystage.study.findings import lacks_split
from waystage.study.mistakes import listed
from waystage.study.positions import FieldPath, Finding
from waystage.study.scope import TaskFacts, Tree

_KEYS_OF_BEST = ("every_steps", "times_per_epoch", "patience", "oracle", "task")


def selection_findings(path: FieldPath, part: Tree, facts: TaskFacts | None, task: str | None) -> Iterator[Finding]:
    """Findings about ``selection`` of a stage or target; ``task`` is the one that it learns from."""
    selection, place = part.get("selection") or {}, (*path, "selection")
    if selection and facts and facts.kind and facts.kind.is_dual_encoder:
        # Its validation data are pairs, and a ranking of a pool is too dear to be made again and again.
        found = f"'selection' for '{task}', a task of {facts.kind.name}, whose last checkpoint is taken"
        yield Finding(place, found, "no such key", at_key=True)
        return
    if selection.get("task") is not None:
        yield Finding(
            (*place, "task"), "'task' where one task is learned", "several 'tasks', or no such key", at_key=True
        )
    yield from _rule_findings(place, selection)
    yield from _metric_findings((*place, "metric"), selection.get("metric"), facts, task)
    if selection.get("rule") == "best" and facts and task:
        yield from lacks_split((*place, "rule"), task, facts, "validation")


def mixture_selection_findings(
    path: FieldPath, stage: Tree, tasks: Mapping[str, TaskFacts | None]
) -> Iterator[Finding]:
    """Findings about ``selection`` of a stage that learns several objectives; ``tasks`` are the labelled ones."""
    selection, place = stage.get("selection") or {}, (*path, "selection")
    named, metric, language = (selection.get(key) for key in ("task", "metric", "language"))
    yield from _rule_findings(place, selection)
    if named is not None and named not in tasks:
        found = f"'{named}', which the stage does not learn"
        yield Finding((*place, "task"), found, f"one of {listed(list(tasks))}", nearest_name(named, tasks))
        return
    deciding = {named: tasks[named]} if named is not None else dict(tasks)
    if len(deciding) == 1:
        ((task, facts),) = deciding.items()
        yield from _metric_findings((*place, "metric"), metric, facts, task)
    elif metric is not None:
        found = "a metric where several tasks decide, each by its own"
        yield Finding((*place, "metric"), found, "a 'task', or no such key", at_key=True)
    known = [facts for facts in deciding.values() if facts is not None and facts.kind is not None]
    is_best = selection.get("rule") == "best"
    if is_best and deciding and len(known) == len(deciding) and not any(one.may_choose(language) for one in known):
        where = f" in '{language}'" if language is not None else ""
        found = f"no validation data{where} that a checkpoint could be chosen by, of {listed(list(deciding))}"
        yield Finding((*place, "rule"), found, "such data, or rule: last")


def _rule_findings(place: FieldPath, selection: Tree) -> Iterator[Finding]:
    """Keys of the rule that do not agree with each other."""
    given = [key for key in _KEYS_OF_BEST if selection.get(key)]
    if selection.get("oracle") and place[0] == "stages":
        yield Finding((*place, "oracle"), "an oracle for a stage, which has no target languages", "none", at_key=True)
    if selection.get("rule") == "last":
        for key in given:
            yield Finding((*place, key), f"'{key}' where the last checkpoint is taken", "rule: best", at_key=True)
    elif {"every_steps", "times_per_epoch"} <= set(given):
        yield Finding(place, "every_steps and times_per_epoch", "at most one of every_steps, times_per_epoch")


def _metric_findings(
    path: FieldPath, metric: str | None, facts: TaskFacts | None, task: str | None
) -> Iterator[Finding]:
    if metric is not None and facts and facts.metric_names and metric not in facts.metric_names:
        found = f"'{metric}', which is not scored for '{task}'"
        nearest = nearest_name(metric, facts.metric_names)
        yield Finding(path, found, f"one of {listed(facts.metric_names)}", nearest)
