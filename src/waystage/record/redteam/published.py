"""The auditor and the attacker of published figures: the ways in which a check of a figure can check nothing.

Each has been seen in public records that counted as verified: a tautology, a hard-coded assertion, a stub, and a number
that lies within a tolerance by coincidence, as another version's figure does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from waystage.claims.arithmetic import CalculationError, parse
from waystage.claims.claim import Figure, PublishedClaim
from waystage.record.independent.claims import Status
from waystage.record.independent.published import computed_range, decide_published, range_of
from waystage.record.redteam.attack import Attack, Number, Outcome, Role

PublishedCheck = Callable[[PublishedClaim], Status]
"""Decides a claim about a figure."""


def standard_check(claim: PublishedClaim) -> Status:
    """The check of ``waystage record verify``."""
    return decide_published(claim).status


def attack_published(claim: PublishedClaim, check: PublishedCheck = standard_check) -> list[Attack]:
    """All attacks on a claim about a published figure; those on its check only where the check passes."""
    found = [_citations(claim)]
    if claim.calculation is None:
        why = "nothing is computed, so there is nothing to exchange"
        return [*found, Attack(Role.REPLICATOR, "vacuity", Outcome.NOT_POSSIBLE, why)]
    found += [_hard_coded(claim), _tautology(claim), _stub(claim)]
    if check(claim) == "VERIFIED":
        found += [*_other_versions(claim, check), *_moved(claim, check)]
    return found


def _citations(claim: PublishedClaim) -> Attack:
    """Every figure has to say where it stands, and second-hand ones where they were read."""
    name = "places of the figures"
    figures = {claim.name: claim.figure, **claim.cited}
    vague = [
        own for own, figure in figures.items() if not (figure.paper and figure.version and (figure.table or figure.row))
    ]
    second_hand = sum(figure.via is not None for figure in figures.values())
    numbers: dict[str, Number] = {
        "n_figures": len(figures),
        "n_without_place": len(vague),
        "n_second_hand": second_hand,
    }
    if vague:
        found = f"no table, row or section for {', '.join(vague[:5])}"
        return Attack(Role.AUDITOR, name, Outcome.WEAKENED, found, "paper, version and place of each figure", numbers)
    if second_hand:
        found = f"{second_hand} of {len(figures)} figures are cited from another work than their own"
        return Attack(Role.AUDITOR, name, Outcome.NOTED, found, None, numbers)
    return Attack(
        Role.AUDITOR, name, Outcome.WITHSTOOD, f"all {len(figures)} figures say where they stand", None, numbers
    )


def _hard_coded(claim: PublishedClaim) -> Attack:
    """A calculation that uses no figure can only repeat what it was told."""
    names = _names(claim)
    if not names:
        found = f"hard-coded assertion: '{claim.calculation}' uses none of the cited figures"
        return Attack(
            Role.REPLICATOR, "hard-coded assertion", Outcome.BROKEN, found, "a calculation from cited figures"
        )
    unused = sorted(set(claim.cited) - set(names))
    told = f"; {', '.join(unused)} {'is' if len(unused) == 1 else 'are'} cited and not used" if unused else ""
    outcome = Outcome.NOTED if unused else Outcome.WITHSTOOD
    return Attack(Role.REPLICATOR, "hard-coded assertion", outcome, f"the calculation uses {len(names)} figures{told}")


def _tautology(claim: PublishedClaim) -> Attack:
    """A figure that is derived from itself follows whatever it is."""
    own = [name for name in _names(claim) if name in claim.cited and _same_place(claim.cited[name], claim.figure)]
    if own:
        found = f"tautology: {', '.join(own)} is the claimed figure itself ({_place(claim.figure)})"
        return Attack(Role.REPLICATOR, "tautology", Outcome.BROKEN, found, "a figure that follows from others")
    return Attack(
        Role.REPLICATOR, "tautology", Outcome.WITHSTOOD, "the claimed figure is not among those it follows from"
    )


def _stub(claim: PublishedClaim) -> Attack:
    """Figures that are used and change nothing: doubled, each has to move the result."""
    idle = []
    for name in _names(claim):
        if name not in claim.cited:
            continue
        try:
            before = computed_range(claim).middle
            after = computed_range(claim, claim.cited | {name: _scaled(claim.cited[name])}).middle
        except CalculationError:
            continue
        if before == after:
            idle.append(name)
    if idle and len(idle) == len(_names(claim)):
        found = f"stub: '{claim.calculation}' comes to the same whatever is cited"
        return Attack(Role.REPLICATOR, "stub", Outcome.BROKEN, found, "a result that depends on the cited figures")
    if idle:
        found = f"{', '.join(idle)} can be anything: the result is the same"
        return Attack(Role.REPLICATOR, "stub", Outcome.WEAKENED, found, "a result that depends on each figure it uses")
    return Attack(Role.REPLICATOR, "stub", Outcome.WITHSTOOD, "the result depends on every figure that it uses")


def _other_versions(claim: PublishedClaim, check: PublishedCheck) -> Iterator[Attack]:
    """With another version's figure in the place of the claimed one, the check has to fail."""
    name = "another version's figure"
    if not claim.distinct_from:
        yield Attack(Role.REPLICATOR, name, Outcome.NOT_POSSIBLE, "the claim names no figure that it is distinct from")
    for other in claim.distinct_from:
        found = f"with {other.value} ({_place(other)}) in place of {claim.figure.value}"
        if check(replace(claim, figure=other)) == "VERIFIED":
            told = f"coincidental number: {found} the check passes as well"
            yield Attack(Role.REPLICATOR, name, Outcome.BROKEN, told, "a check that tells the two apart")
        else:
            yield Attack(Role.REPLICATOR, name, Outcome.WITHSTOOD, f"{found} the check fails")


def _moved(claim: PublishedClaim, check: PublishedCheck) -> Iterator[Attack]:
    """A check whose tolerance is wider than what rounding leaves open lets other numbers pass as well."""
    own, printed = range_of(claim.figure), claim.figure.value
    try:
        computed = computed_range(claim)
    except CalculationError:
        return
    unit = own.high - own.low
    width = computed.high - computed.low
    numbers: dict[str, Number] = {"width": float(width), "unit": float(unit)}
    for sign in (1, -1):
        moved = claim.figure
        edge = computed.high if sign > 0 else computed.low
        steps = 2 + int(abs(edge - own.middle) / unit)
        moved = replace(moved, value=_printed(own.middle + sign * steps * unit, printed))
        if check(replace(claim, figure=moved)) == "VERIFIED":
            found = f"coincidental number: {moved.value} passes as well as {printed}, though rounding cannot explain it"
            yield Attack(Role.REPLICATOR, "loose tolerance", Outcome.BROKEN, found, "rounding alone", numbers)
            return
    n_passing = 1 + int(width / unit)
    found = f"rounding alone decides; about {n_passing} printed values could pass"
    outcome = Outcome.WITHSTOOD if n_passing <= _MANY else Outcome.WEAKENED
    yield Attack(Role.REPLICATOR, "loose tolerance", outcome, found, f"at most {_MANY}", numbers)


_MANY = 10
"""More printed values than this, and the figure is hardly tested: the cited ones are too coarse."""


def _names(claim: PublishedClaim) -> tuple[str, ...]:
    try:
        return parse(claim.calculation or "").names
    except CalculationError:
        return ()


def _same_place(one: Figure, other: Figure) -> bool:
    return (one.paper, one.version, one.table, one.row, one.value) == (
        other.paper, other.version, other.table, other.row, other.value,
    )  # fmt: skip


def _place(figure: Figure) -> str:
    return ", ".join(part for part in (f"{figure.paper} {figure.version}", figure.table, figure.row) if part)


def _scaled(figure: Figure) -> Figure:
    return replace(figure, value=_printed(range_of(figure).middle * 2 + 1, figure.value))


def _printed(value: Fraction, like: str) -> str:
    """A number with as many decimals as another one has."""
    n_decimals = len(like.partition(".")[2])
    return f"{float(value):.{n_decimals}f}"
