"""``precision: auto``: measured, not assumed."""

from __future__ import annotations

from pathlib import Path

import pytest

from waystage import api
from waystage.encoders.registry import EncoderShape
from waystage.execution import calibration
from waystage.execution.calibration import faster_precision
from waystage.execution.precision import with_precision
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
