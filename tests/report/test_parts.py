"""Records, colours, forest plots, the plan's tree, sentences and the terminal table."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from waystage.comparison.results import Difference
from waystage.errors import DataError
from waystage.report import colours, wording
from waystage.report.axis import even_axis, log_axis, plain, signed
from waystage.report.contents import forests
from waystage.report.forest import forest
from waystage.report.plan_tree import Branch, plan_tree
from waystage.report.record import RunRecord
from waystage.report.scatter import Point, place_points
from waystage.report.sections.failures import flip_rows
from waystage.report.sections.forgetting import perplexity_rows, perplexity_summaries
from waystage.report.sections.groups import group_tables
from waystage.report.sections.guide import guide
from waystage.report.sections.heat import heat_maps
from waystage.report.terminal import comparison_table

from .records import make_record


def test_a_record_survives_json() -> None:
    record = make_record()
    assert RunRecord.from_json(json.loads(json.dumps(record.to_json(), allow_nan=False))) == record


def test_a_damaged_record_is_refused_with_every_field_named() -> None:
    value = make_record().to_json()
    del value["command"]
    value["plan"]["nodes"][0]["seconds"] = "soon"
    with pytest.raises(DataError) as caught:
        RunRecord.from_json(value, "run/record.json")
    assert "run/record.json: command" in str(caught.value)
    assert "plan.nodes[0].seconds" in str(caught.value)


@pytest.mark.parametrize("dark", [False, True])
def test_every_cell_is_legible(dark: bool) -> None:
    scales = colours.scales(dark)
    for scale in (scales.score, scales.difference):
        assert len(scale) == colours.N_STEPS
        assert min(colours.contrast(swatch.background, swatch.text) for swatch in scale) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_scores_grow_steadily_and_differences_both_ways(dark: bool) -> None:
    scales = colours.scales(dark)
    from_page = [colours.contrast(swatch.background, scales.score[0].background) for swatch in scales.score]
    assert from_page == sorted(from_page)
    middle = colours.N_STEPS // 2
    off_middle = [
        colours.contrast(swatch.background, scales.difference[middle].background) for swatch in scales.difference
    ]
    assert off_middle[: middle + 1] == sorted(off_middle[: middle + 1], reverse=True)
    assert off_middle[middle:] == sorted(off_middle[middle:])


def test_forest_holds_all_intervals_and_zero() -> None:
    for plot in forests(make_record().comparison):
        zero = next(tick.place for tick in plot.axis.ticks if tick.is_zero)
        assert [tick.label for tick in plot.axis.ticks].count("0") == 1
        for row in plot.rows:
            own = row.these
            assert 0 <= own.low < own.dot < own.high <= 100
            assert (own.low > zero) == (own.difference.low > 0)
            assert not own.is_cut_low
            assert not own.is_cut_high
            assert row.general is not None
            assert row.general.low <= own.low + 0.01 or row.general.difference.low > own.difference.low


def test_an_interval_far_beyond_the_others_is_cut_and_says_so() -> None:
    scores = [score for score in make_record().comparison.overall_scores if score.difference]
    wide = [replace(own, general_difference=replace(own.difference, low=-0.9, high=0.9)) for own in scores]
    plot = forest(wide)
    assert plot is not None
    assert plot.axis.high - plot.axis.low < 100
    for row in plot.rows:
        assert row.general is not None
        assert row.general.is_cut_low
        assert row.general.is_cut_high
        assert (row.general.low, row.general.high) == (plot.axis.first, plot.axis.last)
        assert row.these.high - row.these.low > 2


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=8))
def test_an_even_axis_holds_its_values_in_order(values: list[float]) -> None:
    axis = even_axis(values, 10, 90, signed)
    places = [axis.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(10 <= place <= 90 for place in places)
    assert axis.low <= min(values) + 1e-6
    assert axis.high >= max(values) - 1e-6
    assert 2 <= len(axis.ticks) <= 12


@given(st.lists(st.floats(1e-3, 1e9), min_size=2, max_size=8))
@example([1e9, 999999999.9999999])
def test_a_log_axis_holds_its_values(values: list[float]) -> None:
    axis = log_axis(values, 0, 100, "{:g}".format)
    assert axis.low <= min(values)
    assert axis.high >= max(values) * (1 - 1e-12)
    assert axis.low < axis.high


def test_labels_of_points_keep_apart() -> None:
    axis = even_axis([0, 100], 0, 100, plain)
    placed = place_points([Point(50 + number, 50, f"name {number}", number) for number in range(5)], axis, axis)
    labels = sorted(own.label_y for own in placed)
    assert min(after - before for before, after in pairwise(labels)) >= 6


def test_groups_lie_in_order_and_the_unknown_is_last() -> None:
    tables = {table.property: table for table in group_tables(make_record().comparison)}
    assert list(tables) == ["family", "script", "resources", "vocabulary overlap"]
    assert [row.name for row in tables["vocabulary overlap"].rows] == ["low", "middle", "high"]
    assert tables["vocabulary overlap"].rows[0].bounds is not None
    assert tables["family"].rows[-1].name == "not known"
    for table in tables.values():
        languages = [code for row in table.rows for code in row.languages]
        assert len(languages) == len(set(languages)) == 27


def test_the_guide_says_what_its_choice_costs() -> None:
    """Validation scores where there are any, else test scores; by hand for two sequences."""
    record = make_record()
    found = guide(record)
    assert found is not None
    assert [(row.task, row.basis) for row in found.rows] == [
        ("intents", "validation data in en"),
        ("slots", "test data in en"),
    ]
    for row in found.rows:
        best = record.comparison.mean_score(row.highest, row.task).score
        assert row.loss == best - record.comparison.mean_score(row.picked, row.task).score >= 0
        assert 0 <= row.n_alike <= row.n_pairs == 6
    dear = [replace(own, score=1.0 if own.sequence == "intermediate" else 0.5) for own in record.selection]
    picked = guide(replace(record, selection=tuple(dear)))
    assert picked is not None
    assert picked.rows[0].picked == "intermediate"


def test_a_shared_stage_is_one_row_of_perplexities() -> None:
    record = make_record()
    rows = perplexity_rows(record.pseudo_perplexities)
    assert len(rows) == 28
    assert {row.n_seeds for row in rows} == {2}
    assert [row.ratio for row in rows] == sorted((row.ratio for row in rows), key=lambda own: -(own or 0))
    (summary,) = perplexity_summaries(rows)
    assert summary.n_worse == sum((row.ratio or 0) > 1 for row in rows)
    unknown = perplexity_rows(tuple(replace(own, before=None) for own in record.pseudo_perplexities))
    assert {(row.before, row.ratio) for row in unknown} == {(None, None)}


def test_flips_are_summed_over_languages() -> None:
    record = make_record()
    for row in flip_rows(record):
        own = [c for c in record.flip_counts if (c.task, c.second) == (row.task, row.second)]
        assert row.n_gained == sum(count.n_gained for count in own)
        assert row.n_lost == sum(count.n_lost for count in own)
        assert row.n_examples == sum(count.n_examples for count in own)
        assert row.worst_net == min(count.n_gained - count.n_lost for count in own)


def test_cells_are_marked_where_a_difference_holds_over_the_whole_map() -> None:
    comparison = make_record().comparison
    maps = heat_maps(comparison)
    shown = {
        (map.sequence, row.language, task)
        for map in maps.maps
        for row in map.rows
        for task, cell in zip(maps.tasks, row.cells, strict=True)
        if cell is not None and cell.is_shown
    }
    by_hand = {
        (score.sequence, score.language, score.task)
        for score in comparison.language_scores
        if score.difference and (score.difference.p_adjusted or 1) < 0.05 and score.difference.conclusive
    }
    assert shown == by_hand
    assert shown


def test_every_stage_stands_in_the_tree_once() -> None:
    plan = make_record().plan
    nodes = list(plan.nodes)
    nodes[-1] = replace(nodes[-1], parents=(*nodes[-1].parents, nodes[1].id))

    def names(branches: tuple[Branch, ...]) -> list[str]:
        return [name for own in branches for name in (own.node.id, *names(own.children))]

    tree = plan_tree(replace(plan, nodes=tuple(nodes)))
    assert sorted(names(tree)) == sorted(node.id for node in nodes)
    assert len(tree) == 1


def test_gain_says_the_side() -> None:
    loss = Difference(-0.021, -0.03, -0.01, 0.005, 0.003, 0.004, 9.0, 0.001, 0.002, True, None)
    assert wording.gain(loss, "base") == "2.1 points below base (95\u00a0% interval −3.0 to −1.0)"


def test_verdict_names_the_best_only_where_it_is_shown() -> None:
    comparison = make_record().comparison
    for best in comparison.best_by_task:
        sentence = wording.verdict(comparison, best)
        assert sentence.startswith("No sequence is shown to be the best") == (best.sequence is None)
        assert "interval" in sentence


@pytest.mark.parametrize("seeds", [(1, 2), (1,)])
def test_terminal_table_fits_100_columns(seeds: tuple[int, ...]) -> None:
    record = make_record(seeds=seeds)
    out = io.StringIO()
    Console(file=out, width=100).print(comparison_table(record))
    text = out.getvalue()
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "…" not in text
    for score in (*record.comparison.task_scores, *record.comparison.overall_scores):
        assert wording.percent(score.score) in text
        if score.difference:
            assert wording.interval(score.difference) in text
    assert ("★" in text) == (len(seeds) > 1)
    start = wording.verdict(record.comparison, record.comparison.best_overall)[:40]
    assert start in text
