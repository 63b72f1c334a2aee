"""Mistakes of meaning in targets."""

from __future__ import annotations

from collections.abc import Iterator

from waystage.study.findings import (
    beyond_layers,
    inapplicable_keys,
    lacks_split,
    language_findings,
    train_language_findings,
    training_findings,
    unknown_name,
)
from waystage.study.mistakes import listed
from waystage.study.positions import FieldPath, Finding
from waystage.study.scope import Scope, TaskFacts, Tree
from waystage.study.selection_names import selection_findings
from waystage.tasks.kinds import Kind


def target_findings(scope: Scope, path: FieldPath, target: Tree) -> Iterator[Finding]:
    """Findings about a target."""
    yield from training_findings(scope, path, target)
    task = target.get("task")
    facts = None
    if task is not None:
        yield from unknown_name((*path, "task"), "task", task, scope.tasks)
        facts = scope.tasks.get(task)
    if task is not None and facts:
        yield from language_findings(
            (*path, "languages"), target.get("languages"), facts.languages, f"the task '{task}'"
        )
        yield from lacks_split((*path, "task"), task, facts, "test")
        yield from _foreign_keys(path, task, facts.kind, target)
        if facts.kind and facts.kind.trains_head:
            yield from inapplicable_keys(path, target, facts.kind)
        if facts.kind and facts.kind.fits_threshold:
            yield from lacks_split((*path, "task"), task, facts, "validation")
    yield from _train_task(scope, path, target, facts)
    learned = target.get("train_on") or task
    if facts is None or facts.kind is None or (facts.kind.trains_head and not target.get("untrained")):
        yield from train_language_findings(path, target, scope.tasks.get(learned or ""), learned)
    if facts is None or facts.kind is None or facts.kind.trains_head:
        yield from selection_findings(path, target, scope.tasks.get(learned or ""), learned)
    n_layers, available = target.get("n_layers"), scope.n_layers
    if n_layers is not None and available is not None and n_layers > available:
        yield beyond_layers((*path, "n_layers"), n_layers, available, 1)
        n_layers = None
    layer, top = (target.get("retrieval") or {}).get("layer"), n_layers or available
    if layer is not None and top is not None and layer > top:
        yield beyond_layers((*path, "retrieval", "layer"), layer, top, 0)


def _foreign_keys(path: FieldPath, task: str, kind: Kind | None, target: Tree) -> Iterator[Finding]:
    """Keys that the kind of the task gives no meaning to."""
    if kind is None:
        return
    if not kind.compares_vectors and target.get("retrieval") is not None:
        found = f"retrieval settings for '{task}', a task of {kind.name}"
        yield Finding((*path, "retrieval"), found, "no such key", at_key=True)
    if kind.compares_vectors:
        yield from _retrieval_keys((*path, "retrieval"), kind, target.get("retrieval") or {})
        is_learned = kind.is_dual_encoder and not target.get("untrained")
        if is_learned and (target.get("retrieval") or {}).get("max_tokens") is not None:
            found = "lengths for vectors that are learned"
            yield Finding((*path, "retrieval", "max_tokens"), found, "max_tokens under 'training'", at_key=True)
    if target.get("untrained") and not kind.is_dual_encoder:
        why = "is always learned" if kind.trains_head else "trains nothing"
        found = f"'untrained' for '{task}', a task of {kind.name}, which {why}"
        yield Finding((*path, "untrained"), found, "no such key", at_key=True)
    if kind.trains_head and not target.get("untrained"):
        return
    for key in ("budget", "training", "train_on", "train_languages", "shots", "selection"):
        if target.get(key) is not None:
            why = "which trains nothing" if not kind.trains_head else "which is to be untrained"
            found = f"'{key}' for '{task}', a task of {kind.name}, {why}"
            yield Finding((*path, key), found, "no such key", at_key=True)
    for split in ("train", "validation"):
        is_read = split == "validation" and kind.fits_threshold
        if not is_read and (target.get("limits") or {}).get(split) is not None:
            found = f"a limit of the {split} split for '{task}', a task of {kind.name}"
            yield Finding((*path, "limits", split), found, "no such key", at_key=True)


def _retrieval_keys(path: FieldPath, kind: Kind, settings: Tree) -> Iterator[Finding]:
    """Settings of retrieval that the kind gives no meaning to."""
    score, direction = settings.get("score"), settings.get("direction")
    if score is not None and score not in kind.scores:
        found = f"the score '{score}' for a task of {kind.name}"
        yield Finding((*path, "score"), found, f"one of {listed(kind.scores)}")
    if direction is not None and kind.pool is not None:
        found = f"a direction for a task of {kind.name}"
        yield Finding((*path, "direction"), found, "no such key", at_key=True)


def _train_task(scope: Scope, path: FieldPath, target: Tree, facts: TaskFacts | None) -> Iterator[Finding]:
    """Findings about the task whose training data the target learns from."""
    if target.get("untrained") or (facts and facts.kind and not facts.kind.trains_head):
        return
    train_on, place = target.get("train_on"), (*path, "train_on")
    if train_on is None:
        if facts and target.get("task"):
            yield from lacks_split((*path, "task"), target["task"], facts, "train")
        return
    yield from unknown_name(place, "task", train_on, scope.tasks)
    other = scope.tasks.get(train_on)
    if not facts or not other:
        return
    yield from lacks_split(place, train_on, other, "train")
    if facts.kind and other.kind and facts.kind != other.kind:
        yield Finding(place, f"'{train_on}' is a task of {other.kind.name}", f"a task of {facts.kind.name}")
    elif facts.labels and other.labels and set(facts.labels) != set(other.labels):
        found = f"'{train_on}' has the labels {listed(other.labels)}"
        yield Finding(place, found, f"a task with the labels {listed(facts.labels)}")


def repeated_targets(tree: Tree) -> Iterator[Finding]:
    """Findings about tasks that are a target twice."""
    tasks = [(target or {}).get("task") for target in tree.get("targets") or []]
    for index, task in enumerate(tasks):
        if task is not None and task in tasks[:index]:
            found = f"the task '{task}' is a target twice"
            yield Finding(("targets", index, "task"), found, "each task once")
