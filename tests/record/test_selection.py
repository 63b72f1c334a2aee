"""Scores on validation data, from the study file to the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.errors import DataError, StudyError
from waystage.store.store import Store


@pytest.fixture
def content(tiny_encoder_dir: Path, tmp_path: Path) -> dict[str, Any]:
    """A study with one target, whose test data also serves as validation data."""
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["sequences"] = {"base": [], "intermediate": ["mood"]}
    del content["stages"]["mlm"], content["corpora"]
    content["targets"] = content["targets"][:1]
    del content["tasks"]["pairs"]
    content["tasks"]["topics"]["files"]["validation"] = "data/topics-test-{lang}.jsonl"
    return content


def finished(folder: Path, content: dict[str, Any]) -> api.Run:
    study = api.load_checked_study(write_study(folder, content))
    return api.run_study(study, Store(folder.parent / "store"), n_threads=1)


def accuracies(run: api.Run, language: str) -> dict[str, float]:
    """Of each sequence, on the test data of a language."""
    frame = run.scores()
    rows = frame[(frame["metric"] == "accuracy") & (frame["language"] == language)]
    return dict(zip(rows["sequence"], rows["score"], strict=True))


def train_ids(run: api.Run) -> dict[str, str]:
    return {node.label: node.id for node in run.plan.nodes if node.kind == "train"}


def test_the_last_checkpoint_has_a_score_that_no_training_depends_on(content: dict[str, Any], tmp_path: Path) -> None:
    run = finished(tmp_path / "study", content)
    scores = run.record.selection
    assert [(score.sequence, score.task, score.seed) for score in scores] == [
        ("base", "topics", 1),
        ("intermediate", "topics", 1),
    ]
    english = accuracies(run, "en")
    for score in scores:
        assert (score.rule, score.language, score.metric, score.n_evaluations) == ("last", "en", "accuracy", 1)
        assert score.chosen_step == 6
        assert score.score == pytest.approx(english[score.sequence])  # validation data is test data here
    del content["tasks"]["topics"]["files"]["validation"]
    without = finished(tmp_path / "without", content)
    assert without.record.selection == ()
    assert train_ids(without) == train_ids(run)
    (protocol,) = without.record.protocol
    assert "no file is given for the validation split" in protocol.selection


def test_the_best_checkpoint_is_tested_and_its_scores_are_recorded(content: dict[str, Any], tmp_path: Path) -> None:
    content["targets"][0]["selection"] = {"rule": "best", "every_steps": 2}
    content["stages"]["mood"]["selection"] = {"rule": "best", "times_per_epoch": 3}
    content["tasks"]["moods"]["files"]["validation"] = "data/moods-test-en.jsonl"
    run = finished(tmp_path / "study", content)
    english = accuracies(run, "en")
    for score in run.record.selection:
        assert (score.rule, score.language, score.n_evaluations) == ("best", "en", 3)
        assert score.score == pytest.approx(english[score.sequence])
    for node in run.plan.nodes:
        if node.kind == "train":
            chosen = run.store.open(node.id).read_json("selection.json")
            evaluations = chosen["evaluations"]
            best = max(made["score"] for made in evaluations)
            assert chosen["chosen_step"] == next(made["step"] for made in evaluations if made["score"] == best)
            assert {made["n_examples"] for made in evaluations} == {24}
    (protocol,) = run.record.protocol
    assert protocol.selection == "checkpoint with the best accuracy on validation data in en, of every 2 steps"
    assert not any("zero-shot" in departure for departure in protocol.departures)
    assert "checkpoint with the best accuracy" in run.record.sequences[1].steps[0]


def test_a_checkpoint_chosen_in_a_target_language_is_not_zero_shot(content: dict[str, Any], tmp_path: Path) -> None:
    content["targets"][0]["selection"] = {"rule": "best", "language": "de"}
    run = finished(tmp_path / "study", content)
    german = accuracies(run, "de")
    for score in run.record.selection:
        assert score.language == "de"
        assert score.score == pytest.approx(german[score.sequence])
    (protocol,) = run.record.protocol
    assert "NOT zero-shot" in protocol.selection
    assert "the checkpoint is chosen on validation data in de: not zero-shot" in protocol.departures


def test_the_rule_and_the_validation_data_are_part_of_a_training(content: dict[str, Any], tmp_path: Path) -> None:
    store, ids = Store(tmp_path / "store"), list[str]()
    choices: list[dict[str, Any]] = [
        {"rule": "last"},
        {"rule": "best"},
        {"rule": "best", "patience": 2},
        {"rule": "best", "language": "fr"},
    ]
    for choice in choices:
        content["targets"][0]["selection"] = choice
        plan = api.plan_study(api.load_study(write_study(tmp_path / "study", content)), store)
        ids += [node.id for node in plan.nodes if node.label.startswith("base → topics")]
    content["targets"][0] |= {"selection": {"rule": "best"}, "limits": {"validation": 5}}
    plan = api.plan_study(api.load_study(write_study(tmp_path / "study", content)), store)
    ids += [node.id for node in plan.nodes if node.label.startswith("base → topics")]
    assert len(ids) == len(set(ids)) == 5


def test_data_of_the_source_language_is_not_taken_for_that_of_another(content: dict[str, Any], tmp_path: Path) -> None:
    content["targets"][0]["selection"] = {"rule": "best", "language": "de"}
    content["tasks"]["topics"]["files"]["validation"] = "data/topics-test-en.jsonl"
    study = api.load_study(write_study(tmp_path / "study", content))
    with pytest.raises(DataError, match="no validation data in de: what it has is in en"):
        api.plan_study(study, Store(tmp_path / "store"))


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        ({"rule": "last", "patience": 3}, "'patience' where the last checkpoint is taken"),
        ({"rule": "best", "every_steps": 3, "times_per_epoch": 3}, "every_steps and times_per_epoch"),
        ({"rule": "best", "metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"rule": "best"}, "the task 'topics' declares no file for its validation split"),
        ({"rule": "bset"}, "did you mean 'best'"),
    ],
)
def test_mistakes(content: dict[str, Any], tmp_path: Path, selection: dict[str, Any], found: str) -> None:
    content["targets"][0]["selection"] = selection
    if selection == {"rule": "best"}:
        del content["tasks"]["topics"]["files"]["validation"]
    path = write_study(tmp_path / "study", content)
    with pytest.raises(StudyError, match=found):
        api.load_study(path)
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["targets"][0]["selection"] == selection
