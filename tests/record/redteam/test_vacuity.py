"""Checks that check nothing, planted one by one: each is caught, and named for what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.record.independent.studies import as_cells, method, random_cells
from waystage.claims.claim import DifferenceClaim, Figure, PublishedClaim
from waystage.record.independent.claims import Cells, Status, decide_alone
from waystage.record.independent.evidence import Cell
from waystage.record.independent.published import decide_published
from waystage.record.independent.resampling import linear_covariance
from waystage.record.redteam.attack import Attack, Outcome
from waystage.record.redteam.published import attack_published
from waystage.record.redteam.vacuity import vacuity_attacks

TASKS = {"intents": "accuracy", "slots": "span-f1", "moods": "macro-f1"}
CLAIM = DifferenceClaim("c", "better", ("base",), tuple(TASKS), ("de", "sw", "fi"))
_STUDY = random_cells(TASKS, {"base": 0.45, "better": 0.7})
CELLS = as_cells(_STUDY)


def sound(claim: DifferenceClaim, cells: Sequence[Cell]) -> Status:
    return decide_alone(claim, Cells(cells, method(_STUDY), linear_covariance).measured(claim)).status


def hard_coded(claim: DifferenceClaim, cells: Sequence[Cell]) -> Status:
    """The script of a record that asserted its number."""
    return "VERIFIED"


def of_one_sequence(claim: DifferenceClaim, cells: Sequence[Cell]) -> Status:
    """Looks at the claimed sequence and never at the other."""
    rows = [cell.rows[:, 0].mean() for cell in cells if cell.sequence in (claim.sequence, *claim.than)]
    return "VERIFIED" if max(rows) > 0 else "UNVERIFIED"


def without_direction(claim: DifferenceClaim, cells: Sequence[Cell]) -> Status:
    """Finds a difference, and does not ask which way it goes."""
    either = [sound(replace(claim, direction=own), cells) for own in ("higher", "lower")]
    return "VERIFIED" if "VERIFIED" in either else "UNVERIFIED"


def _broken(attacks: Sequence[Attack]) -> set[str]:
    return {own.name for own in attacks if own.outcome is Outcome.BROKEN}


def test_a_sound_check_withstands_every_exchange() -> None:
    assert sound(CLAIM, CELLS) == "VERIFIED"
    attacks = vacuity_attacks(CLAIM, CELLS, sound)
    assert len(attacks) == 3
    assert {own.outcome for own in attacks} == {Outcome.WITHSTOOD}


@pytest.mark.parametrize(
    ("check", "caught_by"),
    [
        (hard_coded, {"vacuity: sequences swapped", "vacuity: examples permuted", "vacuity: constant answers"}),
        (of_one_sequence, {"vacuity: sequences swapped", "vacuity: examples permuted", "vacuity: constant answers"}),
        (without_direction, {"vacuity: sequences swapped"}),
    ],
)
def test_a_check_that_does_not_look_is_a_tautology(check: object, caught_by: set[str]) -> None:
    attacks = vacuity_attacks(CLAIM, CELLS, check)  # type: ignore[arg-type]
    assert _broken(attacks) == caught_by
    assert all(own.found.startswith("tautology") for own in attacks if own.outcome is Outcome.BROKEN)


def test_an_equivalence_that_a_useless_sequence_passes_is_a_tautology() -> None:
    wide = replace(CLAIM, direction="equivalent", smallest_effect=0.99)
    assert _broken(vacuity_attacks(wide, CELLS, sound)) == {"vacuity: nothing right"}
    narrow = replace(CLAIM, direction="equivalent", smallest_effect=0.3)
    assert not _broken(vacuity_attacks(narrow, CELLS, sound))


def _figure(value: str, version: str = "v3", row: str = "dev") -> Figure:
    return Figure(value, "a paper", version, "table 2", row)


CITED = {"with_tasks": _figure("76.8", row="with"), "without": _figure("68.1", row="without")}
OTHER = _figure("8.4", version="v1")
PUBLISHED = PublishedClaim("gain", _figure("8.7"), CITED, "difference(with_tasks, without)", (OTHER,))


def within_five_percent(claim: PublishedClaim) -> Status:
    """The check of the public record: computed 8.7 matches within 5 %."""
    computed = decide_published(claim).computed
    assert computed is not None
    return "VERIFIED" if abs(float(computed.middle) / claim.figure.number - 1) <= 0.05 else "FALSIFIED"


def test_a_derived_figure_withstands() -> None:
    attacks = attack_published(PUBLISHED)
    assert not _broken(attacks)
    assert {own.name for own in attacks} >= {"tautology", "stub", "hard-coded assertion", "another version's figure"}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"calculation": "8.7"}, "hard-coded assertion"),
        ({"cited": {"gain": _figure("8.7")}, "calculation": "gain"}, "tautology"),
        ({"calculation": "8.7 + 0 * (with_tasks - without)"}, "stub"),
        ({"calculation": "8.7 + with_tasks - with_tasks"}, "stub"),
    ],
)
def test_published_failures_are_caught_by_name(changes: dict[str, object], name: str) -> None:
    claim = replace(PUBLISHED, **changes)  # type: ignore[arg-type]
    assert decide_published(claim).status == "VERIFIED", "the arithmetic alone does not find it"
    assert name in _broken(attack_published(claim))


def test_a_loose_tolerance_lets_another_versions_figure_pass_and_is_caught() -> None:
    attacks = attack_published(PUBLISHED, within_five_percent)
    assert _broken(attacks) == {"another version's figure", "loose tolerance"}
    assert all("coincidental number" in own.found for own in attacks if own.outcome is Outcome.BROKEN)


def test_figures_that_are_too_coarse_to_tell_two_versions_apart_are_caught() -> None:
    coarse = {"with_tasks": Figure("77", "a paper", "v3", "table 2", "with"), "without": CITED["without"]}
    claim = replace(PUBLISHED, cited=coarse)
    assert decide_published(claim).status == "VERIFIED"
    assert "another version's figure" in _broken(attack_published(claim))


def test_a_figure_without_a_place_is_noted() -> None:
    vague = replace(PUBLISHED, cited={**CITED, "without": Figure("68.1", "a paper", "v3")})
    (audited,) = [own for own in attack_published(vague) if own.name == "places of the figures"]
    assert audited.outcome is Outcome.WEAKENED
