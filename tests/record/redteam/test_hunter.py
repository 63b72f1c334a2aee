from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.record.independent.studies import as_cells, method, random_cells
from waystage.claims.claim import DifferenceClaim
from waystage.record.independent.claims import Cells, decide_alone
from waystage.record.independent.evidence import Cell
from waystage.record.independent.resampling import linear_covariance
from waystage.record.redteam.attack import Attack, Outcome, Role, score_of
from waystage.record.redteam.auditor import Facts, Overlap, audit
from waystage.record.redteam.hunter import Ground, hunt

TASKS = {"intents": "accuracy", "moods": "macro-f1"}
LANGUAGES = ("de", "sw", "fi")
CLAIM = DifferenceClaim("c", "better", ("base",), tuple(TASKS), LANGUAGES)
_STUDY = random_cells(TASKS, {"base": 0.5, "better": 0.62}, n_examples=200)
METHOD = method(_STUDY)
FACTS = Facts({"c": "in the study"}, {"better": 2.0, "base": 1.0}, n_quantities=20)


def _ground(change: Callable[[Cell], Cell] = lambda cell: cell, more: tuple[Cell, ...] = ()) -> Ground:
    cells = Cells([*map(change, as_cells(_STUDY)), *more], METHOD, linear_covariance)
    metrics = {task: tuple(dict.fromkeys(c.metric for c in cells.cells if c.task == task)) for task in TASKS}
    return Ground(cells, {}, metrics)


def _found(ground: Ground, name: str, claim: DifferenceClaim = CLAIM) -> Attack:
    return next(own for own in hunt(claim, ground) if own.name.startswith(name))


def _set_rate(cell: Cell, rate: float) -> Cell:
    """Right answers with another rate, by their own random numbers."""
    generator = np.random.default_rng([len(cell.sequence), ord(cell.language[0]), cell.seed or 0])
    right = (generator.random(len(cell.ids)) < rate).astype(float)
    return replace(cell, rows=np.column_stack([right, np.ones(len(right))]))


def test_a_claim_that_holds_everywhere_withstands() -> None:
    outcomes = {own.name: own.outcome for own in hunt(CLAIM, _ground())}
    assert outcomes["leave one language out"] is Outcome.WITHSTOOD
    assert outcomes["leave one task out"] is Outcome.WITHSTOOD
    assert outcomes["leave one seed out"] is Outcome.WITHSTOOD
    assert outcomes["another metric"] is Outcome.NOT_POSSIBLE


def test_a_language_in_which_the_contrary_is_shown_is_named() -> None:
    def planted(cell: Cell) -> Cell:
        if (cell.task, cell.language) != ("intents", "sw"):
            return cell
        return _set_rate(cell, 0.2 if cell.sequence == "better" else 0.8)

    found = _found(_ground(planted), "single languages")
    assert found.outcome is Outcome.NOTED
    assert "the contrary is shown" in found.found
    assert "intents / sw" in found.found


def test_a_claim_that_hangs_on_one_language_is_weakened() -> None:
    def planted(cell: Cell) -> Cell:
        if cell.task != "intents":
            return cell
        is_better = cell.sequence == "better"
        rates = (0.98, 0.02) if cell.language == "sw" else (0.42, 0.5)
        return _set_rate(cell, rates[0] if is_better else rates[1])

    claim = replace(CLAIM, tasks=("intents",))
    found = _found(_ground(planted), "leave one language out", claim)
    assert found.outcome is Outcome.WEAKENED
    assert "sw" in found.found
    assert _found(_ground(planted), "leave one seed out", claim).outcome is Outcome.WITHSTOOD


def test_a_claim_that_hangs_on_one_seed_is_weakened() -> None:
    def planted(cell: Cell) -> Cell:
        if cell.task != "intents" or cell.sequence != "better":
            return cell
        return _set_rate(cell, 0.99 if cell.seed == 2 else 0.45)

    claim = replace(CLAIM, tasks=("intents",))
    found = _found(_ground(planted), "leave one seed out", claim)
    assert found.outcome is Outcome.WEAKENED
    assert found.numbers["n_turned"] == 1
    assert _found(_ground(planted), "single seeds", claim).outcome is Outcome.NOTED


def test_another_metric_under_which_it_turns_round_weakens_it() -> None:
    def turned(cell: Cell) -> Cell:
        rate = 0.3 if cell.sequence == "better" else 0.7
        return replace(_set_rate(cell, rate), metric="exact-match", columns=("exact_match", "n"))

    more = tuple(turned(cell) for cell in as_cells(_STUDY) if cell.task == "intents")
    found = _found(_ground(more=more), "another metric: exact-match")
    assert found.outcome is Outcome.WEAKENED
    # A task that has not all of the claim's languages is looked at in those that it has.
    cells = [cell for cell in _ground(more=more).cells.cells if (cell.task, cell.language) != ("intents", "fi")]
    fewer = replace(_ground(more=more), cells=Cells(cells, METHOD, linear_covariance))
    assert _found(fewer, "another metric: exact-match").outcome is Outcome.WEAKENED


def test_a_sequence_against_its_own_copy_is_a_tautology() -> None:
    own = {(c.task, c.language, c.seed): c for c in as_cells(_STUDY) if c.sequence == "base"}

    def copied(cell: Cell) -> Cell:
        return replace(cell, rows=own[cell.task, cell.language, cell.seed].rows)

    ground = _ground(copied)
    decision = decide_alone(CLAIM, ground.cells.measured(CLAIM))
    found = {attack.name: attack for attack in audit(CLAIM, decision, ground.cells, FACTS)}
    assert found["compared with itself"].outcome is Outcome.BROKEN
    assert found["compared with itself"].found.startswith("tautology")


@pytest.mark.parametrize(
    ("facts", "name", "outcome"),
    [
        (FACTS, "unequal budgets", Outcome.NOTED),
        (replace(FACTS, flops={"better": 1.0, "base": 1.0}), "unequal budgets", Outcome.WITHSTOOD),
        (replace(FACTS, flops={}), "unequal budgets", Outcome.NOT_POSSIBLE),
        (replace(FACTS, selects_on_target=frozenset({"moods"})), "selection on the target", Outcome.WEAKENED),
        (replace(FACTS, overlaps=[Overlap("squad", "moods", 90, ("better",))]), "training data", Outcome.WEAKENED),
        (replace(FACTS, overlaps=[Overlap("squad", "moods", 2, ("better",))]), "training data", Outcome.NOTED),
        (
            replace(FACTS, overlaps=[Overlap("squad", "moods", None, ("better",))]),
            "training data",
            Outcome.NOT_POSSIBLE,
        ),
        (replace(FACTS, overlaps=[Overlap("squad", "moods", 90, ("other",))]), "training data", Outcome.WITHSTOOD),
        (replace(FACTS, departures={"moods": ["shorter"]}), "departures", Outcome.NOTED),
        (replace(FACTS, declared={"c": "after the run"}, n_quantities=10**9), "multiple testing", Outcome.WEAKENED),
        (FACTS, "multiple testing", Outcome.WITHSTOOD),
    ],
)
def test_what_a_claim_leaves_unsaid(facts: Facts, name: str, outcome: Outcome) -> None:
    ground = _ground()
    decision = decide_alone(CLAIM, ground.cells.measured(CLAIM))
    found = next(own for own in audit(CLAIM, decision, ground.cells, facts) if own.name.startswith(name))
    assert found.outcome is outcome, found


def test_a_role_scores_nothing_once_it_broke_the_claim() -> None:
    withstood, broken, idle = (
        Attack(Role.HUNTER, "a", outcome, "") for outcome in (Outcome.WITHSTOOD, Outcome.BROKEN, Outcome.NOT_POSSIBLE)
    )
    assert score_of([withstood, idle]) == 10.0
    assert score_of([withstood, broken]) == 0.0
    assert score_of([idle]) is None
