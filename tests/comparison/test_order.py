"""Almost stochastic order against the authors' own package, and its laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystage.comparison.compare import compare
from waystage.comparison.context import Options
from waystage.comparison.order import ENOUGH_SEEDS, FEW_SEEDS, ONE_SEED, stochastic_order, violation_ratio

from .builders import METRICS, SOURCES, random_cells

scores = st.lists(st.integers(0, 20).map(float), min_size=1, max_size=8).map(np.array)


@given(scores, scores)
def test_what_one_violates_the_other_does_not(first: np.ndarray, second: np.ndarray) -> None:
    forth, back = violation_ratio(first, second), violation_ratio(second, first)
    if forth is None or back is None:
        assert forth is back is None
        assert np.array_equal(np.unique(first), np.unique(second))
    else:
        assert forth + back == pytest.approx(1.0)


@given(scores)
def test_a_sample_that_was_raised_is_dominated_nowhere(sample: np.ndarray) -> None:
    assert violation_ratio(sample + 1, sample) == 0.0
    assert violation_ratio(sample, sample) is None


@pytest.mark.slow
@pytest.mark.parametrize(("n_first", "n_second", "gain"), [(5, 5, 0.3), (10, 8, 0.5), (20, 20, 0.2)])
def test_it_agrees_with_deepsig(n_first: int, n_second: int, gain: float) -> None:
    deepsig = pytest.importorskip("deepsig")
    from deepsig.aso import compute_violation_ratio

    generator = np.random.default_rng(n_first)
    first, second = generator.normal(gain, 1, n_first), generator.normal(0, 1, n_second)
    own = stochastic_order(("a", "b"), (first, second), None, 2000, 0)
    assert own.violation_ratio == pytest.approx(compute_violation_ratio(first, second, dt=0.0005), abs=0.01)
    theirs = deepsig.aso(first, second, num_bootstrap_iterations=300, num_jobs=1, show_progress=False, seed=1)
    assert own.epsilon_min == pytest.approx(theirs, abs=0.06)


def test_few_seeds_are_named_as_what_they_are() -> None:
    few = np.array([1.0, 2.0])
    assert stochastic_order(("a", "b"), (few + 3, few), None, 100, 0).note == FEW_SEEDS
    one = stochastic_order(("a", "b"), (few[:1] + 3, few[:1]), None, 100, 0)
    assert (one.note, one.epsilon_min, one.violation_ratio) == (ONE_SEED, None, 0.0)
    enough = np.arange(float(ENOUGH_SEEDS))
    assert stochastic_order(("a", "b"), (enough, enough + 1), None, 100, 0).note is None


def test_orders_are_added_only_when_asked_for() -> None:
    cells = random_cells({"base": 0.4, "both": 0.5, "third": 0.5})
    assert compare(cells, METRICS, "base", SOURCES).stochastic_orders == ()
    orders = compare(cells, METRICS, "base", SOURCES, options=Options(with_stochastic_order=True)).stochastic_orders
    assert [(own.first, own.second, own.task) for own in orders] == [
        (name, "base", task) for task in ("intents", None) for name in ("both", "third")
    ]
