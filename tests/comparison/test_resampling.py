"""The covariance of scores that comes from the sample of examples, and exchanged examples."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from waystage.comparison import resampling
from waystage.comparison.alignment import TaskGrid, align
from waystage.comparison.resampling import TaskSamples, sample_examples

from .builders import METRICS, SOURCES, cell, random_cells

PAIR = ("base", "both")


def grid_of(cells: list) -> TaskGrid:  # type: ignore[type-arg]
    return align(cells, METRICS, "base", SOURCES)[0]


def sampled(grid: TaskGrid, n_resamples: int = 4000, seed: int = 0) -> TaskSamples:
    return sample_examples(grid, METRICS[grid.task], [PAIR], n_resamples, seed)


@pytest.mark.parametrize("n", [12, 300])
def test_the_covariance_of_means_is_the_textbook_one(n: int) -> None:
    generator = np.random.default_rng(1)
    base, both = generator.integers(0, 2, (2, n))
    both = np.where(generator.random(n) < 0.5, base, both)
    grid = grid_of([cell("base", "intents", "de", None, base), cell("both", "intents", "de", None, both)])
    own = sampled(grid, 30_000).covariance[0, 0]
    assert own == pytest.approx(np.cov(np.stack([base, both])) / n, rel=0.04)


def test_languages_without_common_examples_are_independent() -> None:
    generator = np.random.default_rng(2)
    ids = {"de": [f"d{n}" for n in range(60)], "sw": [f"s{n}" for n in range(60)]}
    cells = [
        cell(name, "intents", language, None, generator.integers(0, 2, 60), ids[language])
        for name in PAIR
        for language in ids
    ]
    covariance = sampled(grid_of(cells)).covariance
    assert np.all(covariance[0, 1] == 0.0)
    assert np.all(np.diag(covariance[1, 1]) > 0.0)


def test_languages_that_overlap_in_part_share_the_signs_of_what_they_share() -> None:
    """The covariance of two means over n and m examples with k in common is k s² / (n m)."""
    generator = np.random.default_rng(3)
    right = generator.integers(0, 2, 300).astype(float)
    names = [f"{number:03}" for number in range(300)]
    cells = [
        cell(name, "intents", language, None, right[rows], names[rows.start : rows.stop])
        for name in PAIR
        for language, rows in (("de", slice(0, 200)), ("sw", slice(100, 300)), ("th", slice(0, 200)))
    ]
    covariance = sampled(grid_of(cells), 20_000).covariance[..., 0, 0]
    shared = ((right[100:200] - right[:200].mean()) * (right[100:200] - right[100:].mean())).sum() / 200**2
    assert covariance[0, 1] == pytest.approx(shared, rel=0.1)
    assert covariance[0, 2] == pytest.approx(covariance[0, 0])


def test_the_size_of_blocks_does_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = grid_of(random_cells({"base": 0.4, "both": 0.5}, n_examples=130))
    whole = sampled(grid, 301)
    monkeypatch.setattr(resampling, "MAX_SIGN_BYTES", 130 * 4 * 7)
    blocks = sampled(grid, 301)
    assert np.array_equal(whole.exchanged, blocks.exchanged)
    assert whole.covariance == pytest.approx(blocks.covariance, rel=1e-9)


def test_a_rare_class_is_never_lost() -> None:
    """Three examples of which one has anything to find: no resample is without a score."""
    generator = np.random.default_rng(4)
    metric = METRICS["slots"]
    rows = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    ids = tuple("abc")
    cells = [resampling_cell(name, rows if name == "base" else rows * generator.integers(1, 3), ids) for name in PAIR]
    own = sample_examples(align(cells, METRICS, "base", SOURCES)[0], metric, [PAIR], 200, 0)
    assert np.isfinite(own.covariance).all()
    assert np.isfinite(own.exchanged).all()


def resampling_cell(name: str, rows: np.ndarray, ids: tuple[str, ...]):  # type: ignore[no-untyped-def]
    from waystage.comparison.results import CellScores

    metric = METRICS["slots"]
    return CellScores(name, "slots", "de", None, metric.name, metric.columns, ids, rows)


def test_exchanged_differences_are_those_of_all_ways_to_exchange() -> None:
    """With 4 examples there are 16 ways; each turns up, and nothing else does."""
    base, both = np.array([1.0, 0.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 1.0])
    grid = grid_of([cell("base", "intents", "de", None, base), cell("both", "intents", "de", None, both)])
    found = {round(float(value), 5) for value in sampled(grid, 500).exchanged[:, 0, 0]}
    ways = {
        round(float(np.where(swap, both - base, base - both).mean()), 5) for swap in product([False, True], repeat=4)
    }
    assert found == ways


def test_a_sequence_without_seeds_is_exchanged_with_every_seed_of_the_other() -> None:
    generator = np.random.default_rng(5)
    right = {seed: generator.integers(0, 2, 40).astype(float) for seed in (None, 1, 2)}
    one = grid_of(
        [cell("base", "intents", "de", None, right[None])]
        + [cell("both", "intents", "de", seed, right[seed]) for seed in (1, 2)]
    )
    two = grid_of(
        [cell("base", "intents", "de", seed, right[None]) for seed in (1, 2)]
        + [cell("both", "intents", "de", seed, right[seed]) for seed in (1, 2)]
    )
    assert np.array_equal(sampled(one).exchanged, sampled(two).exchanged)
