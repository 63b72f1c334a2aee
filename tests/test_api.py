"""The Python interface on a tiny study."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from waystage import api
from waystage.store.store import Store


@pytest.fixture
def finished(short_study_path: Path, tmp_path: Path) -> api.Run:
    study = api.load_checked_study(short_study_path)
    return api.run_study(study, Store(tmp_path / "store"), n_threads=1, command="waystage run")


def test_scores_are_a_frame_with_a_row_for_each_cell_language_and_metric(finished: api.Run) -> None:
    frame = finished.scores()
    assert list(frame.columns) == ["sequence", "task", "language", "seed", "metric", "score", "n_examples", "protocol"]
    # Two sequences; topics in three languages by two metrics, pairs in two by one.
    assert len(frame) == 2 * (3 * 2 + 2)
    assert not frame.duplicated(["sequence", "task", "language", "seed", "metric"]).any()
    assert frame["score"].between(0, 1).all()
    assert (frame["n_examples"] == 24).all()
    assert frame["seed"].dtype == pd.Int64Dtype()
    untouched = frame[(frame["task"] == "pairs") & (frame["sequence"] == "base")]
    assert untouched["seed"].isna().all()
    assert set(frame.drop(untouched.index)["seed"]) == {1}


def test_files_of_a_run(finished: api.Run, tmp_path: Path) -> None:
    assert finished.output_dir == tmp_path / "out"
    assert finished.report_path.is_file()
    assert "<html" in finished.report_path.read_text(encoding="utf-8")
    record = json.loads((finished.output_dir / "record.json").read_text(encoding="utf-8"))
    assert record["study_name"] == "tiny"
    scores = pd.read_csv(finished.output_dir / "scores.csv")
    assert scores["score"].tolist() == finished.scores()["score"].tolist()
    store = Store(tmp_path / "store")
    assert all(store.has(artefact_id) for artefact_id in scores["predictions"])
    assert not [path.name for path in finished.output_dir.iterdir() if path.name.startswith(".")]


def test_scores_follow_from_the_predictions(finished: api.Run, tmp_path: Path) -> None:
    """Accuracy counted by hand from what is on disk."""
    store = Store(tmp_path / "store")
    cell = finished.plan.cells[0]
    data = finished.plan.node(cell.score_id).spec["data"]["de"]
    gold = [json.loads(line) for line in store.open(data).path("examples.jsonl").read_text().splitlines()]
    predictions = store.open(cell.prediction_id).path("test-de.jsonl").read_text().splitlines()
    predicted = {entry["id"]: entry["prediction"] for entry in map(json.loads, predictions)}
    hits = sum(predicted[example["id"]] == example["label"] for example in gold)
    frame = finished.scores()
    row = frame[
        (frame["sequence"] == cell.sequence)
        & (frame["task"] == "topics")
        & (frame["language"] == "de")
        & (frame["metric"] == "accuracy")
    ]
    assert row["score"].tolist() == [hits / len(gold)]


def test_planning_trains_nothing(short_study_path: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    plan = api.plan_study(api.load_study(short_study_path), store)
    assert {info.kind for info in store.artefacts()} == {"data"}
    assert not any(store.has(node.id) for node in plan.nodes)
    assert not (tmp_path / "out").exists()


def test_the_store_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAYSTAGE_STORE", raising=False)
    assert api.default_store_dir() == tmp_path / ".waystage"
    monkeypatch.setenv("WAYSTAGE_STORE", "elsewhere")
    assert api.default_store_dir() == tmp_path / "elsewhere"
