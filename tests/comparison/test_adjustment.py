"""Corrections for several claims, against values worked out by hand and laws."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystage.comparison.adjustment import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), max_size=12)


def test_worked_examples() -> None:
    assert holm([0.01, 0.02, 0.03, 0.005]) == pytest.approx([0.03, 0.04, 0.04, 0.02])
    assert benjamini_hochberg([0.01, 0.02, 0.03, 0.005]) == pytest.approx([0.02, 0.08 / 3, 0.03, 0.02])
    assert holm([]) == benjamini_hochberg([]) == []


@given(P_VALUES)
def test_adjusted_values_are_larger_bounded_and_keep_the_order(p_values: list[float]) -> None:
    for adjusted in (holm(p_values), benjamini_hochberg(p_values)):
        pairs = sorted(zip(p_values, adjusted, strict=True))
        assert all(raw <= new + 1e-12 and new <= 1.0 for raw, new in pairs)
        assert all(first[1] <= second[1] for first, second in pairwise(pairs))


@given(P_VALUES)
def test_holm_is_never_less_strict_than_benjamini_hochberg(p_values: list[float]) -> None:
    strict, mild = holm(p_values), benjamini_hochberg(p_values)
    assert all(first >= second - 1e-12 for first, second in zip(strict, mild, strict=True))
