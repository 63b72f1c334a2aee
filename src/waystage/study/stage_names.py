"""Mistakes of meaning in stages."""

from __future__ import annotations

from collections.abc import Iterator

from waystage.study.findings import (
    inapplicable_keys,
    lacks_split,
    language_findings,
    training_findings,
    unknown_name,
)
from waystage.study.mistakes import listed
from waystage.study.positions import FieldPath, Finding
from waystage.study.scope import Scope, Tree
from waystage.study.selection_names import selection_findings


def stage_findings(scope: Scope, path: FieldPath, stage: Tree) -> Iterator[Finding]:
    """Findings about a stage."""
    yield from training_findings(scope, path, stage)
    task, corpus = stage.get("task"), stage.get("corpus")
    if task is not None:
        yield from unknown_name((*path, "task"), "task", task, scope.tasks)
        facts = scope.tasks.get(task)
        if facts and facts.kind and facts.kind.trains_head:
            yield from inapplicable_keys(path, stage, facts.kind)
        if facts and facts.kind and not facts.kind.trains_head:
            trained = [name for name, other in scope.tasks.items() if other.kind and other.kind.trains_head]
            yield Finding((*path, "task"), f"'{task}' is retrieval, which trains nothing", f"one of {listed(trained)}")
        elif facts:
            yield from lacks_split((*path, "task"), task, facts, "train")
            yield from selection_findings(path, stage, facts, task)
    if corpus is not None:
        yield from inapplicable_keys(path, stage, None)
        yield from unknown_name((*path, "corpus"), "corpus", corpus, scope.corpora)
        valid = scope.corpora.get(corpus)
        yield from language_findings((*path, "languages"), stage.get("languages"), valid, f"the corpus '{corpus}'")
