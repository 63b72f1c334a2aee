"""The verification gate: every number again by the independent way, and every claim decided from evidence alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from waystage.claims.claim import DifferenceClaim, PublishedClaim
from waystage.errors import DataError
from waystage.record.folder.reader import parts_that_agree
from waystage.record.form.names import COMPARISON, SCORES, cell_name, examples_name
from waystage.record.form.verdicts import Finding, GateVerdict, Status
from waystage.record.gates.answers import check_answers
from waystage.record.gates.data import check_data
from waystage.record.gates.derivation import CORROBORATED, DECIDABLE, RESCORED
from waystage.record.gates.reading import Material
from waystage.record.gates.verdicts import Looked, gate_verdict, worst
from waystage.record.independent.agreement import Agreement
from waystage.record.independent.claims import Cells, Decision, Test, decide
from waystage.record.independent.comparison import check_comparison
from waystage.record.independent.published import PublishedDecision, decide_published
from waystage.record.independent.resampling import linear_covariance
from waystage.record.independent.scores import score

N_NAMED = 20
"""Disagreements that are named one by one; the rest is counted."""


def verify(material: Material, data_dir: Path | None = None) -> list[GateVerdict]:
    """The record as a whole, then each claim.

    ``data_dir`` is the reader's own copy of the data, which gold and answers are held against.

    Raises:
        RecordError: a file of the record cannot be read, or its files contradict each other.
    """
    with parts_that_agree(material.record):
        return _verdicts(material, data_dir)


def _verdicts(material: Material, data_dir: Path | None) -> list[GateVerdict]:
    started = time.monotonic()
    looked = Looked(material.record.digest)
    findings = list(_record_findings(material)) if material.has_run else []
    if material.has_run and data_dir is not None:
        findings += check_data(material, data_dir)
    status = worst([own.status for own in findings]) if material.has_run else _status_without_run(material)
    seconds = time.monotonic() - started
    of_record = gate_verdict("verification", status, _reason(findings), Looked(looked.state, seconds), None, findings)
    rescored = {own.name.partition(": ")[2]: own for own in findings if _scored_answers(own)}
    return [of_record, *_claim_verdicts(material, rescored, looked)]


def _scored_answers(finding: Finding) -> bool:
    """Whether answers of a task were scored again, against gold of the record or of the reader's data."""
    return finding.name.startswith((RESCORED, "your data: ")) and bool((finding.numbers or {}).get("n_examples"))


def _status_without_run(material: Material) -> Status:
    """A record of published claims alone: there are no numbers but those of the claims."""
    return "VERIFIED" if material.published and not material.differences else "UNVERIFIED"


def _record_findings(material: Material) -> Iterator[Finding]:
    yield from _answers(material)
    yield _scores(material)
    try:
        measured = material.drawn.measured()
    except DataError as error:
        told = "; ".join(str(problem) for problem in error.problems[:5])
        yield Finding("comparison", "FALSIFIED", f"the evidence cannot be laid out: {told}", "evidence for every cell")
        return
    found = check_comparison(material.comparison, measured, material.categories, COMPARISON)
    yield _agreed("comparison", found, "differences, intervals, p and adjusted p")
    yield _second_method(material)


def _answers(material: Material) -> Iterator[Finding]:
    """One finding a task: the statistics follow from answers and gold, where both are there."""
    for task, examples in material.examples.items():
        name, places = f"{RESCORED}: {task}", (examples_name(task),)
        if examples.evidence != "answers and gold":
            why = f"{task} holds {examples.evidence} alone; `--data DIR` scores it where you have the data"
            # The statistics stand for themselves then: nothing contradicts them, and levels say what was not looked at.
            yield Finding(name, "VERIFIED", f"not looked at: {why}", None, {"n_examples": 0}, places)
            continue
        agreement, n_examples = Agreement(places[0]), 0
        for answers in material.answers:
            if answers.task == task:
                file = cell_name(task, answers.sequence, answers.seed)
                n_examples += check_answers(answers, examples, material.tasks[task], agreement, file)
        yield _agreed(name, agreement, f"statistics of {n_examples:,} answers", {"n_examples": n_examples})


def _scores(material: Material) -> Finding:
    """Every recorded score is that of the statistics; every table of statistics has a recorded score."""
    agreement = Agreement(SCORES)
    found = {
        (own.sequence, own.task, own.language, own.seed, own.metric): (
            float(score(own.metric, own.columns, own.rows.sum(axis=0))),
            len(own.ids),
        )
        for own in material.cells
    }
    recorded = {
        (own.sequence, own.task, own.language, own.seed, own.metric): (own.score, own.n_examples)
        for own in material.scores.scores
    }
    for key in dict.fromkeys([*recorded, *found]):
        place = " / ".join(str(part) for part in key)
        value, n_examples = recorded.get(key, (None, None))
        again, n_again = found.get(key, (None, None))
        agreement.value(place, "score", value, again)
        agreement.value(place, "n_examples", n_examples, n_again)
    return _agreed("scores", agreement, "scores of statistics")


def _second_method(material: Material) -> Finding:
    """Spreads of scores by derivatives against those by random signs, which the recorded errors come from."""
    method = material.method
    drawn, linear = material.drawn.measured(), Cells(material.cells, method, linear_covariance).measured()
    noise = 5 / np.sqrt(2 * (method.n_resamples - 1))
    worst_ratio, worst_place, is_within = 0.0, "", True
    for block in drawn.evidence.blocks:
        first, second = (own.spreads(block.task) for own in (drawn, linear))
        for place, language in enumerate(block.languages):
            known = second[place] > 0
            ratio = float(np.abs(first[place][known] / second[place][known] - 1).max(initial=0.0))
            is_within &= ratio <= noise + 1 / np.sqrt(len(block.ids[language]))
            if ratio > worst_ratio:
                worst_ratio, worst_place = ratio, f"{block.task} / {language}"
    found = (
        f"standard errors of scores without random numbers differ by {100 * worst_ratio:.1f} % at most ({worst_place})"
    )
    expected = (
        f"within {100 * noise:.1f} %, five times the noise of {method.n_resamples:,} resamples, and 1 / √examples"
    )
    status: Status = "VERIFIED" if is_within else "UNVERIFIED"
    return Finding("a second method", status, found, expected, {"largest_ratio": worst_ratio}, (COMPARISON,))


def _agreed(
    name: str, agreement: Agreement, what: str, numbers: dict[str, float | int | str | None] | None = None
) -> Finding:
    named = agreement.disagreements
    counted = {"n_values": agreement.n_values, "n_disagreements": len(named), **(numbers or {})}
    if not named:
        return Finding(
            name, "VERIFIED", f"{what}: {agreement.n_values:,} values agree", None, counted, (agreement.file,)
        )
    told = "\n".join(str(own) for own in named[:N_NAMED])
    more = f"\nand {len(named) - N_NAMED} more" if len(named) > N_NAMED else ""
    found = f"{len(named):,} of {agreement.n_values:,} values disagree:\n{told}{more}"
    files = tuple(dict.fromkeys(own.file for own in named))
    return Finding(name, "FALSIFIED", found, what, counted, files)


def _reason(findings: Sequence[Finding]) -> str:
    against = [own for own in findings if own.status != "VERIFIED"]
    if against:
        return f"{against[0].name}: {against[0].found.splitlines()[0]}"
    n_values = sum(int((own.numbers or {}).get("n_values") or 0) for own in findings)
    return f"all {n_values:,} values agree" if findings else "the record holds published claims alone"


def _claim_verdicts(material: Material, rescored: dict[str, Finding], looked: Looked) -> Iterator[GateVerdict]:
    started = time.monotonic()
    decided: dict[str, GateVerdict] = {}
    differences, published = material.differences, material.published
    if differences:
        decisions = _decide(material, differences)
        seconds = (time.monotonic() - started) / len(decisions)
        for claim, decision in zip(differences, decisions, strict=True):
            findings = list(_difference_findings(claim, decision, rescored))
            own = Looked(looked.state, seconds)
            decided[claim.name] = gate_verdict(
                "verification", decision.status, decision.reason, own, claim.name, findings
            )
    for figure in published:
        found = decide_published(figure)
        told = list(_published_findings(figure, found))
        decided[figure.name] = gate_verdict("verification", found.status, found.reason, looked, figure.name, told)
    for declared in material.claims:
        yield decided[declared.claim.name]


def _decide(material: Material, claims: Sequence[DifferenceClaim]) -> list[Decision]:
    try:
        return decide(claims, material.drawn.measured)
    except DataError as error:
        why = f"the evidence cannot be laid out: {str(error).splitlines()[0]}"
        return [Decision(claim.name, "UNVERIFIED", why) for claim in claims]


def _difference_findings(claim: DifferenceClaim, decision: Decision, rescored: dict[str, Finding]) -> Iterator[Finding]:
    for test in decision.tests:
        own = test.interval
        numbers: dict[str, float | int | str | None] = {
            "value": own.value,
            "low": own.low,
            "high": own.high,
            "standard_error": own.standard_error,
            "degrees_of_freedom": own.degrees_of_freedom,
            "p": test.p,
            "p_contrary": test.p_contrary,
        }
        yield Finding(f"against {test.other}", decision.status, _told(test), None, numbers)
    numbers = {"p": decision.p, "p_adjusted": decision.p_adjusted, "n_in_family": decision.n_in_family}
    is_known = decision.p is not None
    found = f"interval over {claim.scope} with seeds and examples" if is_known else decision.reason
    yield Finding(DECIDABLE, "VERIFIED" if is_known else "UNVERIFIED", found, None, numbers)
    own_tasks = [rescored[task] for task in claim.tasks if task in rescored]
    looked_at = [own for own in own_tasks if (own.numbers or {}).get("n_examples")]
    if own_tasks and len(looked_at) == len(claim.tasks):
        status = worst([own.status for own in looked_at])
        yield Finding(RESCORED, status, f"answers on {', '.join(claim.tasks)} were scored against gold again")


def _told(test: Test) -> str:
    own = test.interval
    p = "no p" if test.p is None else f"p = {test.p:.2g}, of the contrary {test.p_contrary:.2g}"
    ends = f"{100 * own.low:+.2f} to {100 * own.high:+.2f}"
    return f"{100 * own.value:+.2f} points, 95 % interval {ends}; {p} before correction"


def _published_findings(claim: PublishedClaim, decision: PublishedDecision) -> Iterator[Finding]:
    numbers: dict[str, float | int | str | None] = {"claimed": claim.figure.number}
    if decision.computed is not None:
        own = decision.computed
        numbers |= {"computed": float(own.middle), "low": float(own.low), "high": float(own.high)}
    yield Finding("calculation", decision.status, decision.reason, None, numbers)
    sources = {own.paper for own in claim.cited.values()} - {claim.figure.paper}
    if decision.status == "VERIFIED" and sources:
        found = f"the figure of {claim.figure.paper} follows from figures of {', '.join(sorted(sources))}"
        yield Finding(CORROBORATED, "VERIFIED", found)
