"""``precision: auto``: measured, not assumed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from waystage import api
from waystage.encoders.registry import EncoderShape
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
