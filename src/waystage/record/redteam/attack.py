"""What an attack on a claim came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """Who attacks, in the terms of the public contract."""

    HUNTER = "counterexample hunter"
    AUDITOR = "citation auditor"
    REPLICATOR = "replication attacker"


class Outcome(StrEnum):
    """What became of the claim.

    ``WITHSTOOD``: nothing was found. ``NOTED``: a reader should know it, but the claim does not say otherwise.
    ``WEAKENED``: the claim hangs on something that it does not name. ``BROKEN``: it does not hold, or its check checks
    nothing. ``NOT_POSSIBLE``: the record lacks what the attack needs.
    """

    WITHSTOOD = "withstood"
    NOTED = "noted"
    WEAKENED = "weakened"
    BROKEN = "broken"
    NOT_POSSIBLE = "not possible"


Number = float | int | str | None


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack on one claim.

    Attributes:
        found: what was seen, one sentence with the numbers in it.
        expected: what would have been withstood, where that does not go without saying.
    """

    role: Role
    name: str
    outcome: Outcome
    found: str
    expected: str | None = None
    numbers: Mapping[str, Number] = field(default_factory=dict)
    places: tuple[str, ...] = ()


_POINTS = {Outcome.WITHSTOOD: 1.0, Outcome.NOTED: 0.75, Outcome.WEAKENED: 0.25, Outcome.BROKEN: 0.0}


def score_of(attacks: Sequence[Attack]) -> float | None:
    """How well a claim stands up to one role, in [0, 10]; None where no attack was possible.

    The mean over attacks of 1 (withstood), 3/4 (noted) or 1/4 (weakened), times 10; 0 if any broke the claim.

    >>> score_of([Attack(Role.HUNTER, "a", Outcome.WITHSTOOD, ""), Attack(Role.HUNTER, "b", Outcome.NOTED, "")])
    8.8
    """
    carried_out = [own for own in attacks if own.outcome is not Outcome.NOT_POSSIBLE]
    if not carried_out:
        return None
    if any(own.outcome is Outcome.BROKEN for own in carried_out):
        return 0.0
    return round(10 * sum(_POINTS[own.outcome] for own in carried_out) / len(carried_out), 1)
