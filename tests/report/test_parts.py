"""Records, colours, forest plots, the plan's tree, sentences and the terminal table."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from waystage.comparison.results import Difference
from waystage.errors import DataError
from waystage.report import colours, wording
from waystage.report.forest import forest
from waystage.report.plan_tree import Branch, plan_tree
from waystage.report.record import RunRecord
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
    comparison = make_record().comparison
    for task in comparison.tasks:
        plot = forest(task, [score for score in comparison.task_scores if score.task == task])
        zero = next(tick.place for tick in plot.ticks if tick.is_zero)
        assert [tick.label for tick in plot.ticks].count("0") == 1
        for row in plot.rows:
            assert 0 <= row.low < row.dot < row.high <= 100
            assert (row.low > zero) == (row.difference.low > 0)


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
