"""The parts of an interval: seeds, examples, languages; and the two scopes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from waystage.comparison.claims import LIKE_THESE, THESE, Difference
from waystage.comparison.compare import compare
from waystage.comparison.context import Options
from waystage.comparison.intervals import ONE_LANGUAGE
from waystage.comparison.results import CellScores

from .builders import METRICS, SOURCES, cell, random_cells


def both_scopes(cells: list[CellScores], task: str | None = None, **options: bool) -> tuple[Difference, Difference]:
    score = compare(cells, METRICS, "base", SOURCES, options=Options(**options)).mean_score("both", task)  # type: ignore[arg-type]
    assert score.difference is not None
    assert score.general_difference is not None
    return score.difference, score.general_difference


@pytest.mark.parametrize("seeds", [(None,), (1, 2), (1, 2, 3)])
def test_languages_like_these_are_never_more_certain_than_these(seeds: tuple[int | None, ...]) -> None:
    cells = random_cells({"base": 0.4, "both": 0.5}, ("en", "de", "sw", "th"), seeds)
    these, general = both_scopes(cells)
    assert (these.scope, general.scope) == (THESE, LIKE_THESE)
    assert these.value == general.value
    assert general.low <= these.low
    assert general.high >= these.high
    assert these.language_error is None
    assert general.language_error is not None
    assert "languages" in general.resampled
    assert "languages" not in these.resampled


def test_with_nothing_else_random_it_is_the_t_interval_over_languages() -> None:
    """Examples that all languages get right or wrong alike in both sequences, but for whole languages."""
    gains = (0.30, 0.10, 0.22, -0.04, 0.15)
    n = 4000
    cells = [
        cell(name, "intents", f"l{place}", None, np.arange(n) < n * (0.5 + (gain if name == "both" else 0.0)))
        for place, gain in enumerate(gains)
        for name in ("base", "both")
    ]
    _, general = both_scopes(cells)
    theirs = stats.ttest_1samp(gains, 0.0).confidence_interval()
    assert (general.low, general.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)
    assert general.p == pytest.approx(stats.ttest_1samp(gains, 0.0).pvalue, rel=0.15)


def test_languages_that_scatter_by_their_examples_alone_add_little() -> None:
    """No language effect: the scatter over languages is what small test sets make, and counts once."""
    errors = []
    for number in range(20):
        generator = np.random.default_rng(number)
        cells = [
            cell(
                name,
                "intents",
                f"l{place}",
                None,
                generator.integers(0, 2, 60),
                [f"{place}-{row}" for row in range(60)],
            )
            for name in ("base", "both")
            for place in range(12)
        ]
        these, general = both_scopes(cells)
        errors.append(general.standard_error / these.standard_error)
    assert np.mean(errors) < 1.2


def test_one_target_language_says_nothing_about_others() -> None:
    these, general = both_scopes(random_cells({"base": 0.4, "both": 0.6}, ("en", "de")))
    assert these.conclusive
    assert (general.conclusive, general.note, general.p, general.language_error) == (False, ONE_LANGUAGE, None, None)


def test_the_same_languages_on_two_tasks_are_one_sample_of_languages() -> None:
    """A copy of a task with the same effects by language leaves the doubt about languages as it is."""
    generator = np.random.default_rng(1)
    gains = generator.normal(0.1, 0.1, 8)

    def cells(task: str) -> list[CellScores]:
        n = 2000
        return [
            cell(name, task, f"l{place}", None, np.arange(n) < n * (0.4 + (gain if name == "both" else 0.0)))
            for place, gain in enumerate(gains)
            for name in ("base", "both")
        ]

    _, one = both_scopes(cells("intents"))
    _, two = both_scopes(cells("intents") + cells("retrieval"))
    assert two.language_error == pytest.approx(one.language_error, rel=0.05)


def test_paired_seeds_leave_the_shared_effect_of_a_seed_out() -> None:
    """Seed effects that are the same in both sequences vanish from a paired difference."""
    counts = {("base", 1): 30, ("base", 2): 50, ("both", 1): 40, ("both", 2): 61}
    cells = [cell(name, "intents", "de", seed, [1.0] * n + [0.0] * (100 - n)) for (name, seed), n in counts.items()]
    apart, _ = both_scopes(cells)
    paired, _ = both_scopes(cells, pairs_seeds=True)
    gains = np.array([0.10, 0.11])
    assert paired.seed_error == pytest.approx(gains.std(ddof=1) / np.sqrt(2))
    assert apart.seed_error is not None
    assert apart.seed_error > 10 * (paired.seed_error or 0.0)


def test_probabilities_follow_the_interval() -> None:
    """A difference whose interval begins at 0 is above 0 with 97.5 %; one run is less certain than the mean."""
    these, _ = both_scopes(random_cells({"base": 0.4, "both": 0.5}, seeds=(1, 2, 3), seed_effect=0.05))
    assert these.p is not None
    assert these.probability_better == pytest.approx(1 - these.p / 2)
    assert these.probability_run_better is not None
    assert 0.5 < these.probability_run_better < these.probability_better
