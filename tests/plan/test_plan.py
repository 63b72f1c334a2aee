"""Addresses of nodes: what shares them and what changes them."""

from __future__ import annotations

import copy
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.studies import tiny_study, write_study
from waystage import api
from waystage.errors import DataError
from waystage.plan.plan import Plan
from waystage.store.store import Store

PlanOf = Callable[..., Plan]


@pytest.fixture
def content(tmp_path: Path, tiny_encoder_dir: Path) -> dict[str, Any]:
    return tiny_study(tiny_encoder_dir, tmp_path / "out")


@pytest.fixture
def plan_of(tmp_path: Path, content: dict[str, Any]) -> PlanOf:
    """The plan of a study file, written into a folder of its own."""

    def plan_of(changed: dict[str, Any] | None = None, folder: str = "study") -> Plan:
        path = write_study(tmp_path / folder, changed or content)
        return api.plan_study(api.load_checked_study(path), Store(tmp_path / "store"))

    return plan_of


def ids(plan: Plan, kind: str | None = None) -> set[str]:
    return {node.id for node in plan.nodes if kind in (None, node.kind)}


def test_shared_stages_are_one_node(plan_of: PlanOf) -> None:
    """3 sequences, 2 targets with a head, 2 seeds: stages by hand against one by one."""
    plan = plan_of()
    # Per seed: mood; mlm, and mood on it; and two targets after each of three sequences.
    assert plan.n_trainings == 2 * (1 + 2 + 3 * 2)
    # One by one, each of three targets (one without a head) repeats the stages before it.
    assert plan.n_naive_trainings == 2 * (2 + 2 * (1 + 1) + 2 * (2 + 1) + 1 + 2)
    assert len({node.id for node in plan.nodes}) == len(plan.nodes)
    assert Counter(node.kind for node in plan.nodes)["encoder"] == 1


def test_parents_come_first(plan_of: PlanOf) -> None:
    seen: set[str] = set()
    for node in plan_of().nodes:
        assert set(node.parents) <= seen
        seen.add(node.id)


def test_an_untouched_encoder_has_no_seed_in_retrieval(plan_of: PlanOf) -> None:
    cells = [cell for cell in plan_of().cells if cell.target.task.name == "pairs"]
    untouched = [cell for cell in cells if cell.sequence == "base"]
    assert [(cell.seed, cell.stage_ids) for cell in untouched] == [(None, ())]
    assert [cell.seed for cell in cells if cell.sequence == "intermediate"] == [1, 2]


def test_the_same_plan_twice(plan_of: PlanOf) -> None:
    assert [node.id for node in plan_of().nodes] == [node.id for node in plan_of().nodes]


def test_names_and_places_do_not_count(
    plan_of: PlanOf, content: dict[str, Any], tmp_path: Path, tiny_encoder_dir: Path
) -> None:
    renamed = copy.deepcopy(content)
    renamed["name"] = "other"
    renamed["output"] = str(tmp_path / "elsewhere")
    renamed["description"] = "the same under other names"
    renamed["encoder"]["name"] = str(shutil.copytree(tiny_encoder_dir, tmp_path / "moved-encoder"))
    renamed["sequences"] = {"zero": [], "one": ["feelings"], "two": ["words", "feelings"]}
    renamed["stages"] = {"feelings": content["stages"]["mood"], "words": content["stages"]["mlm"]}
    renamed["tasks"]["subjects"] = renamed["tasks"].pop("topics")
    renamed["targets"][0]["task"] = "subjects"
    assert ids(plan_of(renamed, "moved/study")) == ids(plan_of())


def test_the_order_of_sequences_targets_and_languages_does_not_count(plan_of: PlanOf, content: dict[str, Any]) -> None:
    turned = copy.deepcopy(content)
    turned["sequences"] = dict(reversed(content["sequences"].items()))
    turned["targets"] = list(reversed(content["targets"]))
    turned["seeds"] = [2, 1]
    turned["stages"]["mlm"]["languages"] = ["fr", "de", "en"]
    turned["targets"][-1]["languages"] = ["fr", "en", "de"]
    assert ids(plan_of(turned)) == ids(plan_of())


def below(plan: Plan, *labels: str) -> set[str]:
    """Ids of the trainings with these labels and of everything after them."""
    found = {node.id for node in plan.nodes if node.kind == "train" and node.label.split(" (")[0] in labels}
    for node in plan.nodes:
        if found & set(node.parents):
            found.add(node.id)
    return found


def test_a_learning_rate_changes_what_comes_after(plan_of: PlanOf, content: dict[str, Any]) -> None:
    before = plan_of()
    changed = copy.deepcopy(content)
    changed["stages"]["mlm"]["training"]["learning_rate"] = 1e-4
    assert ids(before) - ids(plan_of(changed)) == below(before, "mlm")
    changed = copy.deepcopy(content)
    changed["targets"][0]["training"]["learning_rate"] = 1e-4
    expected = below(before, *(f"{name} → topics" for name in content["sequences"]))
    assert ids(before) - ids(plan_of(changed)) == expected


@pytest.mark.parametrize("key", ["batch_size", "micro_batch_size", "max_tokens", "dropout", "clip_norm"])
def test_whatever_changes_results_counts(plan_of: PlanOf, content: dict[str, Any], key: str) -> None:
    before = plan_of()
    changed = copy.deepcopy(content)
    changed["stages"]["mood"]["training"][key] = {"dropout": 0.3, "clip_norm": 0.5}.get(key, 7)
    assert ids(before) - ids(plan_of(changed)) == below(before, "mood", "mlm → mood")


def test_a_seed_changes_its_own_nodes(plan_of: PlanOf, content: dict[str, Any]) -> None:
    before, changed = plan_of(), copy.deepcopy(content)
    changed["seeds"] = [1, 3]
    after = plan_of(changed)
    assert {node.label for node in after.nodes if node.id in ids(before)} == {
        node.label for node in before.nodes if "(seed 2)" not in node.label
    }


def test_data_changes_what_reads_it(plan_of: PlanOf, content: dict[str, Any], tmp_path: Path) -> None:
    before = plan_of()
    path = tmp_path / "study" / "study.yaml"

    def replan() -> Plan:
        return api.plan_study(api.load_checked_study(path), Store(tmp_path / "store"))

    text = tmp_path / "study" / "data" / "text-fr.txt"
    text.write_text(text.read_text(encoding="utf-8") + "encore une phrase\n", encoding="utf-8")
    assert ids(before) - ids(replan()) == below(before, "mlm")

    before = replan()
    test = tmp_path / "study" / "data" / "topics-test-fr.jsonl"
    test.write_text("".join(test.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    gone = [node for node in before.nodes if node.id not in ids(replan())]
    assert {node.kind for node in gone} == {"predict", "score"}
    assert all(": topics" in node.label for node in gone)


def test_a_tiny_file_that_is_rewritten_with_the_same_size_is_read_again(plan_of: PlanOf, tmp_path: Path) -> None:
    before = plan_of()
    path = tmp_path / "study" / "data" / "topics-train-en.jsonl"
    content = path.read_text(encoding="utf-8")
    path.write_text(content.replace("the cat sleeps", "the cat sleepz"), encoding="utf-8")
    after = api.plan_study(api.load_checked_study(tmp_path / "study" / "study.yaml"), Store(tmp_path / "store"))
    assert ids(before, "train") != ids(after, "train")


def test_everything_that_cannot_be_read_is_reported_at_once(plan_of: PlanOf, tmp_path: Path) -> None:
    plan_of()
    study = api.load_checked_study(tmp_path / "study" / "study.yaml")
    for name in ("topics-train-en.jsonl", "things-test-de.jsonl", "text-fr.txt"):
        (tmp_path / "study" / "data" / name).unlink()
    with pytest.raises(DataError) as error:
        api.plan_study(study, Store(tmp_path / "store"))
    assert len(error.value.problems) == 3


def test_estimates(plan_of: PlanOf) -> None:
    plan = plan_of()
    for node in plan.nodes:
        if node.kind == "train":
            assert node.work.training_flops > 0
            assert node.work.memory_bytes > 0
        if node.kind == "predict":
            assert node.work.prediction_flops > 0
    mlm = next(node for node in plan.nodes if node.label.startswith("mlm ("))
    assert mlm.work.n_tokens == 400
