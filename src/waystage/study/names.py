"""Mistakes of meaning: names that refer to nothing, and keys that do not agree with each other.

The checks run on the tree that is left when everything of the wrong form has been taken out (see ``pruned``),
so that all mistakes of a file are found at once: a value that is there has the type that the schema gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from waystage.errors import nearest_name
from waystage.protocols.registry import PROFILES
from waystage.study.claims import claim_findings, scope_of_claims
from waystage.study.findings import beyond_layers, repeated, unknown_name
from waystage.study.mistakes import listed
from waystage.study.own_data import own_corpus_findings, own_task_findings
from waystage.study.own_parallel_data import own_parallel_findings, parallel_languages
from waystage.study.positions import FieldPath, Finding
from waystage.study.registries import Registries, find_encoder
from waystage.study.scope import Declared, Scope, TaskFacts, Tree, complete
from waystage.study.stage_names import stage_findings
from waystage.study.target_names import repeated_targets, target_findings


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
        Declared(own_tasks, registries.tasks, TaskFacts.of_task),
        Declared(own_corpora, registries.corpora, lambda corpus: corpus.languages),
        {name: parallel_languages(own or {}) for name, own in _table(tree, "parallel_corpora")},
        n_layers,
    )
    findings = [*encoder_problems, *repeated(tree.get("seeds"), ("seeds",), "seed")]
    for name, declared in _table(tree, "tasks"):
        findings += _hides(("tasks", name), "task", registries.tasks)
        findings += own_task_findings(("tasks", name), declared or {}, scope.is_wrong_below)
    for name, declared in _table(tree, "corpora"):
        findings += _hides(("corpora", name), "corpus", registries.corpora)
        findings += own_corpus_findings(("corpora", name), declared or {}, scope.is_wrong_below)
    for name, declared in _table(tree, "parallel_corpora"):
        findings += own_parallel_findings(("parallel_corpora", name), declared or {}, scope.is_wrong_below)
    for name, stage in _table(tree, "stages"):
        findings += stage_findings(scope, ("stages", name), stage or {})
    findings += _sequences(tree)
    findings += _protocol(("protocol",), tree.get("protocol"))
    for index, target in enumerate(tree.get("targets") or []):
        findings += target_findings(scope, ("targets", index), target or {})
        findings += _protocol(("targets", index, "protocol"), (target or {}).get("protocol"))
    findings += claim_findings(tree.get("claims") or {}, scope_of_claims(scope))
    return [*findings, *repeated_targets(tree)]


def _table(tree: Tree, name: str) -> list[tuple[str, Any]]:
    return list((tree.get(name) or {}).items())


def _corpus_languages(declared: Tree) -> tuple[str, ...] | None:
    languages = declared.get("files") or (declared.get("hub") or {}).get("languages")
    return complete(list(languages)) if languages else None


def _hides(path: FieldPath, what: str, registry: Mapping[str, object]) -> Iterator[Finding]:
    if path[-1] in registry:
        found = f"'{path[-1]}' is the name of a built-in {what}"
        yield Finding(path, found, "another name", at_key=True)


def _protocol(path: FieldPath, name: str | None) -> Iterator[Finding]:
    if name is not None:
        yield from unknown_name(path, "protocol", name, PROFILES)


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
        findings.append(beyond_layers(("encoder", "n_layers"), n_layers, encoder.n_layers, 1))
        n_layers = None
    return findings, n_layers or encoder.n_layers


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
