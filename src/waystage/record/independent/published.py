"""Claims about published figures, decided from the figures that are cited, in exact arithmetic.

A printed figure stands for every number that rounds to it. The cited figures therefore give a range, from the least to
the greatest that the calculation can come to, and the claimed figure is a range of its own. VERIFIED: the two meet.
FALSIFIED: they do not, so that no unrounded numbers could have been printed like this. There is no other tolerance.
UNVERIFIED: no calculation from public figures is given.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from waystage.claims.arithmetic import CalculationError, parse
from waystage.claims.claim import Figure, PublishedClaim
from waystage.record.independent.claims import Status


@dataclass(frozen=True, slots=True)
class Range:
    """What a figure, or a calculation with figures, can stand for. ``middle``: with the figures as printed."""

    low: Fraction
    middle: Fraction
    high: Fraction

    def meets(self, other: Range) -> bool:
        """Whether they overlap; ranges that touch at an end alone share no number that either would be printed for."""
        return self.low < other.high and other.low < self.high

    def __str__(self) -> str:
        return f"{float(self.middle):.4g} ({float(self.low):.4g} to {float(self.high):.4g})"


@dataclass(frozen=True, slots=True)
class PublishedDecision:
    """What the cited figures say of a published one; ``computed`` is None where nothing can be computed."""

    claim: str
    status: Status
    reason: str
    claimed: Range
    computed: Range | None = None


def decide_published(claim: PublishedClaim) -> PublishedDecision:
    """Whether the claimed figure follows from the cited ones."""
    claimed = range_of(claim.figure)
    if claim.calculation is None:
        reason = "no calculation from public figures is given: nothing can be computed"
        return PublishedDecision(claim.name, "UNVERIFIED", reason, claimed)
    try:
        computed = computed_range(claim)
    except CalculationError as fault:
        return PublishedDecision(claim.name, "UNVERIFIED", f"the calculation has no value: {fault}", claimed)
    told = f"the cited figures give {computed}; {claim.figure.value} stands for {_ends(claimed)}"
    if computed.meets(claimed):
        return PublishedDecision(claim.name, "VERIFIED", told, claimed, computed)
    return PublishedDecision(claim.name, "FALSIFIED", f"{told}: they do not meet", claimed, computed)


def range_of(figure: Figure) -> Range:
    """Every number that rounds to a printed figure.

    >>> print(range_of(Figure("5.4", "p", "v1")))
    5.4 (5.35 to 5.45)
    """
    middle = Fraction(figure.value)
    half = Fraction(1, 2 * 10 ** len(figure.value.partition(".")[2]))
    return Range(middle - half, middle, middle + half)


def computed_range(claim: PublishedClaim, cited: Mapping[str, Figure] | None = None) -> Range:
    """The least and the greatest that the calculation can come to.

    Calculations are monotone in each figure within its rounding, so the ends lie at corners: each figure at the end to
    which the calculation rises, or falls. ``cited`` stands in for the claim's own figures.

    Raises:
        CalculationError: the claim has no calculation, or it has no value.
    """
    if claim.calculation is None:
        raise CalculationError("no calculation", "one")
    expression = parse(claim.calculation)
    tree = ast.parse(expression.text, mode="eval").body
    figures = claim.cited if cited is None else cited
    missing = [name for name in expression.names if name not in figures]
    if missing:
        raise CalculationError(f"'{missing[0]}' is not cited", f"one of {', '.join(figures)}")
    ranges = {name: range_of(figures[name]) for name in expression.names}
    printed = {name: own.middle for name, own in ranges.items()}
    lowest, highest = dict(printed), dict(printed)
    for name, own in ranges.items():
        rises = _exact(tree, printed | {name: own.high}) >= _exact(tree, printed | {name: own.low})
        lowest[name], highest[name] = (own.low, own.high) if rises else (own.high, own.low)
    return Range(_exact(tree, lowest), _exact(tree, printed), _exact(tree, highest))


def _exact(node: ast.expr, numbers: Mapping[str, Fraction]) -> Fraction:
    """The value of a checked expression as a fraction."""
    match node:
        case ast.Name(id=name):
            return numbers[name]
        case ast.Constant(value=value) if isinstance(value, int | float):
            return Fraction(repr(value))
        case ast.UnaryOp(operand=operand):
            return -_exact(operand, numbers)
        case ast.BinOp(left=left, op=op, right=right):
            return _operated(op, _exact(left, numbers), _exact(right, numbers))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _called(name, [_exact(argument, numbers) for argument in args])
    raise CalculationError(ast.unparse(node), "arithmetic")


def _operated(op: ast.operator, left: Fraction, right: Fraction) -> Fraction:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
    return _divided(left, right)


def _divided(left: Fraction, right: Fraction) -> Fraction:
    if right == 0:
        raise CalculationError("a division by zero", "a denominator other than 0")
    return left / right


def _called(name: str, values: list[Fraction]) -> Fraction:
    match name:
        case "mean":
            return sum(values, Fraction(0)) / len(values)
        case "sum":
            return sum(values, Fraction(0))
        case "difference":
            return values[0] - values[1]
        case "share":
            return _divided(values[0], values[1])
        case "percent":
            return 100 * _divided(values[0], values[1])
        case "largest":
            return max(values)
        case "smallest":
            return min(values)
    raise CalculationError(f"unknown function '{name}'", "a function of the language")


def _ends(own: Range) -> str:
    digits = max(2, 1 + math.ceil(-math.log10(float(own.high - own.low) or 1.0)))
    return f"{float(own.low):.{digits}f} to {float(own.high):.{digits}f}"
