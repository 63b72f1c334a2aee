from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from tests.record.independent.studies import as_cells, method, random_cells
from waystage.comparison.compare import compare
from waystage.comparison.context import Context, Options
from waystage.metrics.registry import make_metric
from waystage.record.independent.comparison import check_comparison
from waystage.record.independent.evidence import lay_out
from waystage.record.independent.intervals import Measured
from waystage.record.independent.resampling import linear_covariance, resampled_covariance

TASKS = {
    "intents": "accuracy",
    "slots": "span-f1",
    "answers": "answer-f1-em",
    "moods": "macro-f1",
    "pairs": "retrieval-accuracy",
}
CATEGORIES = {
    "intents": "classification",
    "moods": "classification",
    "slots": "structured prediction",
    "answers": None,
    "pairs": "retrieval",
}
RATES = {"base": 0.5, "intermediate": 0.6, "both": 0.58}


def _compared(seeds: tuple[int, ...], *, pairs_seeds: bool = False) -> tuple[dict[str, Any], Measured]:
    cells = random_cells(TASKS, RATES, seeds=seeds)
    labels = {"moods": ("a", "b")}
    metrics = {task: make_metric(name, labels.get(task, ())) for task, name in TASKS.items()}
    groupings = {"script": {"de": "Latin", "fi": "Latin", "sw": "Latin"}, "family": {"de": "IE", "fi": "Uralic"}}
    recorded = compare(
        cells,
        metrics,
        "base",
        dict.fromkeys(TASKS, "en"),
        Context(categories=CATEGORIES, groupings=groupings),
        Options(n_resamples=200, seed=7, pairs_seeds=pairs_seeds),
    ).to_json()
    evidence = lay_out(as_cells(cells), method(cells, pairs_seeds=pairs_seeds))
    return recorded, Measured(evidence)


@pytest.fixture(scope="module")
def compared() -> tuple[dict[str, Any], Measured]:
    return _compared((1, 2, 3))


def test_both_ways_agree_on_every_number(compared: tuple[dict[str, Any], Measured]) -> None:
    recorded, measured = compared
    agreement = check_comparison(recorded, measured, CATEGORIES, "comparison.json")
    assert [str(own) for own in agreement.disagreements] == []
    assert agreement.n_values > 1000


@pytest.mark.parametrize(("seeds", "pairs_seeds"), [((1,), False), ((1, 2), False), ((1, 2, 3), True)])
def test_both_ways_agree_with_few_and_with_paired_seeds(seeds: tuple[int, ...], pairs_seeds: bool) -> None:
    recorded, measured = _compared(seeds, pairs_seeds=pairs_seeds)
    agreement = check_comparison(recorded, measured, CATEGORIES, "comparison.json")
    assert [str(own) for own in agreement.disagreements] == []


@pytest.mark.parametrize("field", ["value", "low", "high", "standard_error", "p", "p_adjusted"])
@pytest.mark.parametrize("scope", ["difference", "general_difference"])
def test_a_number_that_was_changed_is_named(compared: tuple[dict[str, Any], Measured], field: str, scope: str) -> None:
    recorded, measured = copy.deepcopy(compared[0]), compared[1]
    entry = next(own for own in recorded["overall_scores"] if own["sequence"] == "both")
    before = entry[scope][field]
    entry[scope][field] = before + 0.001
    agreement = check_comparison(recorded, measured, CATEGORIES, "comparison.json")
    (found,) = agreement.disagreements
    assert (found.field, found.recorded) == (field, before + 0.001)
    assert found.found == pytest.approx(before)
    assert "both / all tasks" in found.place


def test_covariances_from_signs_and_from_derivatives_agree_within_the_noise_of_the_signs() -> None:
    cells = random_cells(TASKS, RATES, n_examples=150)
    evidence = lay_out(as_cells(cells), method(cells, n_resamples=4000))
    for block in evidence.blocks:
        resampled, linear = (of(block, evidence.method) for of in (resampled_covariance, linear_covariance))
        n = len(block.languages) * len(RATES) * 3
        first, second = (np.sqrt(np.diagonal(own.reshape(n, n))) for own in (resampled, linear))
        # The standard error of a standard deviation from 4,000 draws is 1.1 %; five of them, and 1 % for the bend.
        assert np.abs(first / second - 1).max() < 0.066, block.task
