"""Permutation tests against all exchanges counted by hand, and against scipy."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from waystage.comparison.claims import Difference, PermutationTest
from waystage.comparison.compare import compare
from waystage.comparison.context import DEFAULT_OPTIONS, Options
from waystage.comparison.results import CellScores

from .builders import METRICS, SOURCES, cell, random_cells


def permutations(
    cells: list[CellScores], options: Options = DEFAULT_OPTIONS, general: bool = True
) -> dict[str, PermutationTest]:
    score = compare(cells, METRICS, "base", SOURCES, options=options).mean_score("both", "intents")
    own: Difference | None = score.general_difference if general else score.difference
    assert own is not None
    return {test.exchanged: test for test in own.permutations}


def right(n_right: int, n: int = 100) -> list[float]:
    return [1.0] * n_right + [0.0] * (n - n_right)


def test_seeds_are_dealt_out_in_every_way() -> None:
    counts = {"base": (10, 14, 30), "both": (20, 22, 40)}
    cells = [cell(name, "intents", "de", seed, right(n)) for name, own in counts.items() for seed, n in enumerate(own)]
    values = np.array([*counts["both"], *counts["base"]])
    seen = abs(values[:3].mean() - values[3:].mean())
    dealt = [abs(values[list(chosen)].mean() * 2 - values.sum() / 3) for chosen in combinations(range(6), 3)]
    own = permutations(cells)["seeds"]
    assert own.p == pytest.approx(np.mean([value >= seen - 1e-9 for value in dealt]))
    assert (own.is_exact, own.n_permutations, own.smallest_p) == (True, 20, 0.1)


def test_paired_seeds_are_swapped_within_a_seed() -> None:
    counts = {"base": (10, 14, 30), "both": (20, 12, 35)}
    cells = [cell(name, "intents", "de", seed, right(n)) for name, own in counts.items() for seed, n in enumerate(own)]
    gains = np.array(counts["both"]) - np.array(counts["base"])
    flipped = [abs(np.dot(signs, gains)) for signs in product([-1, 1], repeat=3)]
    own = permutations(cells, Options(pairs_seeds=True))["seeds"]
    assert own.p == pytest.approx(np.mean([value >= abs(gains.sum()) - 1e-9 for value in flipped]))
    assert own.smallest_p == 0.25


def test_languages_change_sign_in_every_way_and_only_where_others_are_meant() -> None:
    counts = {"base": (50, 50, 50, 50), "both": (60, 55, 52, 49)}
    cells = [
        cell(name, "intents", language, None, right(n))
        for name, own in counts.items()
        for language, n in zip("abcd", own, strict=True)
    ]
    gains = np.array([10, 5, 2, -1])
    flipped = [abs(np.dot(signs, gains)) for signs in product([-1, 1], repeat=4)]
    own = permutations(cells)["languages"]
    assert own.p == pytest.approx(np.mean([value >= 16 - 1e-9 for value in flipped]))
    assert "languages" not in permutations(cells, general=False)
    assert "seeds" not in permutations(cells)


def test_examples_agree_with_scipy() -> None:
    cells = random_cells({"base": 0.4, "both": 0.45}, ("de",), (None,), n_examples=150)
    base, both = (entry.statistics[:, 0] for entry in cells)
    theirs = stats.permutation_test(
        (both - base,),
        lambda own, axis: own.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=1,
    )
    own = permutations(cells, Options(n_resamples=20_000))["examples"]
    assert own.p == pytest.approx(theirs.pvalue, abs=0.012)
    assert own.smallest_p == pytest.approx(1 / 20_001)


def test_equal_sequences_have_p_one() -> None:
    cells = [cell(name, "intents", "de", seed, right(40)) for name in ("base", "both") for seed in (1, 2)]
    assert [test.p for test in permutations(cells).values()] == [1.0, 1.0]


def test_many_seeds_are_dealt_out_at_random_and_the_same_way_again() -> None:
    cells = random_cells({"base": 0.4, "both": 0.44}, ("de", "sw"), tuple(range(12)), n_examples=40)
    own = permutations(cells, Options(n_resamples=500))["seeds"]
    assert (own.is_exact, own.n_permutations) == (False, 500)
    assert own == permutations(cells, Options(n_resamples=500))["seeds"]
