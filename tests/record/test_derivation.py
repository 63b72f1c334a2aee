"""What follows from the gates, over all combinations of what they can say."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystage.record.form.verdicts import Finding, Gate, GateVerdict, Status
from waystage.record.gates.derivation import REPLICATED, RESCORED, ROLE, derive
from waystage.record.gates.verdicts import Looked, gate_verdict

GATES: tuple[Gate, ...] = ("provenance", "verification", "replication", "red team")
STATUSES: tuple[Status | None, ...] = ("VERIFIED", "FALSIFIED", "UNVERIFIED", None)
SENTENCES = {"one": "One beats two.", "two": "Two beats three."}
HIGH = {"CHECKED", "REPRODUCED"}


def _verdict(gate: Gate, status: Status, claim: str | None = None) -> GateVerdict:
    findings = [
        Finding(RESCORED, "VERIFIED", ""),
        Finding(REPLICATED, status, "", None, {"n_replicated": 3, "n_cells": 3, "same_environment": "no"}),
        *(
            Finding(f"{ROLE}{name}", "VERIFIED", "", None, {"score": 10.0})
            for name in ("counterexample hunter", "citation auditor", "replication attacker")
        ),
    ]
    return gate_verdict(gate, status, "because", Looked("state"), claim, findings)


def _all(status: Status) -> list[GateVerdict]:
    return [_verdict(gate, status, claim) for gate in GATES for claim in (None, *SENTENCES)]


def test_all_that_can_be_done_gives_the_highest_tier() -> None:
    verdicts = derive(_all("VERIFIED"), SENTENCES)
    assert verdicts.tier == "REPRODUCED"
    assert [own.level for own in verdicts.claims] == [5, 5]
    assert {own.assessment for own in verdicts.dimensions} == {"HIGH", "UNASSESSED"}


def test_levels_six_and_seven_are_not_waystages_to_give() -> None:
    assert derive(_all("VERIFIED"), SENTENCES).level_counts == {
        **{str(level): 2 for level in range(6)},
        "6": 0,
        "7": 0,
    }


def test_no_combination_puts_something_falsified_under_a_high_tier() -> None:
    """Every combination of four gates on the record and on one claim: 4^8."""
    places = [(gate, claim) for gate in GATES for claim in (None, "one")]
    made = {(p, s): _verdict(p[0], s, p[1]) for p in places for s in STATUSES if s is not None}
    for statuses in product(STATUSES, repeat=len(places)):
        gates = [made[place, own] for place, own in zip(places, statuses, strict=True) if own is not None]
        verdicts = derive(gates, {"one": "One beats two."})
        of_claim = {own for (_, claim), own in zip(places, statuses, strict=True) if claim == "one"}
        if "FALSIFIED" in statuses:
            assert verdicts.tier == "FALSIFIED"
            assert all(own.assessment in ("LOW", "UNASSESSED") for own in verdicts.dimensions)
            assert verdicts.claims[0].status == ("FALSIFIED" if "FALSIFIED" in of_claim else "UNVERIFIED")
        elif verdicts.tier in HIGH:
            said = dict(zip(places, statuses, strict=True))
            assert said["provenance", None] == said["verification", None] == "VERIFIED"
            assert said["verification", "one"] == said["red team", "one"] == "VERIFIED"


@given(st.lists(st.tuples(st.sampled_from(GATES), st.sampled_from(STATUSES[:3]), st.sampled_from([None, *SENTENCES]))))
def test_one_falsified_claim_is_enough_whatever_is_said_of_the_others(
    said: list[tuple[Gate, Status, str | None]],
) -> None:
    gates = [_verdict(*own) for own in said] + [_verdict("red team", "FALSIFIED", "two")]
    verdicts = derive(gates, SENTENCES)
    assert verdicts.tier == "FALSIFIED"
    assert verdicts.claims[1].status == "FALSIFIED"


@given(st.lists(st.tuples(st.sampled_from(GATES), st.sampled_from(STATUSES[:3]), st.sampled_from([None, *SENTENCES]))))
def test_the_last_word_of_a_gate_counts_and_the_order_of_others_does_not(
    said: list[tuple[Gate, Status, str | None]],
) -> None:
    latest = {(gate, claim): (gate, status, claim) for gate, status, claim in said}
    one, other = (
        derive([_verdict(*own) for own in said], SENTENCES),
        derive([_verdict(*own) for own in reversed(latest.values())], SENTENCES),
    )
    assert (one.tier, one.level_counts) == (other.tier, other.level_counts)
    assert [own.status for own in one.claims] == [own.status for own in other.claims]


@pytest.mark.parametrize("missing", ["provenance", "verification", "red team"])
def test_a_gate_that_has_not_looked_keeps_the_tier_low(missing: str) -> None:
    gates = [own for own in _all("VERIFIED") if own.gate != missing]
    assert derive(gates, SENTENCES).tier == "UNVERIFIED"


def test_nothing_said_and_nothing_claimed() -> None:
    assert derive([], SENTENCES).tier == "UNASSESSED"
    assert derive(_all("VERIFIED"), {}).tier == "UNVERIFIED"
    without = [own for own in _all("VERIFIED") if own.gate != "replication"]
    assert derive(without, SENTENCES).tier == "CHECKED"
