"""What a run leaves behind says what was done."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.errors import StageError
from waystage.execution.energy import EnergyMeter
from waystage.record.costs import sequence_costs
from waystage.record.environment import environment_rows
from waystage.record.perplexities import head_notes, pseudo_perplexities
from waystage.record.protocol import task_protocols
from waystage.record.scores import all_metric_scores, cell_scores
from waystage.record.stage_costs import stage_costs
from waystage.report.record import RunRecord
from waystage.store.store import Store


@pytest.fixture(scope="module")
def finished(tiny_encoder_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    folder = tmp_path_factory.mktemp("run")
    path = write_study(folder / "study", short_study(tiny_encoder_dir, folder / "out"))
    return api.run_study(api.load_checked_study(path), Store(folder / "store"), n_threads=1, study_yaml="name: tiny")


def test_costs_are_those_of_the_stages(finished: api.Run) -> None:
    """A stage that several targets share counts once for a sequence."""
    costs = {cost.sequence: cost for cost in sequence_costs(finished.plan, finished.store)}
    trained = {node.id: node for node in finished.plan.nodes if node.kind == "train"}
    assert (costs["base"].n_stages, costs["continued+intermediate"].n_stages) == (1, 3)
    by_hand = sum(finished.store.open(node_id).about["n_text_tokens"] for node_id in trained)
    assert sum(cost.n_tokens or 0 for cost in costs.values()) == by_hand
    assert all((cost.seconds or 0) > 0 and (cost.flops or 0) > 0 for cost in costs.values())


def test_each_training_has_its_cost(finished: api.Run, tmp_path: Path) -> None:
    costs = finished.record.stage_costs
    assert [cost.id for cost in costs] == [node.id for node in finished.plan.nodes if node.kind == "train"]
    assert {(cost.name, cost.is_target) for cost in costs} == {("mlm", False), ("mood", False), ("topics", True)}
    for cost in costs:
        about = finished.store.open(cost.id).about
        assert (cost.n_tokens, cost.n_examples, cost.flops) == (
            about["n_text_tokens"], about["n_examples"], about["flops"],
        )  # fmt: skip
        assert (cost.joules is None) == (EnergyMeter().joules() is None)
    assert {
        (cost.n_tokens, cost.seconds, cost.joules) for cost in stage_costs(finished.plan, Store(tmp_path / "e"))
    } == {(None, None, None)}


def test_matched_stages_are_measured_against_each_other(tiny_encoder_dir: Path, tmp_path: Path) -> None:
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["stages"]["mlm"]["budget"] = {"match": "mood", "unit": "flops"}
    path = write_study(tmp_path / "study", content)
    run = api.run_study(api.load_checked_study(path), Store(tmp_path / "store"), n_threads=1)
    (match,) = run.record.matched_budgets
    flops = {cost.name: cost.flops for cost in run.record.stage_costs}
    assert (match.stage_amount, match.other_amount) == (flops["mlm"], flops["mood"])
    (steps,) = [own.steps for own in run.record.sequences if own.steps]
    assert "as many floating-point operations as mood, which are " in steps[0]
    words = "was to take as many operations as mood"
    assert words in (run.output_dir / "report.html").read_text(encoding="utf-8")


def test_what_was_not_measured_is_not_invented(finished: api.Run, tmp_path: Path) -> None:
    costs = sequence_costs(finished.plan, Store(tmp_path / "empty"))
    assert {(cost.seconds, cost.n_tokens, cost.flops) for cost in costs} == {(None, None, None)}


def test_cells_without_scores_are_named(finished: api.Run, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"4 of 4 cells have no score \(first: base: topics \(seed 1\): score"):
        cell_scores(finished.plan, Store(tmp_path / "empty"))


def test_every_cell_has_the_ids_of_its_examples(finished: api.Run) -> None:
    for scores in cell_scores(finished.plan, finished.store):
        assert len(scores.ids) == len(set(scores.ids)) == len(scores.statistics) == 24
    assert all(0 <= score <= 1 for _, score in all_metric_scores(finished.plan, finished.store))


def test_protocols_say_what_was_chosen(finished: api.Run) -> None:
    topics, pairs = task_protocols(finished.plan.study)
    facts = {fact.name: fact.value for fact in topics.training}
    assert facts["epochs"] == "2"
    assert facts["learning_rate"] == "0.003"
    assert facts["layers"] == "first 2 layers"
    assert topics.selection.startswith("last checkpoint")
    assert (pairs.training, pairs.pooling) == ((), "mean")
    assert "prefix 'query: '" in (pairs.layer or "")


def test_the_record_survives_its_own_form(finished: api.Run) -> None:
    assert RunRecord.from_json(finished.record.to_json(), "record.json") == finished.record


def test_the_environment_has_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "very-secret-value")
    rows = dict(environment_rows())
    assert {"Waystage", "Python", "Memory", "torch", "transformers"} <= set(rows)
    assert "very-secret-value" not in str(rows)
    assert os.environ["HOME"] not in str(rows) or os.environ["HOME"] == "/"


def test_held_out_text_is_recorded(finished: api.Run) -> None:
    """An encoder without a masked-LM head has nothing before, and the record says why."""
    found = pseudo_perplexities(finished.plan, finished.store)
    stage = next(node for node in finished.plan.nodes if node.spec.get("objective", {}).get("kind") == "masked-lm")
    languages = set(stage.spec["objective"]["data"])
    assert {(p.sequence, p.stage, p.seed) for p in found} == {("continued+intermediate", "mlm", 1)}
    assert {p.language for p in found} == languages
    assert all(p.before is None and p.after >= 1 and p.n_tokens > 0 for p in found)
    assert stage.spec["objective"]["held_out"] == 16
    (note,) = head_notes(finished.plan, finished.store)
    assert note.startswith("mlm started with a masked-LM head that is new: its pseudo-perplexity before is not known")
    record = json.loads((finished.output_dir / "record.json").read_text(encoding="utf-8"))
    assert len(record["pseudo_perplexities"]) == len(found)
    assert note in record["encoder"]["notes"]
    assert head_notes(finished.plan, Store(finished.store.root / "none")) == []


def test_the_origin_of_a_head_is_spelled_as_stages_spell_it() -> None:
    from waystage.encoders.known_head import HeadOrigin
    from waystage.record import perplexities

    assert str(HeadOrigin.ENCODER) == perplexities._OF_ENCODER
