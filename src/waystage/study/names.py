"""Mistakes of meaning: names that refer to nothing, and keys that do not agree with each other.

The checks run on the tree that is left when everything of the wrong form has been taken out (see ``pruned``),
so that all mistakes of a file are found at once: a value that is there has the type that the schema gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from waystage.errors import nearest_name
from waystage.study.mistakes import listed
from waystage.study.own_data import own_corpus_findings, own_task_findings
from waystage.study.positions import FieldPath, Finding
from waystage.study.registries import Registries, find_encoder
from waystage.tasks.kinds import KINDS, Kind
from waystage.tasks.task import Task

Tree: TypeAlias = dict[str, Any]
_BUDGET_KEYS = ("epochs", "steps", "tokens")


def pruned(tree: Any, findings: Sequence[Finding]) -> Tree:
    """A copy of ``tree`` with None at every place that a finding speaks of; positions stay.

    >>> pruned({"seeds": [1, "x"]}, [Finding(("seeds", 1), "the text 'x'")])
    {'seeds': [1, None]}
    """
    copy = _copied(tree)
    for finding in findings:
        if finding.is_harmless:
            continue
        path = finding.path if finding.prunes is None else finding.prunes
        parent: Any = copy
        for part in path[:-1]:
            parent = parent.get(part) if isinstance(parent, dict) else _item(parent, part)
        if not path:
            return {}
        is_key = isinstance(parent, dict) and path[-1] in parent
        if is_key or _item(parent, path[-1]) is not None:
            parent[path[-1]] = None
    return copy if isinstance(copy, dict) else {}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _item(value: Any, part: str | int) -> Any:
    is_item = isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value)
    return value[part] if is_item else None


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What is known of a task before any data is read; None where its declaration leaves it open."""

    kind: Kind | None
    languages: tuple[str, ...] | None
    labels: tuple[str, ...] | None
    splits: frozenset[str] | None

    @classmethod
    def of_task(cls, task: Task) -> TaskFacts:
        """Facts of a built-in task."""
        return cls(task.kind, task.languages, task.labels, None)

    @classmethod
    def of_declaration(cls, declared: Tree) -> TaskFacts:
        """Facts of a task that the study file declares."""
        files = declared.get("files") or (declared.get("hub") or {}).get("files")
        return cls(
            KINDS.get(declared.get("kind") or ""),
            _complete(declared.get("languages")),
            _complete(declared.get("labels")),
            frozenset(files) if files else None,
        )


def _complete(values: list[str | None] | None) -> tuple[str, ...] | None:
    known = tuple(value for value in values or () if value is not None)
    return known if values and len(known) == len(values) else None


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that a name in this study may refer to."""

    tree: Tree
    wrong: frozenset[FieldPath]
    tasks: Mapping[str, TaskFacts]
    corpora: Mapping[str, tuple[str, ...] | None]
    n_layers: int | None = field(default=None)

    def is_wrong_below(self, path: FieldPath) -> bool:
        """Whether a mistake of form was found at ``path`` or below it."""
        return any(other[: len(path)] == path for other in self.wrong)


def name_findings(tree: Tree, wrong: Sequence[Finding], registries: Registries, study_dir: Path) -> list[Finding]:
    """Every mistake of meaning in a pruned tree; ``wrong`` are the mistakes of form that were pruned."""
    encoder_problems, n_layers = _encoder(tree, registries, study_dir)
    # Which of two equal names is meant cannot be told, so nothing is said of uses of a name that hides one.
    own_tasks = {
        name: TaskFacts.of_declaration({} if name in registries.tasks else own or {})
        for name, own in _table(tree, "tasks")
    }
    own_corpora = {
        name: None if name in registries.corpora else _corpus_languages(own or {})
        for name, own in _table(tree, "corpora")
    }
    scope = Scope(
        tree,
        frozenset(finding.path for finding in wrong),
        {name: TaskFacts.of_task(task) for name, task in registries.tasks.items()} | own_tasks,
        {name: corpus.languages for name, corpus in registries.corpora.items()} | own_corpora,
        n_layers,
    )
    findings = [*encoder_problems, *_repeated(tree.get("seeds"), ("seeds",), "seed")]
    for name, declared in _table(tree, "tasks"):
        findings += _hides(("tasks", name), "task", registries.tasks)
        findings += own_task_findings(("tasks", name), declared or {}, scope.is_wrong_below)
    for name, declared in _table(tree, "corpora"):
        findings += _hides(("corpora", name), "corpus", registries.corpora)
        findings += own_corpus_findings(("corpora", name), declared or {}, scope.is_wrong_below)
    for name, stage in _table(tree, "stages"):
        findings += _stage(scope, ("stages", name), stage or {})
    findings += _sequences(tree)
    for index, target in enumerate(tree.get("targets") or []):
        findings += _target(scope, ("targets", index), target or {})
    return [*findings, *_repeated_targets(tree)]


def _table(tree: Tree, name: str) -> list[tuple[str, Any]]:
    return list((tree.get(name) or {}).items())


def _corpus_languages(declared: Tree) -> tuple[str, ...] | None:
    languages = declared.get("files") or (declared.get("hub") or {}).get("languages")
    return _complete(list(languages)) if languages else None


def _hides(path: FieldPath, what: str, registry: Mapping[str, object]) -> Iterator[Finding]:
    if path[-1] in registry:
        found = f"'{path[-1]}' is the name of a built-in {what}"
        yield Finding(path, found, "another name", at_key=True)


def _encoder(tree: Tree, registries: Registries, study_dir: Path) -> tuple[list[Finding], int | None]:
    """Findings about the encoder, and its number of layers where it is known."""
    choice = tree.get("encoder")
    name, path = (
        (choice, ("encoder",)) if isinstance(choice, str) else ((choice or {}).get("name"), ("encoder", "name"))
    )
    options: Tree = choice if isinstance(choice, dict) else {}
    if name is None:
        return [], options.get("n_layers")
    encoder = find_encoder(name, registries.encoders, study_dir)
    if encoder is None:
        valid = list(registries.encoders)
        expected = f"one of {listed(valid)}, a hub id (organisation/name) or an existing folder"
        return [Finding(path, f"unknown encoder '{name}'", expected, nearest_name(name, valid))], None
    findings = []
    if not encoder.is_hub and options.get("revision") is not None:
        found = "a revision for an encoder that is not taken from the hub by its id"
        findings.append(Finding(("encoder", "revision"), found, "no revision"))
    n_layers: int | None = options.get("n_layers")
    if n_layers is not None and encoder.n_layers is not None and n_layers > encoder.n_layers:
        findings.append(_beyond(("encoder", "n_layers"), n_layers, encoder.n_layers, 1))
        n_layers = None
    return findings, n_layers or encoder.n_layers


def _beyond(path: FieldPath, found: int, n_layers: int, first: int) -> Finding:
    return Finding(path, f"the number {found}", f"{first} to {n_layers}: the encoder has {n_layers} layers")


def _stage(scope: Scope, path: FieldPath, stage: Tree) -> Iterator[Finding]:
    yield from _training(scope, path, stage)
    task, corpus = stage.get("task"), stage.get("corpus")
    if task is not None:
        yield from _unknown((*path, "task"), "task", task, scope.tasks)
        facts = scope.tasks.get(task)
        if facts and facts.kind and facts.kind.trains_head and not facts.kind.reads_windows:
            yield from _window_keys(path, stage, f"a task of {facts.kind.name}")
        if facts and facts.kind and not facts.kind.trains_head:
            trained = [name for name, other in scope.tasks.items() if other.kind and other.kind.trains_head]
            yield Finding((*path, "task"), f"'{task}' is retrieval, which trains nothing", f"one of {listed(trained)}")
        elif facts:
            yield from _lacks_split((*path, "task"), task, facts, "train")
    if corpus is not None:
        yield from _window_keys(path, stage, "continued pretraining")
        yield from _unknown((*path, "corpus"), "corpus", corpus, scope.corpora)
        valid = scope.corpora.get(corpus)
        yield from _languages((*path, "languages"), stage.get("languages"), valid, f"the corpus '{corpus}'")


def _training(scope: Scope, path: FieldPath, part: Tree) -> Iterator[Finding]:
    budget, training = part.get("budget"), part.get("training") or {}
    if budget is not None:
        given = [key for key in _BUDGET_KEYS if budget.get(key) is not None]
        if len(given) > 1 or (not given and not scope.is_wrong_below((*path, "budget"))):
            found = " and ".join(given) if given else "an empty budget"
            yield Finding((*path, "budget"), found, f"exactly one of {listed(_BUDGET_KEYS)}")
    batch_size, micro_batch_size = training.get("batch_size"), training.get("micro_batch_size")
    if batch_size and micro_batch_size and micro_batch_size > batch_size:
        expected = f"at most batch_size, which is {batch_size}"
        yield Finding((*path, "training", "micro_batch_size"), f"the number {micro_batch_size}", expected)


def _window_keys(path: FieldPath, part: Tree, of: str) -> Iterator[Finding]:
    """Lengths of windows for what reads none."""
    for key in ("stride", "max_question_tokens"):
        if (part.get("training") or {}).get(key) is not None:
            found = f"'{key}' for {of}, which reads no windows"
            yield Finding((*path, "training", key), found, "no such key", at_key=True)


def _sequences(tree: Tree) -> Iterator[Finding]:
    stages, sequences = tree.get("stages") or {}, tree.get("sequences")
    if sequences is None:
        return
    explained: set[str] = set()
    for name, members in sequences.items():
        for index, member in enumerate(members or []):
            if member is None or member in stages:
                continue
            nearest = nearest_name(member, stages)
            explained.add(nearest or member)
            expected = f"one of {listed(list(stages))}" if stages else "a stage; none is declared under 'stages'"
            yield Finding(("sequences", name, index), f"unknown stage '{member}'", expected, nearest)
    yield from _equal_sequences(sequences)
    used = {member for members in sequences.values() for member in members or [] if member is not None}
    if all(members is not None for members in sequences.values()):
        for stage in stages:
            if stage not in used | explained:
                yield Finding(
                    ("stages", stage),
                    f"the stage '{stage}' is used by no sequence",
                    "a use, or no such stage",
                    at_key=True,
                )
    baseline = tree.get("baseline")
    if baseline is not None and baseline not in sequences:
        expected, nearest = f"one of {listed(list(sequences))}", nearest_name(baseline, sequences)
        yield Finding(("baseline",), f"unknown sequence '{baseline}'", expected, nearest)


def _equal_sequences(sequences: Tree) -> Iterator[Finding]:
    first: dict[tuple[str, ...], str] = {}
    for name, members in sequences.items():
        if members is None or None in members:
            continue
        same = first.setdefault(tuple(members), name)
        if same != name:
            yield Finding(
                ("sequences", name),
                f"the same stages as the sequence '{same}'",
                "another sequence",
                at_key=True,
            )


def _target(scope: Scope, path: FieldPath, target: Tree) -> Iterator[Finding]:
    yield from _training(scope, path, target)
    task = target.get("task")
    facts = None
    if task is not None:
        yield from _unknown((*path, "task"), "task", task, scope.tasks)
        facts = scope.tasks.get(task)
    if task is not None and facts:
        yield from _languages((*path, "languages"), target.get("languages"), facts.languages, f"the task '{task}'")
        yield from _lacks_split((*path, "task"), task, facts, "test")
        yield from _foreign_keys(path, task, facts.kind, target)
        if facts.kind and facts.kind.trains_head and not facts.kind.reads_windows:
            yield from _window_keys(path, target, f"a task of {facts.kind.name}")
    yield from _train_task(scope, path, target, facts)
    n_layers, available = target.get("n_layers"), scope.n_layers
    if n_layers is not None and available is not None and n_layers > available:
        yield _beyond((*path, "n_layers"), n_layers, available, 1)
        n_layers = None
    layer, top = (target.get("retrieval") or {}).get("layer"), n_layers or available
    if layer is not None and top is not None and layer > top:
        yield _beyond((*path, "retrieval", "layer"), layer, top, 0)


def _foreign_keys(path: FieldPath, task: str, kind: Kind | None, target: Tree) -> Iterator[Finding]:
    """Keys that the kind of the task gives no meaning to."""
    if kind is None:
        return
    if kind.trains_head:
        if target.get("retrieval") is not None:
            found = f"retrieval settings for '{task}', a task of {kind.name}"
            yield Finding((*path, "retrieval"), found, "no such key", at_key=True)
        return
    for key in ("budget", "training", "train_on"):
        if target.get(key) is not None:
            found = f"'{key}' for '{task}', a task of {kind.name}, which trains nothing"
            yield Finding((*path, key), found, "no such key", at_key=True)
    for split in ("train", "validation"):
        if (target.get("limits") or {}).get(split) is not None:
            found = f"a limit of the {split} split for '{task}', a task of {kind.name}"
            yield Finding((*path, "limits", split), found, "no such key", at_key=True)


def _train_task(scope: Scope, path: FieldPath, target: Tree, facts: TaskFacts | None) -> Iterator[Finding]:
    """Findings about the task whose training data the target learns from."""
    if facts and facts.kind and not facts.kind.trains_head:
        return
    train_on, place = target.get("train_on"), (*path, "train_on")
    if train_on is None:
        if facts and target.get("task"):
            yield from _lacks_split((*path, "task"), target["task"], facts, "train")
        return
    yield from _unknown(place, "task", train_on, scope.tasks)
    other = scope.tasks.get(train_on)
    if not facts or not other:
        return
    yield from _lacks_split(place, train_on, other, "train")
    if facts.kind and other.kind and facts.kind != other.kind:
        yield Finding(place, f"'{train_on}' is a task of {other.kind.name}", f"a task of {facts.kind.name}")
    elif facts.labels and other.labels and set(facts.labels) != set(other.labels):
        found = f"'{train_on}' has the labels {listed(other.labels)}"
        yield Finding(place, found, f"a task with the labels {listed(facts.labels)}")


def _lacks_split(path: FieldPath, task: str, facts: TaskFacts, split: Literal["train", "test"]) -> Iterator[Finding]:
    if facts.splits is not None and split not in facts.splits:
        yield Finding(path, f"the task '{task}' declares no file for its {split} split", f"files.{split} in '{task}'")


def _unknown(path: FieldPath, what: str, name: str, valid: Mapping[str, object]) -> Iterator[Finding]:
    if name not in valid:
        nearest = nearest_name(name, valid)
        yield Finding(path, f"unknown {what} '{name}'", f"one of {listed(list(valid))}", nearest)


def _languages(path: FieldPath, given: Any, valid: tuple[str, ...] | None, of: str) -> Iterator[Finding]:
    if not isinstance(given, list):
        return
    yield from _repeated(given, path, "language")
    for index, language in enumerate(given):
        if language is not None and valid is not None and language not in valid:
            found = f"unknown language '{language}' for {of}"
            yield Finding((*path, index), found, f"one of {listed(valid, 120)}", nearest_name(language, valid))


def _repeated(values: list[Any] | None, path: FieldPath, what: str) -> Iterator[Finding]:
    for index, value in enumerate(values or []):
        if value is not None and value in (values or [])[:index]:
            yield Finding((*path, index), f"the {what} '{value}' is listed twice", f"each {what} once")


def _repeated_targets(tree: Tree) -> Iterator[Finding]:
    tasks = [(target or {}).get("task") for target in tree.get("targets") or []]
    for index, task in enumerate(tasks):
        if task is not None and task in tasks[:index]:
            found = f"the task '{task}' is a target twice"
            yield Finding(("targets", index, "task"), found, "each task once")
