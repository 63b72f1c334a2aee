"""Findings that stages and targets have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from waystage.data.source import Split
from waystage.errors import nearest_name
from waystage.study.budget_names import budget_findings
from waystage.study.mistakes import listed
from waystage.study.positions import FieldPath, Finding
from waystage.study.scope import Scope, TaskFacts, Tree
from waystage.tasks.kinds import Kind


def unknown_name(path: FieldPath, what: str, name: str, valid: Mapping[str, object]) -> Iterator[Finding]:
    """A finding where ``name`` is not among ``valid``."""
    if name not in valid:
        nearest = nearest_name(name, valid)
        yield Finding(path, f"unknown {what} '{name}'", f"one of {listed(list(valid))}", nearest)


def language_findings(path: FieldPath, given: Any, valid: tuple[str, ...] | None, of: str) -> Iterator[Finding]:
    """Findings about a list of languages."""
    if not isinstance(given, list):
        return
    yield from repeated(given, path, "language")
    for index, language in enumerate(given):
        if language is not None and valid is not None and language not in valid:
            found = f"unknown language '{language}' for {of}"
            yield Finding((*path, index), found, f"one of {listed(valid, 120)}", nearest_name(language, valid))


def repeated(values: list[Any] | None, path: FieldPath, what: str) -> Iterator[Finding]:
    """Findings about values that stand twice in a list."""
    for index, value in enumerate(values or []):
        if value is not None and value in (values or [])[:index]:
            yield Finding((*path, index), f"the {what} '{value}' is listed twice", f"each {what} once")


def lacks_split(path: FieldPath, task: str, facts: TaskFacts, split: Split) -> Iterator[Finding]:
    """A finding where the task declares no file for the split."""
    if facts.splits is not None and split not in facts.splits:
        yield Finding(path, f"the task '{task}' declares no file for its {split} split", f"files.{split} in '{task}'")


def train_language_findings(
    path: FieldPath, part: Tree, facts: TaskFacts | None, task: str | None
) -> Iterator[Finding]:
    """Findings about the languages that are learned in; ``task`` is the one that is learned."""
    languages, shots = part.get("train_languages"), part.get("shots")
    yield from repeated(languages, (*path, "train_languages"), "language")
    if not facts or task is None:
        return
    if facts.languages is not None and facts.splits is None:  # a user's own files may be in any language
        known = (*facts.languages, *([facts.source_language] if facts.source_language else []))
        valid = tuple(dict.fromkeys(known))
        unknown = [language for language in languages or [] if language not in (None, *valid)]
        for language in unknown:
            place = (*path, "train_languages", (languages or []).index(language))
            found = f"unknown language '{language}' for the task '{task}'"
            yield Finding(place, found, f"one of {listed(valid, 120)}", nearest_name(language, valid))
    foreign = [language for language in languages or [] if language != facts.source_language]
    if shots is not None and not foreign:
        found = "shots of no language but the source language"
        yield Finding((*path, "shots"), found, "other languages in train_languages, or limits.train", at_key=True)


def beyond_layers(path: FieldPath, found: int, n_layers: int, first: int) -> Finding:
    """A number of layers, or a layer, that the encoder does not have."""
    return Finding(path, f"the number {found}", f"{first} to {n_layers}: the encoder has {n_layers} layers")


def training_findings(scope: Scope, path: FieldPath, part: Tree) -> Iterator[Finding]:
    """Findings about a budget and the hyperparameters of a stage or target."""
    yield from budget_findings(scope, path, part)
    training = part.get("training") or {}
    batch_size, micro_batch_size = training.get("batch_size"), training.get("micro_batch_size")
    if batch_size and micro_batch_size and micro_batch_size > batch_size:
        expected = f"at most batch_size, which is {batch_size}"
        yield Finding((*path, "training", "micro_batch_size"), f"the number {micro_batch_size}", expected)
    if training.get("warmup_steps") is not None and training.get("warmup_fraction") is not None:
        yield Finding((*path, "training"), "warmup_steps and warmup_fraction", "at most one of the two")


def inapplicable_keys(path: FieldPath, part: Tree, kind: Kind | None) -> Iterator[Finding]:
    """Hyperparameters that mean nothing for a kind, or with which it cannot learn; None is continued pretraining."""
    of = "continued pretraining" if kind is None else f"a task of {kind.name}"
    training = part.get("training") or {}
    reasons: dict[str, str] = {}
    if kind is None or not kind.reads_windows:
        reasons |= dict.fromkeys(("stride", "max_question_tokens"), "which reads no windows")
    if kind is not None and kind.is_dual_encoder:
        del reasons["max_question_tokens"]
        for key in ("batch_size", "micro_batch_size"):
            if training.get(key) == 1:
                expected = "at least 2: a query learns from the candidates of others"
                yield Finding((*path, "training", key), f"the number 1 for {of}", expected)
    if kind is None or not kind.pools_states:
        reasons["pooling"] = "whose head does not read one vector a sequence"
    for key, reason in reasons.items():
        if training.get(key) is not None:
            yield Finding((*path, "training", key), f"'{key}' for {of}, {reason}", "no such key", at_key=True)
