"""Power against the noncentral t distribution and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from waystage.comparison.compare import compare
from waystage.comparison.power import seeds_needed, smallest_effect
from waystage.comparison.student import Part

from .builders import METRICS, SOURCES, random_cells


@pytest.mark.parametrize("degrees", [1, 2, 4, 8, 30])
def test_the_smallest_effect_has_eighty_percent_power(degrees: int) -> None:
    effect = smallest_effect([Part(4.0, degrees)])
    quantile = stats.t.ppf(0.975, degrees)
    assert stats.nct.sf(quantile, degrees, effect / 2) == pytest.approx(0.8, abs=1e-4)


def test_a_simulated_t_test_sees_it_in_eighty_of_a_hundred() -> None:
    generator = np.random.default_rng(0)
    n, effect = 5, smallest_effect([Part(2 / 5, 8)])
    samples = generator.normal(size=(4000, 2, n))
    samples[:, 1] += effect
    shown = stats.ttest_ind(samples[:, 1], samples[:, 0], axis=1).pvalue <= 0.05
    assert shown.mean() == pytest.approx(0.8, abs=0.02)


def test_more_seeds_are_needed_for_smaller_effects_and_none_are_enough_for_the_smallest() -> None:
    others, variance = [Part(0.002**2, 5000)], 0.02**2
    needed = [need.n_seeds for need in seeds_needed(others, variance, lambda n_seeds: 2 * (n_seeds - 1))]
    assert needed[0] is None  # 0.5 points are below 2.8 standard errors of the examples alone
    numbers = [number for number in needed if number is not None]
    assert numbers == sorted(numbers, reverse=True)
    for effect, number in ((0.01, numbers[0]), (0.05, numbers[-1])):
        assert smallest_effect([*others, Part(variance / number, 2 * (number - 1))]) <= effect
        fewer = [*others, Part(variance / (number - 1), 2 * (number - 2))] if number > 2 else None
        assert fewer is None or smallest_effect(fewer) > effect


def test_one_seed_has_no_power_and_says_so() -> None:
    result = compare(random_cells({"base": 0.4, "both": 0.6}, seeds=(1,)), METRICS, "base", SOURCES)
    own = result.mean_score("both", None).difference
    assert own is not None
    assert (own.smallest_effect, own.seeds_needed, own.probability_better, own.probability_run_better) == (
        None,
        (),
        None,
        None,
    )
    assert result.recommendation().verdict == "not conclusive"
    assert any("one seed" in limit and "intents" in limit for limit in result.limits)


def test_scores_without_randomness_need_no_seeds_for_any_effect() -> None:
    result = compare(random_cells({"base": 0.4, "both": 0.6}, seeds=(None,)), METRICS, "base", SOURCES)
    own = result.mean_score("both", None).difference
    assert own is not None
    assert own.seeds_needed == ()
    assert own.smallest_effect is not None
    assert own.probability_run_better == own.probability_better
    assert own.resampled == ("examples",)
