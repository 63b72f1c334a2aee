"""Laws and examples of the comparison of sequences."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from waystage.comparison.compare import compare
from waystage.comparison.context import Options
from waystage.comparison.errors import ComparisonError
from waystage.comparison.intervals import NO_SPREAD, ONE_SEED
from waystage.comparison.results import CellScores, Comparison
from waystage.errors import DataError

from .builders import METRICS, SOURCES, cell, random_cells

RATES = {"base": 0.4, "continued": 0.42, "both": 0.6}


def test_means_leave_the_source_language_out() -> None:
    halves = {"en": [1, 1, 1, 1], "de": [1, 0, 0, 0], "sw": [1, 1, 0, 0]}
    cells = [cell("base", "intents", language, seed, right) for language, right in halves.items() for seed in (1, 2)]
    result = compare(cells, METRICS, "base", SOURCES)
    mean = result.mean_score("base", "intents")
    assert mean.score == pytest.approx((0.25 + 0.5) / 2)
    assert mean.source_score == 1.0
    assert mean.n_languages == 2
    assert mean.difference is None


def test_a_large_gain_is_named_best_and_a_small_one_is_not() -> None:
    result = compare(random_cells(RATES), METRICS, "base", SOURCES)
    best = result.best_by_task[0]
    assert best.sequence == best.highest == "both"
    assert {pair.other for pair in best.pairs} == {"base", "continued"}
    without = compare(
        random_cells({"base": 0.4, "continued": 0.42}, seed_effect=0.05), METRICS, "base", SOURCES
    ).best_by_task[0]
    assert without.sequence is None
    assert without.reason.startswith("no difference shown between")


def test_difference_is_the_difference_of_the_means_and_lies_in_its_interval() -> None:
    result = compare(random_cells(RATES), METRICS, "base", SOURCES)
    for name in ("continued", "both"):
        for task in ("intents", None):
            scored, base = result.mean_score(name, task), result.mean_score("base", task)
            own = scored.difference
            assert own is not None
            assert own.value == pytest.approx(scored.score - base.score)
            assert own.low < own.value < own.high
            assert own.seed_error is not None
            assert own.standard_error == pytest.approx(np.hypot(own.seed_error, own.example_error))
            assert own.p is not None
            assert own.p_adjusted is not None
            assert own.p_adjusted >= own.p


def test_one_seed_is_never_conclusive() -> None:
    result = compare(random_cells(RATES, seeds=(1,)), METRICS, "base", SOURCES)
    own = result.mean_score("both", "intents").difference
    assert own is not None
    assert (own.conclusive, own.note, own.seed_error, own.p) == (False, ONE_SEED, None, None)
    assert own.low < own.value < own.high
    assert result.best_by_task[0].sequence is None
    assert ONE_SEED in result.best_overall.reason


def test_scores_without_randomness_need_no_seeds() -> None:
    result = compare(random_cells(RATES, seeds=(None,)), METRICS, "base", SOURCES)
    own = result.mean_score("both", "intents").difference
    assert own is not None
    assert own.conclusive
    assert own.seed_error == 0.0
    assert result.seeds == ()
    assert result.best_overall.sequence == "both"


def test_an_untouched_encoder_counts_as_the_same_value_for_every_seed() -> None:
    generator = np.random.default_rng(3)
    retrieval = [
        cell(name, "retrieval", "de", seed, generator.integers(0, 2, 50))
        for name, seeds in (("base", (None,)), ("both", (1, 2)))
        for seed in seeds
    ]
    cells = random_cells({"base": 0.4, "both": 0.5}) + retrieval
    result = compare(cells, METRICS, "base", SOURCES)
    base = result.mean_score("base", None)
    intents, found = result.mean_score("base", "intents"), result.mean_score("base", "retrieval")
    assert found.seeds == ()
    assert found.source_score is None
    assert base.seeds == (1, 2)
    expected = [(value + found.score) / 2 for value in intents.seed_scores]
    assert base.seed_scores == pytest.approx(expected)


def test_seed_error_is_the_pooled_deviation_of_the_seed_means() -> None:
    right = {("base", 1): 10, ("base", 2): 14, ("both", 1): 20, ("both", 2): 22}
    cells = [cell(name, "intents", "de", seed, [1.0] * n + [0.0] * (100 - n)) for (name, seed), n in right.items()]
    own = compare(cells, METRICS, "base", SOURCES).mean_score("both", "intents").difference
    assert own is not None
    pooled = ((0.02**2) * 2 + (0.01**2) * 2) / 2
    assert own.seed_error == pytest.approx(np.sqrt(pooled * (1 / 2 + 1 / 2)))


def test_example_error_of_a_mean_is_the_textbook_one() -> None:
    generator = np.random.default_rng(0)
    base, other = generator.integers(0, 2, 300), generator.integers(0, 2, 300)
    cells = [cell("base", "intents", "de", None, base), cell("both", "intents", "de", None, other)]
    own = (
        compare(cells, METRICS, "base", SOURCES, options=Options(n_resamples=20_000))
        .mean_score("both", None)
        .difference
    )
    assert own is not None
    assert own.example_error == pytest.approx((other - base).std(ddof=1) / np.sqrt(300), rel=0.02)


def test_parallel_languages_move_together_and_others_do_not() -> None:
    """Copies of one test set say no more than one of them; sets of their own do."""
    generator = np.random.default_rng(0)
    right = {name: generator.integers(0, 2, 200) for name in ("base", "both")}
    languages = ("de", "fi", "sw", "th")

    def error(parallel: bool) -> float:
        cells = [
            cell(
                name,
                "intents",
                language,
                None,
                row,
                [f"{'' if parallel else language}{n}" for n in range(200)],
            )
            for name, row in right.items()
            for language in languages
        ]
        own = compare(cells, METRICS, "base", SOURCES).mean_score("both", None).difference
        assert own is not None
        return own.example_error

    assert error(parallel=True) / error(parallel=False) == pytest.approx(2.0, rel=0.1)


def test_order_of_examples_and_cells_does_not_matter() -> None:
    cells = random_cells(RATES)
    turned = [replace(entry, ids=entry.ids[::-1], statistics=entry.statistics[::-1]) for entry in cells]
    result, other = (compare(order, METRICS, "base", SOURCES, options=Options(seed=5)) for order in (cells, turned))
    assert result == other
    assert result == compare(cells, METRICS, "base", SOURCES, options=Options(seed=5))
    assert result != compare(cells, METRICS, "base", SOURCES, options=Options(seed=6))


def test_swapping_the_baseline_turns_the_interval_round() -> None:
    cells = random_cells({"base": 0.4, "both": 0.5})
    forth = compare(cells, METRICS, "base", SOURCES).mean_score("both", None).difference
    back = compare(cells, METRICS, "both", SOURCES).mean_score("base", None).difference
    assert forth is not None
    assert back is not None
    assert (back.value, back.low, back.high) == pytest.approx((-forth.value, -forth.high, -forth.low))


def test_corpus_level_metrics_are_scored_from_sums() -> None:
    metric = METRICS["slots"]
    generator = np.random.default_rng(1)
    ids = tuple(str(number) for number in range(40))
    cells = []
    for name in ("base", "both"):
        for seed in (1, 2):
            gold = generator.integers(0, 4, 40)
            found = np.minimum(gold, generator.integers(0, 4, 40))
            rows = np.column_stack([found, found + generator.integers(0, 2, 40), gold]).astype(float)
            cells.append(CellScores(name, "slots", "de", seed, metric.name, metric.columns, ids, rows))
    result = compare(cells, METRICS, "base", SOURCES)
    expected = np.mean([2 * c.statistics[:, 0].sum() / c.statistics[:, 1:].sum() for c in cells[:2]])
    assert result.mean_score("base", "slots").score == pytest.approx(expected)


def test_equal_sequences_have_no_difference_and_p_one() -> None:
    cells = [cell(name, "intents", "de", None, [1, 0, 1, 1]) for name in ("base", "both")]
    own = compare(cells, METRICS, "base", SOURCES).mean_score("both", None).difference
    assert own is not None
    assert (own.value, own.low, own.high, own.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_gain_without_any_spread_is_not_conclusive() -> None:
    cells = [cell(name, "intents", "de", None, [right] * 5) for name, right in (("base", 0), ("both", 1))]
    result = compare(cells, METRICS, "base", SOURCES)
    own = result.mean_score("both", None).difference
    assert own is not None
    assert (own.p, own.conclusive, own.note) == (None, False, NO_SPREAD)
    assert result.best_overall.sequence is None


def test_json_is_lossless_and_plain() -> None:
    result = compare(random_cells(RATES), METRICS, "base", SOURCES)
    text = json.dumps(result.to_json(), allow_nan=False)
    assert Comparison.from_json(json.loads(text)) == result
    scored = random_cells(RATES)[0]
    back = CellScores.from_json(json.loads(json.dumps(scored.to_json())))
    assert back.place == scored.place
    assert np.array_equal(back.statistics, scored.statistics)


def test_json_with_unknown_fields_or_nan_is_refused_and_every_field_named() -> None:
    value = compare(random_cells(RATES), METRICS, "base", SOURCES).to_json()
    value["task_scores"][0]["score"] = float("nan")
    value["task_scores"][1]["difference"]["surprise"] = 1
    with pytest.raises(DataError) as caught:
        Comparison.from_json(value, "run.json")
    message = str(caught.value)
    assert "task_scores[0].score" in message
    assert "task_scores[1].difference.surprise" in message


def test_every_mismatch_is_named_at_once() -> None:
    cells = random_cells({"base": 0.4, "both": 0.5})
    by_place = {entry.place: entry for entry in cells}
    broken = [entry for entry in cells if entry.place != "both / intents / sw / seed 2"]
    broken.remove(by_place["both / intents / de / seed 1"])
    other_ids = tuple(f"y{number}" for number in range(200))
    broken.append(replace(by_place["both / intents / de / seed 1"], ids=other_ids))
    broken.append(replace(cells[0], metric_name="macro-f1", seed=3))
    with pytest.raises(ComparisonError) as caught:
        compare(broken, METRICS, "bsae", SOURCES)
    message = str(caught.value)
    assert caught.value.exit_status == 6
    for part in (
        "did you mean 'base'?",
        "both / intents / de / seed 1: other examples: 200 missing, 200 not in the other",
        "scored with macro-f1",
        "both / intents / sw: no scores of seed 2",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cells: [], "nothing to compare"),
        (lambda cells: [*cells, cells[0]], "scored twice"),
        (
            lambda cells: [c for c in cells if c.sequence != "both"] + cells[-1:],
            "no scores in",
        ),
        (lambda cells: [entry for entry in cells if entry.language == "en"], "source language only"),
        (lambda cells: [*cells, replace(cells[0], task="new")], "the task has no metric"),
        (lambda cells: [*cells, replace(cells[0], seed=None)], "without a seed among"),
        (
            lambda cells: [replace(c, statistics=c.statistics * 0) for c in cells],
            "nothing to score",
        ),
        (
            lambda cells: [replace(c, statistics=c.statistics[1:]) for c in cells],
            "shape (199, 2)",
        ),
        (
            lambda cells: [replace(c, statistics=c.statistics + np.nan) for c in cells],
            "not finite",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(change, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ComparisonError, match=message.replace("(", r"\(").replace(")", r"\)")):
        compare(change(random_cells({"base": 0.4, "both": 0.5})), METRICS, "base", SOURCES)


def test_other_protocols_are_refused_with_both_named_and_unknown_ones_are_not() -> None:
    cells = random_cells({"base": 0.4, "both": 0.5})
    known = [replace(entry, protocol="128 tokens") if entry.sequence == "base" else entry for entry in cells]
    assert compare(known, METRICS, "base", SOURCES) == compare(cells, METRICS, "base", SOURCES)
    mixed = [replace(entry, protocol=entry.protocol or "256 tokens") for entry in known]
    with pytest.raises(ComparisonError, match=r"protocol 256 tokens; expected 128 tokens, as base / intents"):
        compare(mixed, METRICS, "base", SOURCES)


@pytest.mark.slow
@pytest.mark.parametrize(("n_seeds", "n_sequences"), [(2, 2), (2, 4), (5, 2)])
def test_intervals_cover_the_truth(n_seeds: int, n_sequences: int) -> None:
    """Known truth: no difference, normal seed effects, right-or-wrong examples with a shared difficulty."""
    generator = np.random.default_rng([n_seeds, n_sequences])
    names = ["base", "both", "third", "fourth"][:n_sequences]
    n_trials, hits = 300, 0
    for trial in range(n_trials):
        difficulty = generator.normal(size=80)
        cells = []
        for name in names:
            for seed in range(n_seeds):
                level = difficulty + generator.normal(0, 0.15)
                cells += [
                    cell(name, "intents", language, seed, (level + generator.normal(size=80) > 0).astype(float))
                    for language in ("de", "sw")
                ]
        result = compare(cells, METRICS, "base", SOURCES, options=Options(n_resamples=300, seed=trial))
        own = result.mean_score("both", None).difference
        assert own is not None
        hits += own.low <= 0.0 <= own.high
    assert 0.90 <= hits / n_trials <= 0.99
