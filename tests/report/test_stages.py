"""What stages took, matched budgets and the oracle in the report."""

from __future__ import annotations

import json
from dataclasses import replace

from waystage.report.record import OracleScore, RunRecord
from waystage.report.render import render_report
from waystage.report.sections.oracle import oracle_rows
from waystage.report.sections.stages import match_sentences, stage_rows
from waystage.report.stage_costs import MatchedBudget, StageCost

from .records import make_record

COST = StageCost(
    id="0" * 64, label="text (seed 1)", name="text", is_target=False, seed=1, n_steps=10, n_examples=320,
    n_tokens=40_000, estimated_tokens=39_500.0, flops=5e12, estimated_flops=4.9e12, seconds=30.0, joules=5400.0,
    batch_size=32, micro_batch_size=None, wanted_micro_batch_size=None,
)  # fmt: skip
TARGET = replace(COST, id="1" * 64, name="intents", is_target=True, joules=None)
CLOSE = MatchedBudget("text", "sentiment", "flops", 5e12, 5.1e12, 5e12)
FAR = MatchedBudget("more", "sentiment", "seconds", 60.0, 70.0, 60.0)
UNKNOWN = MatchedBudget("lost", "sentiment", "tokens", 100.0, None, 100.0)
ORACLE = tuple(
    OracleScore("base", "intents", seed, "de", "accuracy", 40, chosen, 60, best, 100)
    for seed, chosen, best in ((1, 0.50, 0.60), (2, 0.60, 0.7468))
)


def record_with(**changes: object) -> RunRecord:
    return replace(make_record(), **changes)


def test_a_match_says_by_how_much_it_is_off() -> None:
    assert (CLOSE.is_close, FAR.is_close, UNKNOWN.is_close) == (True, False, None)
    close, far, unknown = match_sentences((CLOSE, FAR, UNKNOWN))
    assert close == "text was to take as many operations as sentiment: it took 5.1 TFLOP against 5.0 TFLOP, 2.0% more."
    assert "16.7% more: they differ by more than 5% and are not matched" in far
    assert unknown.endswith("what both took is not known.")
    html = render_report(record_with(matched_budgets=(CLOSE, FAR)))
    assert close in html
    assert far in html


def test_what_is_not_known_of_one_training_is_not_known_of_the_stage() -> None:
    (row, target) = stage_rows((TARGET, COST, replace(COST, seconds=50.0)))
    assert (row.name, row.n_trainings, row.seconds, row.joules, row.memory) == ("text", 2, 40.0, 5400.0, None)
    assert (target.name, target.is_target, target.joules) == ("intents", True, None)
    (row,) = stage_rows((COST, replace(COST, n_tokens=None)))
    assert row.n_tokens is None
    html = render_report(record_with(stage_costs=(COST, TARGET)))
    assert "1.50 Wh" in html
    assert "not known" in html


def test_a_micro_batch_that_was_halved_is_said() -> None:
    (row,) = stage_rows((COST, replace(COST, micro_batch_size=8)))
    assert row.memory == "memory did not suffice: micro-batches of 8 in 1 training"
    assert row.memory in render_report(record_with(stage_costs=(replace(COST, micro_batch_size=8),)))


def test_the_oracle_stands_beside_what_was_taken_and_changes_nothing_else() -> None:
    (row,) = oracle_rows(ORACLE)
    assert (row.chosen, round(row.oracle, 4), row.n_seeds) == (0.55, 0.6734, 2)
    with_oracle, without = render_report(record_with(oracle=ORACLE)), render_report(make_record())
    assert "Oracle (not zero-shot)" in with_oracle
    assert "Oracle" not in without
    assert "67.3" in with_oracle
    # Taking its table out leaves the report as it is without one.
    start = with_oracle.index('<div class="scroll" role="region" aria-labelledby="oracle-caption"')
    end = with_oracle.index("</table></div>", start) + len("</table></div>")
    assert "".join((with_oracle[:start] + with_oracle[end:]).split()) == "".join(without.split())


def test_the_oracle_is_shown_where_the_guide_is_not() -> None:
    record = record_with(oracle=ORACLE)
    alone = replace(record, selection=(), comparison=replace(record.comparison, language_scores=tuple(
        score for score in record.comparison.language_scores if not score.is_source
    )))  # fmt: skip
    assert "Oracle (not zero-shot)" in render_report(alone)


def test_the_record_keeps_it() -> None:
    record = record_with(stage_costs=(COST, TARGET), matched_budgets=(CLOSE, UNKNOWN), oracle=ORACLE)
    assert RunRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
