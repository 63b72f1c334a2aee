"""Groups of languages, categories of tasks, transfer gaps, costs and recommendations."""

from __future__ import annotations

import json

import numpy as np
import pytest

from waystage.comparison.compare import compare
from waystage.comparison.context import Context, Options
from waystage.comparison.costs import NO_GAIN
from waystage.comparison.errors import ComparisonError
from waystage.comparison.intervals import ONE_LANGUAGE
from waystage.comparison.results import Comparison, SequenceCost

from .builders import METRICS, SOURCES, cell, random_cells

LANGUAGES = ("en", "de", "nl", "sw", "zu", "th")
CONTEXT = Context(
    categories={"intents": "classification", "retrieval": "retrieval", "elsewhere": "tagging"},
    groupings={"family": {"de": "Germanic", "nl": "Germanic", "en": "Germanic", "sw": "Bantu", "zu": "Bantu"}},
    measures={"overlap": {"de": 0.5, "nl": 0.4, "sw": 0.2, "zu": 0.2}},
    costs=(
        SequenceCost("base", 100.0, None, 1e12, 1),
        SequenceCost("both", 300.0, None, None, 2),
        SequenceCost("same", 400.0, None, 2e12, 2),
    ),
)


@pytest.fixture(scope="module")
def result() -> Comparison:
    rates = {"base": 0.4, "both": 0.6, "same": 0.4}
    retrieval = random_cells(rates, ("de", "th"), (None,), task="retrieval")
    cells = random_cells(rates, LANGUAGES, (1, 2, 3), n_examples=300) + retrieval
    return compare(cells, METRICS, "base", SOURCES, CONTEXT, Options(n_resamples=800))


def test_the_mean_of_a_group_is_that_of_its_target_languages(result: Comparison) -> None:
    by_language = {
        own.language: own.score for own in result.language_scores if (own.sequence, own.task) == ("both", "intents")
    }
    groups = {
        (own.property, own.group): own for own in result.group_scores if (own.sequence, own.task) == ("both", "intents")
    }
    germanic = groups["family", "Germanic"]
    assert germanic.languages == ("de", "nl")  # not en, which is the source language
    assert germanic.score == pytest.approx((by_language["de"] + by_language["nl"]) / 2)
    assert groups["family", None].languages == ("th",)


def test_a_group_over_all_tasks_is_the_mean_over_tasks_that_have_any_of_it(result: Comparison) -> None:
    own = {
        group.task: group.score
        for group in result.group_scores
        if (group.property, group.group, group.sequence) == ("family", "Germanic", "both")
    }
    assert own[None] == pytest.approx((own["intents"] + own["retrieval"]) / 2)
    bantu = {group.task for group in result.group_scores if group.group == "Bantu"}
    assert bantu == {"intents", None}


def test_numbers_are_cut_into_thirds_that_keep_equals_together(result: Comparison) -> None:
    own = {group.group: group for group in result.group_scores if group.property == "overlap" and group.task is None}
    assert {name: group.languages for name, group in own.items()} == {
        "low": ("sw", "zu"),
        "middle": ("nl",),
        "high": ("de",),
        None: ("th",),
    }
    assert own["low"].bounds == (0.2, 0.2)
    assert own[None].bounds is None


def test_one_language_says_nothing_about_others_like_it(result: Comparison) -> None:
    own = next(
        group
        for group in result.group_scores
        if (group.property, group.group, group.sequence, group.task) == ("overlap", "high", "both", "intents")
    )
    assert own.difference is not None
    assert own.general_difference is not None
    assert own.difference.conclusive
    assert own.difference.p_adjusted is not None
    assert (own.general_difference.conclusive, own.general_difference.p) == (False, None)
    assert own.general_difference.note == ONE_LANGUAGE


def test_a_category_is_the_mean_of_its_tasks(result: Comparison) -> None:
    own = {score.category: score for score in result.category_scores if score.sequence == "both"}
    assert own.keys() == {"classification", "retrieval"}
    assert own["retrieval"].score == pytest.approx(result.mean_score("both", "retrieval").score)
    assert own["retrieval"].difference == result.mean_score("both", "retrieval").difference
    assert [best.category for best in result.best_by_category] == ["classification", "retrieval"]


def test_the_gap_is_source_minus_target(result: Comparison) -> None:
    own = {(gap.sequence, gap.task): gap for gap in result.transfer_gaps}
    assert {task for _, task in own} == {"intents", None}  # retrieval is not tested in English
    both, base = own["both", "intents"], own["base", "intents"]
    score = result.mean_score("both", "intents")
    assert (both.source_score, both.target_score) == pytest.approx((score.source_score, score.score))
    assert both.gap.value == pytest.approx(both.source_score - both.target_score)
    assert both.difference is not None
    assert both.difference.value == pytest.approx(both.gap.value - base.gap.value)
    assert both.general_gap.standard_error >= both.gap.standard_error
    assert base.difference is None


def test_a_point_costs_what_was_added_and_no_gain_has_no_price(result: Comparison) -> None:
    own = {gain.sequence: gain for gain in result.cost_gains}
    overall = result.mean_score("both", None).difference
    assert overall is not None
    assert own["both"].seconds_per_point == pytest.approx(200 / (100 * overall.value))
    assert own["both"].flops_per_point is None
    assert (own["same"].seconds_per_point, own["same"].note) == (None, NO_GAIN)
    assert [gain.on_front_by_seconds for gain in result.cost_gains] == [True, True, False]
    assert own["both"].on_front_by_flops is None


def test_what_is_shown_is_recommended_in_its_scope(result: Comparison) -> None:
    these = result.recommendation()
    assert (these.verdict, these.sequences) == ("best", ("both",))
    assert "over all tasks, in these languages" in these.sentence
    assert "95 % interval" in these.sentence
    general = result.recommendation("intents", "languages like these")
    assert "on intents, in languages like these" in general.sentence


def test_one_that_beats_the_baseline_only_is_named_as_that() -> None:
    cells = random_cells({"base": 0.3, "one": 0.6, "two": 0.602}, seed_effect=0.01)
    own = compare(cells, METRICS, "base", SOURCES).recommendation()
    assert own.verdict == "better than the baseline"
    assert set(own.sequences) == {"one", "two"}


def test_losers_are_named_and_no_difference_says_what_could_have_been_seen() -> None:
    worse = compare(random_cells({"base": 0.6, "one": 0.3, "two": 0.6}), METRICS, "base", SOURCES).recommendation()
    assert (worse.verdict, worse.sequences) == ("worse than the baseline", ("one",))
    cells = random_cells({"base": 0.5, "one": 0.505}, seed_effect=0.05)
    equal = compare(cells, METRICS, "base", SOURCES).recommendation()
    assert (equal.verdict, equal.sequences) == ("no difference shown", ())
    assert "No difference shown" in equal.sentence
    assert "would mostly have gone unseen" in equal.sentence


def test_one_sequence_is_compared_with_nothing() -> None:
    own = compare(random_cells({"base": 0.5}), METRICS, "base", SOURCES)
    assert own.recommendation().verdict == "one sequence"
    assert own.best_overall.pairs == ()


def test_everything_survives_json(result: Comparison) -> None:
    text = json.dumps(result.to_json(), allow_nan=False)
    assert Comparison.from_json(json.loads(text)) == result


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (Context(measures={"overlap": {"de": np.nan}}), "finite"),
        (Context(groupings={"a": {}}, measures={"a": {}}), "one of the two"),
    ],
)
def test_properties_that_are_none_are_refused(context: Context, message: str) -> None:
    cells = [cell(name, "intents", "de", None, [1, 0, 1]) for name in ("base", "both")]
    with pytest.raises(ComparisonError, match=message):
        compare(cells, METRICS, "base", SOURCES, context)
