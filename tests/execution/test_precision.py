"""``precision: auto``: measured, not assumed."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch
import yaml

from waystage import api
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.registry import EncoderShape
from waystage.errors import StageError
from waystage.execution import calibration
from waystage.execution.calibration import faster_precision
from waystage.execution.precision import with_precision
from waystage.plan.nodes import PredictJob
from waystage.store.store import Store
from waystage.study.study import Precision

SHAPE = EncoderShape(2, 32, 64, 100)


@pytest.mark.parametrize(
    ("gain", "expected"),
    [(0.2, Precision.FLOAT32), (1.0, Precision.FLOAT32), (1.05, Precision.FLOAT32), (1.8, Precision.BFLOAT16)],
)
def test_bfloat16_is_taken_where_it_gains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gain: float, expected: Precision
) -> None:
    monkeypatch.setattr(calibration, "bfloat16_gain", lambda *_: gain)
    assert faster_precision(Store(tmp_path), SHAPE, 1) == (expected, gain)


def test_what_was_measured_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second plan of a study has the same numbers, whatever the machine is doing then."""
    measured = iter([3.0, 0.5])
    monkeypatch.setattr(calibration, "bfloat16_gain", lambda *_: next(measured))
    assert [faster_precision(Store(tmp_path), SHAPE, 1)[1] for _ in range(2)] == [3.0, 3.0]


def test_the_gain_of_this_machine_is_a_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "_SECONDS", 0.0)
    assert 0.001 < calibration.bfloat16_gain(SHAPE, 1) < 1000


STUDY = """
name: precise
encoder: e5-small-embedded
seeds: [1]
stages:
  mood: {kind: intermediate, task: vader-sentiment, training: {precision: auto}}
sequences: {base: [], mood: [mood]}
targets: [{task: home-intents, languages: [de], training: {precision: bfloat16}}]
"""


def test_auto_becomes_what_was_measured() -> None:
    study = api.parse_study(STUDY)
    asked: list[int] = []

    def measured() -> Precision:
        asked.append(1)
        return Precision.FLOAT32

    settled = with_precision(study, measured)
    assert settled.sequences["mood"][0].training.precision is Precision.FLOAT32
    assert settled.targets[0].training is not None
    assert settled.targets[0].training.precision is Precision.BFLOAT16
    assert asked == [1]
    assert with_precision(settled, measured) == settled
    assert asked == [1]


@pytest.mark.parametrize("precision", list(Precision)[:2])
def test_predictions_are_made_in_the_precision_of_the_training(
    short_study_path: Path, tmp_path: Path, precision: Precision
) -> None:
    """Vectors that no head was trained on are float32; float32 stands in no address, which are what they were."""
    content = yaml.safe_load(short_study_path.read_text(encoding="utf-8"))
    content["targets"][0].setdefault("training", {})["precision"] = precision.value
    short_study_path.write_text(yaml.safe_dump(content), encoding="utf-8")
    plan = api.plan_study(api.load_study(short_study_path), Store(tmp_path / "store"))
    found = {(node.job.retrieval is None, node.job.precision, node.spec.get("precision"))
             for node in plan.nodes if isinstance(node.job, PredictJob)}  # fmt: skip
    named = None if precision is Precision.FLOAT32 else precision.value
    assert found == {(True, precision, named), (False, Precision.FLOAT32, None)}


@pytest.mark.parametrize("target", [0, -1])
def test_predictions_are_made_where_training_is(
    short_study_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: int
) -> None:
    """No machine of the tests has a GPU: a device without memory stands for one, which what is predicted must reach."""
    content = yaml.safe_load(short_study_path.read_text(encoding="utf-8"))
    content["targets"], content["sequences"] = [content["targets"][target]], {"base": []}
    del content["stages"], content["corpora"]
    content["tasks"] = {name: task for name, task in content["tasks"].items() if name == content["targets"][0]["task"]}
    short_study_path.write_text(yaml.safe_dump(content), encoding="utf-8")
    study, store = api.load_study(short_study_path), Store(tmp_path / "store")
    devices: list[set[str]] = []
    forward = Encoder.forward

    def seen(self: Encoder, batch: TokenBatch, layer: int | None = None) -> torch.Tensor:
        if self.training:
            return forward(self, batch, layer)
        devices.append({part.device.type for part in (*self.parameters(), batch.input_ids)})
        raise StageError("nothing can be computed there")

    monkeypatch.setattr(Encoder, "forward", seen)
    importlib.import_module("waystage.training.stage")  # it goes on as it is
    for name in ("model", "trimming"):
        monkeypatch.setattr(f"waystage.encoders.{name}.computing_device", lambda: torch.device("meta"))
    with pytest.raises(StageError):
        api.run_study(study, store)
    assert devices
    assert all(found == {"meta"} for found in devices)
