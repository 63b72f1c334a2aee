"""What a name in a study file may refer to, on the tree that is left when mistakes of form are cut out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from waystage.study.positions import FieldPath, Finding
from waystage.tasks.kinds import KINDS, Kind
from waystage.tasks.task import Task

Tree: TypeAlias = dict[str, Any]
Facts = TypeVar("Facts")


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
    metric_names: tuple[str, ...] | None = None
    source_language: str | None = None

    @classmethod
    def of_task(cls, task: Task) -> TaskFacts:
        """Facts of a built-in task."""
        return cls(task.kind, task.languages, task.labels, None, task.metric_names, task.source_language)

    @classmethod
    def of_declaration(cls, declared: Tree) -> TaskFacts:
        """Facts of a task that the study file declares."""
        files = declared.get("files") or (declared.get("hub") or {}).get("files")
        kind = KINDS.get(declared.get("kind") or "")
        return cls(
            kind,
            complete(declared.get("languages")),
            complete(declared.get("labels")),
            frozenset(files) if files else None,
            kind.metric_names if kind else None,
            declared.get("source_language", "en"),
        )

    def may_choose(self, language: str | None) -> bool:
        """Whether checkpoints of a mixture may be chosen by validation data in a language (None: the source language).

        Pairs of dual encoders are ranked, which is too dear to be done again and again. Whether a built-in task has the
        data is told when it is read.
        """
        has_split = self.splits is None or "validation" in self.splits
        of_language = language in (None, self.source_language) or self.languages is None or language in self.languages
        return has_split and of_language and not (self.kind and self.kind.is_dual_encoder)


@dataclass(frozen=True)
class Declared(Mapping[str, Facts], Generic[Facts]):
    """What is known of everything of a kind that a study can name: what it declares itself comes first.

    An entry of a registry is looked at when it is asked for: it may have to be loaded from another package.
    """

    own: Mapping[str, Facts]
    registry: Mapping[str, Any]
    facts_of: Callable[[Any], Facts]

    def __getitem__(self, name: str) -> Facts:
        return self.own[name] if name in self.own else self.facts_of(self.registry[name])

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in self.registry

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self.registry, *self.own)))

    def __len__(self) -> int:
        return len(set(self.registry) | set(self.own))


def complete(values: list[str | None] | None) -> tuple[str, ...] | None:
    """The values, or None where some are missing."""
    known = tuple(value for value in values or () if value is not None)
    return known if values and len(known) == len(values) else None


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that a name in this study may refer to."""

    tree: Tree
    wrong: frozenset[FieldPath]
    tasks: Mapping[str, TaskFacts]
    corpora: Mapping[str, tuple[str, ...] | None]
    parallel: Mapping[str, tuple[str, ...] | None]
    n_layers: int | None = field(default=None)

    def is_wrong_below(self, path: FieldPath) -> bool:
        """Whether a mistake of form was found at ``path`` or below it."""
        return any(other[: len(path)] == path for other in self.wrong)
