"""Arithmetic over cited numbers: right where it is arithmetic, refused everywhere else."""

from __future__ import annotations

import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystage.claims.arithmetic import FUNCTIONS, MAX_NODES, CalculationError, parse

_NUMBERS = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))


@given(st.dictionaries(st.sampled_from("abcdef"), _NUMBERS, min_size=1))
def test_mean_and_sum_are_those_of_the_numbers(numbers: dict[str, float]) -> None:
    names = ", ".join(numbers)
    assert math.isclose(parse(f"mean({names})").value(numbers), fmean(numbers.values()), abs_tol=1e-9)
    assert math.isclose(parse(f"sum({names})").value(numbers), math.fsum(numbers.values()), abs_tol=1e-9)
    assert parse(f"largest({names}) - smallest({names})").value(numbers) >= 0


@given(_NUMBERS, _NUMBERS, _NUMBERS.filter(bool))
def test_operators_bind_as_in_arithmetic(a: float, b: float, c: float) -> None:
    value = parse("-(a + b) * 2 / c - difference(a, b)").value({"a": a, "b": b, "c": c})
    assert math.isclose(value, -(a + b) * 2 / c - (a - b), rel_tol=1e-12, abs_tol=1e-12)


def test_shares() -> None:
    numbers = {"bucc": 1.2, "tatoeba": 2.1, "total": 5.4}
    assert parse("percent(bucc + tatoeba, total)").value(numbers) == pytest.approx(61.1, abs=0.05)
    assert parse("share(total, total)").value(numbers) == 1.0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("__import__('os').system('true')", "a call of something that has no name"),
        ("(lambda: a)()", "a call of something that has no name"),
        ("a.real", "'a.real' is not arithmetic"),
        ("a[0]", "not arithmetic"),
        ("a ** 9 ** 9", "not arithmetic"),
        ("a if a else 1", "not arithmetic"),
        ("a == 8.7", "not arithmetic"),
        ("'a'", "not arithmetic"),
        ("True", "not arithmetic"),
        ("1j", "not arithmetic"),
        ("[a]", "not arithmetic"),
        ("mean(*a)", "not arithmetic"),
        ("(a := 3)", "not arithmetic"),
        ("f'{a}'", "not arithmetic"),
        ("eval('1')", "unknown function 'eval'"),
        ("mena(a)", "unknown function 'mena'"),
        ("mean()", "'mean()'"),
        ("share(a)", "'share(a)'"),
        ("difference(a, b, c)", "'difference(a, b, c)'"),
        ("mean(a, key=b)", "'mean(a, key=b)'"),
        ("a +", "cannot be read"),
        ("", "cannot be read"),
        ("a; b", "cannot be read"),
        ("(" * 900 + "a" + ")" * 900, "cannot be read"),
        ("+".join("a" * MAX_NODES), "more parts than anybody can check"),
        ("a" * 3000, "3,000 characters"),
    ],
)
def test_what_is_not_arithmetic_is_refused(text: str, found: str) -> None:
    with pytest.raises(CalculationError) as caught:
        parse(text)
    assert found in str(caught.value)


def test_nearest_names() -> None:
    with pytest.raises(CalculationError) as of_function:
        parse("mena(a)")
    with pytest.raises(CalculationError) as of_name:
        parse("averge + 1").value({"average": 1.0})
    assert (of_function.value.nearest, of_name.value.nearest) == ("mean", "average")


@pytest.mark.parametrize("text", ["a / 0", "share(a, a - a)", "1e308 * 10 * a"])
def test_what_has_no_value_is_an_error(text: str) -> None:
    with pytest.raises(CalculationError):
        parse(text).value({"a": 2.0})


def test_names_of_functions_are_no_names() -> None:
    assert parse("mean(a, b) + share(b, c)").names == ("a", "b", "c")
    assert set(FUNCTIONS) == {"mean", "sum", "difference", "share", "percent", "largest", "smallest"}
