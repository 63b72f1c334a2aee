"""Claims of a study or of a file: their mistakes of meaning, and the claims once there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from waystage.claims.arithmetic import CalculationError, parse
from waystage.claims.claim import Claim, DifferenceClaim, Figure, PublishedClaim
from waystage.errors import StudyError, nearest_name
from waystage.study.findings import repeated, unknown_name
from waystage.study.forms.claims import ClaimForm, ClaimsForm, DifferenceForm, FigureForm
from waystage.study.mistakes import listed, schema_findings
from waystage.study.positions import FieldPath, Finding, read_document, read_text
from waystage.study.scope import Scope, Tree, pruned

_FORM: TypeAdapter[ClaimForm] = TypeAdapter(ClaimForm)


@dataclass(frozen=True, slots=True)
class ClaimTask:
    """What can be claimed of a target: target languages and metrics; None where they cannot be told."""

    languages: tuple[str, ...] | None
    metrics: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class ClaimScope:
    """What claims can speak of. ``sequences`` is None where they cannot be told."""

    sequences: tuple[str, ...] | None
    tasks: Mapping[str, ClaimTask]

    def languages(self, tasks: list[str]) -> tuple[str, ...] | None:
        """The target languages of these tasks, in their order; None where they cannot be told."""
        known = [self.tasks[task].languages for task in tasks if task in self.tasks]
        if any(own is None for own in known):
            return None
        return tuple(dict.fromkeys(code for own in known for code in own or ()))


def scope_of_claims(scope: Scope) -> ClaimScope:
    """What claims of a study can speak of, on its pruned tree."""
    sequences = scope.tree.get("sequences")
    tasks = {}
    for target in scope.tree.get("targets") or []:
        name = (target or {}).get("task")
        if name is not None and name in scope.tasks:
            tasks[name] = _claim_task(scope, name, target)
    return ClaimScope(None if sequences is None else tuple(sequences), tasks)


def _claim_task(scope: Scope, name: str, target: Tree) -> ClaimTask:
    facts = scope.tasks[name]
    given = target.get("languages")
    languages = tuple(code for code in given if code) if isinstance(given, list) else facts.languages
    is_partial = isinstance(given, list) and None in given
    if languages is None or is_partial or facts.source_language is None:
        return ClaimTask(None, facts.metric_names)
    return ClaimTask(tuple(code for code in languages if code != facts.source_language), facts.metric_names)


def claim_findings(claims: Tree, scope: ClaimScope) -> Iterator[Finding]:
    """Every mistake of meaning in a pruned table of claims."""
    for name, claim in claims.items():
        path: FieldPath = ("claims", name)
        if claim is None:
            continue
        if claim.get("kind") == "published":
            yield from _published_findings(path, claim)
        else:
            yield from _difference_findings(path, claim, scope)


def _difference_findings(path: FieldPath, claim: Tree, scope: ClaimScope) -> Iterator[Finding]:
    yield from _sequence_findings(path, claim, scope)
    given = claim.get("tasks")
    if isinstance(given, list):
        yield from repeated(given, (*path, "tasks"), "task")
        for place, task in enumerate(given):
            if task is not None:
                yield from unknown_name((*path, "tasks", place), "target", task, scope.tasks)
    tasks = [task for task in _tasks(claim, scope) if task in scope.tasks]
    yield from _language_findings(path, claim, tasks, scope)
    metric = claim.get("metric")
    for task in tasks if metric is not None else ():
        valid = scope.tasks[task].metrics
        if valid is not None and metric not in valid:
            found = f"'{metric}' is no metric of {task}"
            yield Finding((*path, "metric"), found, f"one of {listed(valid)}", nearest_name(str(metric), valid))
    if claim.get("direction") == "equivalent" and not claim.get("smallest_effect"):
        expected = "a smallest effect above 0: two scores are never known to be equal"
        yield Finding((*path, "direction"), "'equivalent' without a smallest effect", expected)


def _tasks(claim: Tree, scope: ClaimScope) -> list[str]:
    given = claim.get("tasks")
    return [task for task in given if task is not None] if isinstance(given, list) else list(scope.tasks)


def _sequence_findings(path: FieldPath, claim: Tree, scope: ClaimScope) -> Iterator[Finding]:
    than, sequence = claim.get("than"), claim.get("sequence")
    places: list[tuple[FieldPath, str | None]] = [((*path, "sequence"), sequence)]
    if isinstance(than, list):
        yield from repeated(than, (*path, "than"), "sequence")
        places += [((*path, "than", place), name) for place, name in enumerate(than)]
    else:
        places.append(((*path, "than"), than))
    valid = scope.sequences
    for where, name in places:
        if name is not None and valid is not None:
            yield from unknown_name(where, "sequence", name, dict.fromkeys(valid))
    for where, name in places[1:]:
        if name is not None and name == sequence:
            yield Finding(where, f"'{name}' is compared with itself", "another sequence")


def _language_findings(path: FieldPath, claim: Tree, tasks: list[str], scope: ClaimScope) -> Iterator[Finding]:
    given, valid = claim.get("languages"), scope.languages(tasks)
    if not isinstance(given, list) or not valid:
        return
    yield from repeated(given, (*path, "languages"), "language")
    for place, code in enumerate(given):
        if code is not None and code not in valid:
            found = f"'{code}' is no target language of {', '.join(tasks)}"
            yield Finding((*path, "languages", place), found, f"one of {listed(valid, 120)}", nearest_name(code, valid))
    for task in tasks:
        own = scope.tasks[task].languages or ()
        if set(given) & set(valid) and not set(own) & set(given):
            yield Finding((*path, "languages"), f"none of these is a language of {task}", f"one of {listed(own)} too")


def _published_findings(path: FieldPath, claim: Tree) -> Iterator[Finding]:
    calculation, cited = claim.get("calculation"), claim.get("cited") or {}
    if calculation is None:
        return
    try:
        expression = parse(calculation)
        for name in expression.names:
            if name not in cited:
                expected = f"one of {listed(list(cited))}" if cited else "a figure under 'cited'; there is none"
                found = f"'{name}' is not cited"
                yield Finding((*path, "calculation"), found, expected, nearest_name(name, cited))
    except CalculationError as error:
        yield Finding((*path, "calculation"), error.found, error.expected, error.nearest)


def build_claims(claims: Tree, scope: ClaimScope) -> tuple[Claim, ...]:
    """The claims of a table without mistakes, every name in them resolved."""
    return tuple(_build(name, _FORM.validate_python(value), scope) for name, value in claims.items())


def _build(name: str, form: ClaimForm, scope: ClaimScope) -> Claim:
    if not isinstance(form, DifferenceForm):
        return PublishedClaim(
            name=name,
            figure=_figure(form.figure),
            cited={key: _figure(figure) for key, figure in form.cited.items()},
            calculation=form.calculation,
            distinct_from=tuple(map(_figure, form.distinct_from)),
            statement=form.statement,
            family=form.family,
        )
    tasks = tuple(scope.tasks) if form.tasks == "all" else tuple(form.tasks)
    languages = scope.languages(list(tasks)) if form.languages == "all" else tuple(form.languages)
    return DifferenceClaim(
        name=name,
        sequence=form.sequence,
        than=(form.than,) if isinstance(form.than, str) else tuple(form.than),
        tasks=tasks,
        languages=languages or (),
        metric=form.metric,
        direction=form.direction,
        smallest_effect=form.smallest_effect,
        scope=form.scope,
        family=form.family,
    )


def _figure(form: FigureForm) -> Figure:
    return Figure(**form.model_dump())


def read_claims(path: Path, scope: ClaimScope) -> dict[str, Claim]:
    """The claims of a file that has nothing but ``claims:``, by name.

    Raises:
        StudyError: with one problem a mistake.
    """
    document = read_document(read_text(path), path)
    value: Any = document.value
    findings = list(document.findings)
    unreadable = {finding.path for finding in findings if not finding.is_harmless}
    findings += [one for one in schema_findings(value, ClaimsForm) if one.path not in unreadable]
    findings += claim_findings(pruned(value, findings).get("claims") or {}, scope)
    if findings:
        raise StudyError(sorted(map(document.problem, findings), key=lambda problem: problem.line or 0))
    return {claim.name: claim for claim in build_claims(value["claims"], scope)}
