"""Trackers get the curves of trainings and the scores, from a run with any executor; each writes files of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from waystage import api
from waystage.errors import StudyError
from waystage.execution.trackers.tracker import TRACKERS, TrackedRun, open_trackers
from waystage.store.store import Store


def tracked(tmp_path: Path, name: str) -> Path:
    """The folder of a tracker that was told three points and a fact."""
    folder = tmp_path / name
    tracker = TRACKERS[name](TrackedRun(folder, "demo", {"study": "demo", "encoder": "tiny"}))
    for step, value in ((1, 2.5), (2, 1.5), (9, 0.5)):
        tracker.point("mood-seed-1/loss", step, value)
    tracker.close()
    return folder


def events(folder: Path) -> dict[tuple[str, int], float]:
    """Scalars in the event files of a folder, by name and step."""
    from tensorboardX.proto.event_pb2 import Event

    found: dict[tuple[str, int], float] = {}
    for path in folder.glob("events.*"):
        content = path.read_bytes()
        at = 0
        while at < len(content):  # length (8 bytes), its checksum (4), the event, its checksum (4)
            length = int.from_bytes(content[at : at + 8], "little")
            event = Event.FromString(content[at + 12 : at + 12 + length])
            found |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
            at += 16 + length
    return found


def test_tensorboard_writes_scalars(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="the extra 'tensorboard' is not installed")
    found = events(tracked(tmp_path, "tensorboard"))
    assert {step: value for (tag, step), value in found.items() if tag == "mood-seed-1/loss"} == {
        1: 2.5,
        2: 1.5,
        9: 0.5,
    }


def test_mlflow_writes_metrics_and_parameters_to_files(tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")
    folder = tracked(tmp_path, "mlflow")
    client = mlflow.MlflowClient(tracking_uri=folder.as_uri())
    experiment = client.get_experiment_by_name("waystage")
    (run,) = client.search_runs([experiment.experiment_id])
    history = client.get_metric_history(run.info.run_id, "mood-seed-1/loss")
    assert [(point.step, point.value) for point in history] == [(1, 2.5), (2, 1.5), (9, 0.5)]
    assert run.data.params["encoder"] == "tiny"
    assert run.info.status == "FINISHED"


def test_weights_and_biases_writes_an_offline_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="the extra 'wandb' is not installed")
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tracked(tmp_path, "wandb")
    (run_file,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    assert b"mood-seed-1/loss" in run_file.read_bytes()


def test_a_run_writes_curves_and_scores(short_study_path: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="the extra 'tensorboard' is not installed")
    study = api.load_checked_study(short_study_path)
    run = api.run_study(study, Store(tmp_path / "store"), n_threads=1, tracker_names=["tensorboard"])
    found = events(run.output_dir / "tracking" / "tensorboard")
    names = {name for name, _ in found}
    assert {"mlm-seed-1/loss", "base-topics-seed-1/loss"} <= names
    scores: Any = run.scores()
    first = scores[(scores.sequence == "base") & (scores.task == "topics") & (scores.language == "de")].iloc[0]
    assert found["scores/base/topics/de/accuracy", 1] == pytest.approx(first.score)


def test_an_unknown_tracker_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no tracker 'excel'"):
        open_trackers(["excel"], tmp_path, "demo", {})
