"""Budgets that follow from something else: what they become, and that this is what is then trained."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.studies import tiny_study, write_study
from waystage import api
from waystage.errors import StudyError
from waystage.execution.local import run_plan
from waystage.execution.outcome import SilentWatcher
from waystage.plan import paces
from waystage.plan.plan import Plan
from waystage.store.store import Store
from waystage.study.study import CostUnit, Match

PlanOf = Callable[[dict[str, Any]], Plan]


@pytest.fixture
def content(tmp_path: Path, tiny_encoder_dir: Path) -> dict[str, Any]:
    content = tiny_study(tiny_encoder_dir, tmp_path / "out")
    for stage in content["stages"].values():
        stage["training"]["batch_size"] = 1  # so that nothing is rounded up to large steps
    return content


@pytest.fixture
def plan_of(tmp_path: Path) -> PlanOf:
    def plan_of(content: dict[str, Any]) -> Plan:
        path = write_study(tmp_path / "study", content)
        return api.plan_study(api.load_checked_study(path), Store(tmp_path / "store"))

    return plan_of


def with_budget(content: dict[str, Any], stage: str, budget: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(content)
    changed["stages"][stage]["budget"] = budget
    return changed


def ids(plan: Plan) -> list[str]:
    return [node.id for node in plan.nodes]


@pytest.mark.parametrize("unit", ["tokens", "examples", "flops"])
@pytest.mark.parametrize(
    ("stage", "other", "given"),
    [("mlm", "mood", {"epochs": 2}), ("mlm", "mood", {"steps": 30}), ("mood", "mlm", {"tokens": 400})],
)
def test_a_matched_stage_is_the_one_with_that_amount_by_hand_and_costs_what_the_other_does(
    plan_of: PlanOf, content: dict[str, Any], tmp_path: Path, stage: str, other: str, given: dict[str, Any], unit: str
) -> None:
    content["seeds"] = [1]
    content["targets"] = content["targets"][2:]
    content["sequences"] = {"base": [], "one": ["mlm"], "two": ["mood"]}
    content = with_budget(content, other, given)
    plan = plan_of(with_budget(content, stage, {"match": other, "unit": unit}))
    found = plan.budgets[stage]
    assert found.match == Match(other, CostUnit(unit))
    resolved = {key: value for key in ("tokens", "examples") if (value := getattr(found.training, key))}
    assert set(resolved) == {"examples" if unit == "examples" else "tokens"}
    assert ids(plan) == ids(plan_of(with_budget(content, stage, resolved)))

    store = Store(tmp_path / "store")
    run_plan(plan, store, SilentWatcher(), n_threads=1)
    abouts = {node.label.split()[0]: store.open(node.id).about for node in plan.nodes if node.kind == "train"}
    names = {"tokens": "n_text_tokens", "examples": "n_examples", "flops": "flops"}
    measured, wanted = (abouts[name][names[unit]] for name in (stage, other))
    assert measured == pytest.approx(wanted, rel=0.05)
    amounts = {"tokens": found.amount.n_tokens, "examples": found.amount.n_examples, "flops": found.amount.flops}
    assert measured == pytest.approx(amounts[unit], rel=0.05)


def test_matches_follow_each_other(plan_of: PlanOf, content: dict[str, Any]) -> None:
    content["stages"]["more"] = copy.deepcopy(content["stages"]["mlm"]) | {"alpha": 1.0}
    content["stages"]["more"]["budget"] = {"match": "mlm", "unit": "examples"}
    content["sequences"]["more"] = ["more"]
    plan = plan_of(with_budget(content, "mlm", {"match": "mood", "unit": "examples"}))
    assert {name: found.training.examples for name, found in plan.budgets.items()} == {"mlm": 4, "more": 4}


def test_operations_become_tokens_in_both_kinds_of_stages(plan_of: PlanOf, content: dict[str, Any]) -> None:
    plan = plan_of(with_budget(with_budget(content, "mlm", {"flops": 1e8}), "mood", {"flops": 1e8}))
    for found in plan.budgets.values():
        assert found.match is None
        assert found.amount.flops == pytest.approx(1e8, rel=0.01)
    # The output of masked language modelling costs as well, and more over the whole vocabulary.
    full = with_budget(content, "mlm", {"flops": 1e8})
    full["stages"]["mlm"]["softmax"] = "full"
    n_mood, n_mlm = (plan.budgets[name].training.tokens or 0 for name in ("mood", "mlm"))
    n_full = plan_of(full).budgets["mlm"].training.tokens or 0
    assert n_full < n_mlm < n_mood


def test_a_budget_does_not_depend_on_seeds_or_on_what_the_store_holds(
    plan_of: PlanOf, content: dict[str, Any], tmp_path: Path
) -> None:
    content = with_budget(content, "mlm", {"match": "mood", "unit": "flops"})
    first = plan_of(content)
    assert plan_of(content | {"seeds": [5, 6]}).budgets == first.budgets
    path = write_study(tmp_path / "elsewhere", content)
    assert ids(api.plan_study(api.load_checked_study(path), Store(tmp_path / "other store"))) == ids(first)


def test_a_study_made_in_python_cannot_go_round_in_circles(
    plan_of: PlanOf, content: dict[str, Any], tmp_path: Path
) -> None:
    plan = plan_of(with_budget(content, "mlm", {"match": "mood", "unit": "flops"}))
    mlm, mood = plan.study.sequences["continued+intermediate"]

    def matched(other: str) -> Any:
        turned = replace(mood, training=replace(mood.training, steps=None, match=Match(other, CostUnit.TOKENS)))
        return replace(plan.study, sequences={"base": (), "both": (mlm, turned)})

    for other, words in (("mlm", "matches itself"), ("mood", "matches itself"), ("moon", "did you mean 'mood'")):
        with pytest.raises(StudyError, match=words):
            api.plan_study(matched(other), Store(tmp_path / "store"))


def test_seconds_become_tokens_at_a_pace_that_is_measured_once(
    plan_of: PlanOf, content: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paces, "_SECONDS", 0.2)
    content = with_budget(with_budget(content, "mood", {"epochs": 2}), "mlm", {"match": "mood", "unit": "seconds"})
    plan = plan_of(content)
    found = plan.budgets["mlm"]
    assert found.seconds is not None
    assert 0 < found.seconds < 60
    monkeypatch.setattr(paces.Pacer, "_measure", lambda *arguments: pytest.fail("measured again"))
    assert ids(plan_of(content)) == ids(plan)
    by_hand = with_budget(content, "mlm", {"tokens": found.training.tokens})
    assert ids(plan_of(by_hand)) == ids(plan)


def test_twice_the_seconds_are_twice_the_tokens(
    plan_of: PlanOf, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paces.Pacer, "_measure", lambda *arguments: 1e-4)
    for stage in ("mood", "mlm"):
        budgets = [plan_of(with_budget(content, stage, {"seconds": n})).budgets[stage] for n in (1.5, 3)]
        assert [found.training.tokens for found in budgets] == [15_000, 30_000]
        assert [found.seconds for found in budgets] == [1.5, 3]
