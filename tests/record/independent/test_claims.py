from __future__ import annotations

from dataclasses import replace

import pytest

from tests.record.independent.studies import as_cells, method, random_cells
from waystage.claims.claim import DifferenceClaim, Direction, Figure, PublishedClaim
from waystage.comparison.compare import compare
from waystage.comparison.context import Options
from waystage.metrics.registry import make_metric
from waystage.record.independent.claims import Cells, Decision, decide
from waystage.record.independent.published import decide_published

TASKS = {"intents": "accuracy", "slots": "span-f1"}
CLAIM = DifferenceClaim("c", "better", ("base",), ("intents", "slots"), ("de", "sw", "fi"))


def _cells(rates: dict[str, float], seeds: tuple[int, ...] = (1, 2, 3)) -> Cells:
    cells = random_cells(TASKS, rates, seeds=seeds, n_examples=200)
    return Cells(as_cells(cells), method(cells))


def _decided(claim: DifferenceClaim, cells: Cells) -> Decision:
    return decide([claim], cells.measured)[0]


@pytest.mark.parametrize(
    ("direction", "rates", "status"),
    [
        ("higher", {"base": 0.4, "better": 0.7}, "VERIFIED"),
        ("higher", {"base": 0.7, "better": 0.4}, "FALSIFIED"),
        ("higher", {"base": 0.5, "better": 0.5}, "UNVERIFIED"),
        ("lower", {"base": 0.7, "better": 0.4}, "VERIFIED"),
        ("lower", {"base": 0.4, "better": 0.7}, "FALSIFIED"),
        ("equivalent", {"base": 0.5, "better": 0.5}, "VERIFIED"),
        ("equivalent", {"base": 0.2, "better": 0.9}, "FALSIFIED"),
    ],
)
def test_what_is_shown_decides(direction: Direction, rates: dict[str, float], status: str) -> None:
    effect = 0.2 if direction == "equivalent" else 0.0
    claim = replace(CLAIM, direction=direction, smallest_effect=effect)
    assert _decided(claim, _cells(rates)).status == status


def test_a_claim_holds_where_the_interval_of_the_comparison_lies_in_its_region() -> None:
    cells = random_cells(TASKS, {"base": 0.5, "better": 0.56}, n_examples=200)
    metrics = {task: make_metric(name) for task, name in TASKS.items()}
    options = Options(n_resamples=200, seed=7)
    recorded = compare(cells, metrics, "base", dict.fromkeys(TASKS, "en"), options=options)
    difference = recorded.mean_score("better", None).difference
    assert difference is not None
    own = Cells(as_cells(cells), method(cells))
    for effect, inside in ((difference.low - 1e-3, True), (difference.low + 1e-3, False)):
        decision = _decided(replace(CLAIM, smallest_effect=max(0.0, effect)), own)
        assert (decision.status == "VERIFIED") == (inside and effect >= 0)
        assert decision.tests[0].interval.low == pytest.approx(difference.low, abs=1e-7)


def test_a_claim_against_several_needs_all_of_them() -> None:
    cells = _cells({"base": 0.4, "other": 0.7, "better": 0.7})
    assert _decided(CLAIM, cells).status == "VERIFIED"
    assert _decided(replace(CLAIM, than=("base", "other")), cells).status == "UNVERIFIED"


def test_a_family_is_corrected_together() -> None:
    cells = _cells({"base": 0.5, "better": 0.6})
    alone = _decided(CLAIM, cells)
    assert alone.p is not None
    many = [replace(CLAIM, name=f"c{n}", tasks=("intents",)) for n in range(3)] + [CLAIM]
    last = decide(many, cells.measured)[-1]
    assert last.p == alone.p
    assert last.p_adjusted is not None
    assert last.p_adjusted >= alone.p
    assert last.n_in_family == 4
    apart = decide([*many[:3], replace(CLAIM, family="own")], cells.measured)[-1]
    assert apart.p_adjusted == alone.p


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sequence": "nothing"}, "no evidence of nothing"),
        ({"tasks": ("xnli",)}, "no evidence on xnli"),
        ({"languages": ("yo",)}, "in yo"),
        ({"metric": "token-accuracy"}, "by the metric"),
    ],
)
def test_what_cannot_be_tested_is_unverified_with_the_reason(changes: dict[str, object], reason: str) -> None:
    cells = _cells({"base": 0.4, "better": 0.7})
    decision = _decided(replace(CLAIM, **changes), cells)  # type: ignore[arg-type]
    assert decision.status == "UNVERIFIED"
    assert reason in decision.reason


def test_one_seed_shows_nothing() -> None:
    decision = _decided(CLAIM, _cells({"base": 0.1, "better": 0.9}, seeds=(1,)))
    assert decision.status == "UNVERIFIED"
    assert "one seed" in decision.reason


def _figure(value: str, version: str = "v3", row: str = "abstract") -> Figure:
    return Figure(value, "paper", version, None, row)


def test_a_figure_follows_where_rounding_leaves_it_open_and_no_further() -> None:
    cited = {"with_tasks": _figure("73.5", row="a"), "without": _figure("68.1", row="b")}
    claim = PublishedClaim("gain", _figure("5.4"), cited, "difference(with_tasks, without)")
    assert decide_published(claim).status == "VERIFIED"
    # 73.5 and 68.1 stand for 73.45 to 73.55 and 68.05 to 68.15, so the gain lies between 5.30 and 5.50.
    assert decide_published(replace(claim, figure=_figure("5.5"))).status == "VERIFIED"
    assert decide_published(replace(claim, figure=_figure("5.6"))).status == "FALSIFIED"
    assert decide_published(replace(claim, figure=_figure("5.51"))).status == "FALSIFIED"
    assert decide_published(replace(claim, calculation=None)).status == "UNVERIFIED"


def test_ranges_are_exact() -> None:
    cited = {"a": _figure("1.5"), "b": _figure("6.0")}
    decision = decide_published(PublishedClaim("share", _figure("25"), cited, "percent(a, b)"))
    assert decision.computed is not None
    assert (decision.computed.low, decision.computed.high) == (
        pytest.approx(100 * 1.45 / 6.05),
        pytest.approx(100 * 1.55 / 5.95),
    )
    zero = PublishedClaim("zero", _figure("1"), {"a": _figure("1"), "b": _figure("1")}, "share(a, b - b)")
    assert decide_published(zero).status == "UNVERIFIED"
