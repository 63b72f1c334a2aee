"""Does a check look at its evidence? Evidence is exchanged, and the claim must then fail.

A claim whose check still passes says nothing about the evidence: it is a tautology, however true it sounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from waystage.claims.claim import DifferenceClaim
from waystage.record.independent.claims import Status
from waystage.record.independent.evidence import Cell
from waystage.record.redteam.attack import Attack, Outcome, Role
from waystage.record.redteam.exchange import dealt, made_constant, made_useless, swapped

Check = Callable[[DifferenceClaim, Sequence[Cell]], Status]
"""Decides a claim on some evidence."""

N_DEALT = 20
MOST_BY_CHANCE = 5
"""Of 20 deals a sound check at the 5 % level passes more than 5 in three of ten thousand records (binomial)."""


def vacuity_attacks(claim: DifferenceClaim, cells: Sequence[Cell], check: Check, seed: int = 0) -> list[Attack]:
    """Every exchange that should make this claim fail.

    Args:
        claim: a claim that ``check`` passes on ``cells``.
        cells: the evidence of the claim's tasks.
        check: what decides it.
        seed: of the random deals.
    """
    return list(_attacks(claim, cells, check, seed))


def _attacks(claim: DifferenceClaim, cells: Sequence[Cell], check: Check, seed: int) -> Iterator[Attack]:
    other = claim.than[0]
    if claim.direction == "equivalent":
        useless = made_useless(cells, claim.sequence)
        yield _judged("nothing right", f"{claim.sequence} gets nothing right", check(claim, useless))
    else:
        yield _judged(
            "sequences swapped",
            f"{claim.sequence} and {other} swapped",
            check(claim, swapped(cells, claim.sequence, other)),
        )
        yield _dealt(claim, cells, check, seed)
    constant = made_constant(cells)
    yield _judged("constant answers", "all sequences give the same constant answers", check(claim, constant))


def _judged(name: str, what: str, status: Status) -> Attack:
    expected = "the check fails on evidence that is not the record's"
    if status == "VERIFIED":
        found = f"tautology: with {what} the check still passes"
        return Attack(Role.REPLICATOR, f"vacuity: {name}", Outcome.BROKEN, found, expected)
    found = f"with {what} the check says {status}"
    return Attack(Role.REPLICATOR, f"vacuity: {name}", Outcome.WITHSTOOD, found, expected)


def _dealt(claim: DifferenceClaim, cells: Sequence[Cell], check: Check, seed: int) -> Attack:
    """Exchanged examples leave no difference but chance, which a check at 5 % lets pass now and then."""
    generator = np.random.Generator(np.random.PCG64(seed))
    passed = 0
    for _ in range(N_DEALT):
        own = list(cells)
        for other in claim.than:
            own = dealt(own, claim.sequence, other, generator)
        passed += check(claim, own) == "VERIFIED"
    expected = f"at most {MOST_BY_CHANCE} of {N_DEALT}"
    numbers = {"n_deals": N_DEALT, "n_passed": passed}
    found = f"with outcomes dealt out at random between the sequences the check passes {passed} times of {N_DEALT}"
    if passed > MOST_BY_CHANCE:
        return Attack(
            Role.REPLICATOR, "vacuity: examples permuted", Outcome.BROKEN, f"tautology: {found}", expected, numbers
        )
    return Attack(Role.REPLICATOR, "vacuity: examples permuted", Outcome.WITHSTOOD, found, expected, numbers)
