"""Mistakes of meaning in stages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from waystage.study.findings import (
    inapplicable_keys,
    lacks_split,
    language_findings,
    repeated,
    train_language_findings,
    training_findings,
    unknown_name,
)
from waystage.study.mistakes import listed
from waystage.study.positions import FieldPath, Finding
from waystage.study.scope import Scope, TaskFacts, Tree
from waystage.study.selection_names import mixture_selection_findings, selection_findings
from waystage.tasks.kinds import Kind

_OF_RAW_TEXT = ("languages", "packing")


def stage_findings(scope: Scope, path: FieldPath, stage: Tree) -> Iterator[Finding]:
    """Findings about a stage."""
    yield from training_findings(scope, path, stage)
    if stage.get("kind") == "intermediate":
        yield from _intermediate(scope, path, stage)
    elif stage.get("kind") == "continued":
        yield from _continued(scope, path, stage)


def _intermediate(scope: Scope, path: FieldPath, stage: Tree) -> Iterator[Finding]:
    task, tasks, mixed_in = stage.get("task"), stage.get("tasks"), stage.get("mixed_in")
    yield from _one_of(scope, path, stage, ("task", "tasks"))
    yield from repeated(tasks, (*path, "tasks"), "task")
    places: list[tuple[FieldPath, str]] = [((*path, "task"), task)] if task is not None else []
    places += [((*path, "tasks", index), name) for index, name in enumerate(tasks or []) if name is not None]
    for place, name in places:
        yield from _task(scope, place, name)
        yield from train_language_findings(path, stage, scope.tasks.get(name), name)
    all_facts = [scope.tasks.get(name) for _, name in places]
    yield from _inapplicable(path, stage, [facts.kind for facts in all_facts if facts and facts.kind])
    if task is not None and mixed_in is None and all_facts[0] and all_facts[0].kind and all_facts[0].kind.trains_head:
        yield from selection_findings(path, stage, all_facts[0], task)
    if (tasks is not None or mixed_in is not None) and stage.get("selection") is not None:
        yield from mixture_selection_findings(path, stage, {name: scope.tasks.get(name) for _, name in places})
    if mixed_in is not None:
        yield from _raw_text(scope, (*path, "mixed_in"), mixed_in)
    yield from _of_several(path, stage, all_facts)


def _task(scope: Scope, path: FieldPath, task: str) -> Iterator[Finding]:
    yield from unknown_name(path, "task", task, scope.tasks)
    facts = scope.tasks.get(task)
    if facts and facts.kind and not facts.kind.trains_head:
        trained = [name for name, other in scope.tasks.items() if other.kind and other.kind.trains_head]
        yield Finding(path, f"'{task}' is retrieval, which trains nothing", f"one of {listed(trained)}")
    elif facts:
        yield from lacks_split(path, task, facts, "train")


def _inapplicable(path: FieldPath, stage: Tree, kinds: list[Kind]) -> Iterator[Finding]:
    """Hyperparameters that mean nothing for any of the tasks."""
    of_kinds = [list(inapplicable_keys(path, stage, kind)) for kind in kinds if kind.trains_head]
    everywhere = [{finding.path for finding in findings} for findings in of_kinds]
    if of_kinds:
        yield from (finding for finding in of_kinds[0] if all(finding.path in paths for paths in everywhere))


def _of_several(path: FieldPath, stage: Tree, facts: list[TaskFacts | None]) -> Iterator[Finding]:
    """Findings about what says how several tasks are learned together."""
    if stage.get("tasks") is None:
        for key in ("sampling", "heads"):
            if stage.get(key) is not None and stage.get("task") is not None:
                yield Finding((*path, key), f"'{key}' for one task", "several 'tasks'", at_key=True)
        return
    known = [found for found in facts if found and found.kind]
    if stage.get("heads") == "shared" and len({(f.kind, frozenset(f.labels or ())) for f in known}) > 1:
        expected = "tasks of one kind with one label set, or 'heads: own'"
        yield Finding((*path, "heads"), "one head for tasks of several kinds or label sets", expected)


def _continued(scope: Scope, path: FieldPath, stage: Tree) -> Iterator[Finding]:
    yield from inapplicable_keys(path, stage, None)
    corpus, parallel = stage.get("corpus"), stage.get("parallel")
    if corpus is not None:
        yield from _raw_text(scope, path, stage)
    is_unknown = any(scope.is_wrong_below((*path, key)) for key in ("corpus", "parallel"))
    if corpus is None and parallel is None and not is_unknown:
        yield Finding(path, "neither 'corpus' nor 'parallel'", "at least one of corpus, parallel", at_key=True)
    if parallel is None:
        return
    place = (*path, "parallel")
    yield from _parallel_text(scope, place, parallel)
    if corpus is None and not is_unknown:
        for key in _OF_RAW_TEXT:
            if stage.get(key) is not None:
                yield Finding((*path, key), f"'{key}' without raw text", "a 'corpus', or no such key", at_key=True)
        if parallel.get("rate") is not None:
            found = "a rate where nothing but parallel text is read"
            yield Finding((*place, "rate"), found, "a 'corpus', or no such key", at_key=True)
    elif (stage.get("budget") or {}).get("epochs") is not None:
        found = "epochs of raw and parallel text in turn"
        yield Finding((*path, "budget", "epochs"), found, "steps, tokens or flops")


def _parallel_text(scope: Scope, path: FieldPath, parallel: Tree) -> Iterator[Finding]:
    name, languages = parallel.get("corpus"), parallel.get("languages")
    if name is not None:
        yield from unknown_name((*path, "corpus"), "parallel corpus", name, scope.parallel)
        valid = scope.parallel.get(name)
        yield from language_findings((*path, "languages"), languages, valid, f"the corpus '{name}'")
    if isinstance(languages, list) and len(languages) == 1 and languages[0] is not None:
        expected = "at least two languages: their pairs with each other are read"
        yield Finding((*path, "languages"), f"'{languages[0]}' alone", expected)


def _raw_text(scope: Scope, path: FieldPath, text: Tree) -> Iterator[Finding]:
    corpus: Any = text.get("corpus")
    if corpus is not None:
        yield from unknown_name((*path, "corpus"), "corpus", corpus, scope.corpora)
        valid = scope.corpora.get(corpus)
        yield from language_findings((*path, "languages"), text.get("languages"), valid, f"the corpus '{corpus}'")


def _one_of(scope: Scope, path: FieldPath, stage: Tree, keys: tuple[str, str]) -> Iterator[Finding]:
    given = [key for key in keys if stage.get(key) is not None]
    if len(given) == 2:
        found = f"both '{keys[0]}' and '{keys[1]}'"
        yield Finding((*path, keys[1]), found, f"exactly one of {listed(keys)}", at_key=True)
    if not given and not any(scope.is_wrong_below((*path, key)) for key in keys):
        yield Finding(path, f"neither '{keys[0]}' nor '{keys[1]}'", f"exactly one of {listed(keys)}", at_key=True)
