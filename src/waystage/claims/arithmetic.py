"""The arithmetic of published claims: a closed language over cited numbers. Nothing is evaluated as Python.

An expression is made of names of cited figures, numbers, ``+ - * /``, parentheses, and the functions of
:data:`FUNCTIONS`::

    difference(both, base)
    mean(xnli, pawsx) - mean(xnli_base, pawsx_base)
    share(bucc + tatoeba, total)

It is parsed by Python's own parser and every node of the tree is looked at; whatever is not in the list above is
refused with its place.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from waystage.errors import nearest_name

MAX_LENGTH = 2_000
MAX_NODES = 300


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what it takes at least and at most, and what it does with the values."""

    n_least: int
    n_most: int | None
    apply: Callable[[Sequence[float]], float]

    @property
    def arguments(self) -> str:
        """How many it takes, in words."""
        if self.n_most == self.n_least:
            return f"{self.n_least} arguments"
        return f"at least {self.n_least} argument" + ("s" if self.n_least > 1 else "")


FUNCTIONS: Mapping[str, Function] = {
    "mean": Function(1, None, lambda values: math.fsum(values) / len(values)),
    "sum": Function(1, None, math.fsum),
    "difference": Function(2, 2, lambda values: values[0] - values[1]),
    "share": Function(2, 2, lambda values: _divided(values[0], values[1])),
    "percent": Function(2, 2, lambda values: 100 * _divided(values[0], values[1])),
    "largest": Function(1, None, max),
    "smallest": Function(1, None, min),
}
"""``share(a, b)`` is a / b, and ``percent(a, b)`` a hundred times that."""

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: _divided(left, right),
}


class CalculationError(Exception):
    """An expression that is not in the language, or has no value; ``nearest`` is a name that was perhaps meant."""

    def __init__(self, found: str, expected: str, nearest: str | None = None) -> None:
        super().__init__(f"{found}; expected {expected}")
        self.found, self.expected, self.nearest = found, expected, nearest


def _divided(left: float, right: float) -> float:
    if right == 0:
        raise CalculationError("a division by zero", "a denominator other than 0")
    return left / right


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. ``names`` are the cited numbers in it, each once, in order of their first use."""

    text: str
    names: tuple[str, ...]
    _body: ast.expr

    def value(self, numbers: Mapping[str, float]) -> float:
        """What it comes to.

        Raises:
            CalculationError: a name without a number, a division by zero, or a result that is not finite.

        >>> parse("percent(bucc + tatoeba, total)").value({"bucc": 1.5, "tatoeba": 1.5, "total": 6.0})
        50.0
        """
        try:
            result = _value(self._body, numbers)
        except OverflowError:
            result = math.inf
        if not math.isfinite(result):
            raise CalculationError("a result that is not finite", "a number")
        return result


def parse(text: str) -> Expression:
    """The expression in ``text``.

    Raises:
        CalculationError: it is too long or not in the language; the first such place is named.

    >>> parse("mean(a, b) - 3").names
    ('a', 'b')
    >>> parse("__import__('os').system('true')")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    waystage.claims.arithmetic.CalculationError: a call of something that has no name; expected one of mean, sum, ...
    """
    if len(text) > MAX_LENGTH:
        raise CalculationError(f"{len(text):,} characters", f"at most {MAX_LENGTH:,}")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CalculationError(f"{text.strip()[:60]!r} cannot be read", _LANGUAGE) from None
    if sum(1 for _ in ast.walk(body)) > MAX_NODES:
        raise CalculationError("a calculation of more parts than anybody can check", f"at most {MAX_NODES}")
    _check(body)
    return Expression(text.strip(), tuple(dict.fromkeys(_names(body))), body)


_LANGUAGE = "names of cited figures, numbers, + - * /, parentheses, " + ", ".join(FUNCTIONS)


def _check(node: ast.expr) -> None:
    match node:
        case ast.Name():
            return
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and math.isfinite(value):
            return
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left)
            _check(right)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand)
        case ast.Call():
            _check_call(node)
        case _:
            raise CalculationError(f"'{ast.unparse(node)[:60]}' is not arithmetic", _LANGUAGE)


def _check_call(node: ast.Call) -> None:
    known = ", ".join(FUNCTIONS)
    if not isinstance(node.func, ast.Name):
        raise CalculationError("a call of something that has no name", f"one of {known}")
    function = FUNCTIONS.get(node.func.id)
    if function is None:
        nearest = nearest_name(node.func.id, FUNCTIONS)
        raise CalculationError(f"unknown function '{node.func.id}'", f"one of {known}", nearest)
    n_given = len(node.args)
    if node.keywords or n_given < function.n_least or n_given > (function.n_most or n_given):
        raise CalculationError(f"'{ast.unparse(node)[:60]}'", f"{node.func.id} with {function.arguments}")
    for argument in node.args:
        _check(argument)


def _names(node: ast.expr) -> list[str]:
    """In the order in which they stand; names of functions are none."""
    if isinstance(node, ast.Name):
        return [node.id]
    children = node.args if isinstance(node, ast.Call) else list(ast.iter_child_nodes(node))
    return [name for child in children if isinstance(child, ast.expr) for name in _names(child)]


def _value(node: ast.expr, numbers: Mapping[str, float]) -> float:
    if isinstance(node, ast.Name):
        if node.id not in numbers:
            expected = f"one of {', '.join(numbers)}" if numbers else "a cited figure; there is none"
            raise CalculationError(f"'{node.id}' is not cited", expected, nearest_name(node.id, numbers))
        return numbers[node.id]
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, numbers), _value(node.right, numbers))
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, numbers)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return FUNCTIONS[node.func.id].apply([_value(argument, numbers) for argument in node.args])
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    raise CalculationError(f"'{ast.unparse(node)[:60]}' is not arithmetic", _LANGUAGE)
