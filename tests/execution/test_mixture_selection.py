"""Which checkpoint of a mixture is taken, and by whose validation data."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from tests.fixtures.studies import tiny_study, write_study
from waystage import api
from waystage.errors import StudyError
from waystage.plan.nodes import Node
from waystage.store.artefact import Artefact
from waystage.store.store import Store
from waystage.training.checkpoint import WEIGHTS_NAME

TRAINING = {"learning_rate": 3e-2, "batch_size": 8, "max_tokens": 24}
SELECTION = {"rule": "best", "every_steps": 3}
STAGE: dict[str, Any] = {
    "kind": "intermediate",
    "tasks": ["moods", "things", "topics"],
    "mixed_in": {"corpus": "text", "rate": 0.25},
    "budget": {"steps": 12},
    "training": TRAINING,
}


@pytest.fixture
def content(tiny_encoder_dir: Path, tmp_path: Path) -> dict[str, Any]:
    """Two of the three tasks have validation data, in English and German."""
    made = tiny_study(tiny_encoder_dir, tmp_path / "out")
    made |= {"seeds": [1], "stages": {"many": copy.deepcopy(STAGE)}, "sequences": {"base": [], "mixed": ["many"]}}
    made["targets"] = made["targets"][2:]
    for name in ("things", "topics"):
        made["tasks"][name]["files"]["validation"] = f"data/{name}-test-{{lang}}.jsonl"
    return made


def with_selection(content: dict[str, Any], selection: dict[str, Any], **keys: Any) -> dict[str, Any]:
    changed = copy.deepcopy(content)
    changed["stages"]["many"] |= {"selection": selection, **keys}
    return changed


def trained(content: dict[str, Any], folder: Path) -> tuple[Node, Artefact, api.Run]:
    study = api.load_checked_study(write_study(folder / "study", content))
    run = api.run_study(study, Store(folder / "store"), n_threads=1, study_yaml="name: tiny")
    (node,) = [node for node in run.plan.nodes if node.kind == "train"]
    return node, run.store.open(node.id), run


def test_the_mean_over_the_tasks_with_validation_data_decides(content: dict[str, Any], tmp_path: Path) -> None:
    _, made, run = trained(with_selection(content, SELECTION), tmp_path)
    chosen = made.read_json("selection.json")
    members = [(own["member"], own["kind"], own["language"], own["metric"]) for own in chosen["members"]]
    assert members == [(1, "tagging", "en", "span-f1"), (2, "sentence-classification", "en", "accuracy")]
    evaluations = chosen["evaluations"]
    assert [own["step"] for own in evaluations] == [3, 6, 9, 12]
    assert [own["score"] for own in evaluations] == pytest.approx([fmean(own["scores"]) for own in evaluations])
    best = max(own["score"] for own in evaluations)
    assert chosen["chosen_step"] == next(own["step"] for own in evaluations if own["score"] == best)
    steps = run.record.sequences[1].steps
    assert "checkpoint by the mean of things (checkpoint with the best span-f1 on validation data in en" in steps[0]


def test_a_named_task_decides_alone_and_in_its_language(content: dict[str, Any], tmp_path: Path) -> None:
    selection = {**SELECTION, "task": "topics", "language": "de", "metric": "accuracy"}
    _, made, run = trained(with_selection(content, selection), tmp_path)
    chosen = made.read_json("selection.json")
    assert [(own["member"], own["language"]) for own in chosen["members"]] == [(2, "de")]
    assert all([own["score"]] == own["scores"] for own in chosen["evaluations"])
    steps = run.record.sequences[1].steps
    assert "checkpoint by the score of topics" in steps[0]
    assert "NOT zero-shot: de was looked at" in steps[0]


def test_scoring_changes_nothing_but_which_checkpoint_is_taken(content: dict[str, Any], tmp_path: Path) -> None:
    _, chosen, _ = trained(with_selection(content, {"rule": "best", "every_steps": 12}), tmp_path / "chosen")
    _, last, _ = trained(content, tmp_path / "last")
    assert [own["step"] for own in chosen.read_json("selection.json")["evaluations"]] == [12]
    assert chosen.path(WEIGHTS_NAME).read_bytes() == last.path(WEIGHTS_NAME).read_bytes()


def test_one_task_beside_text_is_a_mixture_too(content: dict[str, Any], tmp_path: Path) -> None:
    changed = with_selection(content, {"rule": "best", "patience": 1, "every_steps": 1}, budget={"steps": 40})
    del changed["stages"]["many"]["tasks"]
    changed["stages"]["many"]["task"] = "topics"
    _, made, _ = trained(changed, tmp_path)
    chosen = made.read_json("selection.json")
    steps = [own["step"] for own in chosen["evaluations"]]
    assert steps == list(range(1, chosen["chosen_step"] + 2)) or steps[-1] == 40
    assert made.read_json("training.json")["n_steps"] == steps[-1]


def test_the_choice_is_part_of_the_address_and_scoring_of_the_cost(content: dict[str, Any], tmp_path: Path) -> None:
    def node_of(changed: dict[str, Any]) -> Node:
        study = api.load_checked_study(write_study(tmp_path / "study", changed))
        plan = api.plan_study(study, Store(tmp_path / "store"))
        return next(node for node in plan.nodes if node.kind == "train")

    plain = node_of(content)
    by_last = node_of(with_selection(content, {"rule": "last"}))
    by_mean = node_of(with_selection(content, SELECTION))
    by_one = node_of(with_selection(content, {**SELECTION, "task": "things"}))
    assert plain.id == by_last.id
    assert len({plain.id, by_mean.id, by_one.id}) == 3
    assert 0 == plain.work.prediction_flops < by_one.work.prediction_flops < by_mean.work.prediction_flops
    assert replace(by_mean.work, prediction_flops=0) == plain.work


@pytest.mark.parametrize(
    ("selection", "field", "found"),
    [
        ({"rule": "best", "task": "topic"}, "task", "'topic', which the stage does not learn"),
        ({"rule": "best", "task": "moods"}, "rule", "no validation data that a checkpoint could be chosen by"),
        ({"rule": "best", "language": "xx"}, "rule", "no validation data in 'xx'"),
        ({"rule": "best", "metric": "accuracy"}, "metric", "a metric where several tasks decide"),
        ({"rule": "best", "task": "things", "metric": "accuracy"}, "metric", "'accuracy', which is not scored"),
        ({"rule": "last", "task": "things"}, "task", "'task' where the last checkpoint is taken"),
        ({"rule": "best", "oracle": True}, "oracle", "an oracle for a stage"),
    ],
)
def test_mistakes_are_named(
    content: dict[str, Any], tmp_path: Path, selection: dict[str, Any], field: str, found: str
) -> None:
    path = write_study(tmp_path / "study", with_selection(content, selection))
    with pytest.raises(StudyError) as caught:
        api.load_checked_study(path)
    assert [problem.field for problem in caught.value.problems] == [f"stages.many.selection.{field}"]
    assert found in str(caught.value)
