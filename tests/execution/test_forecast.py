"""The first guess of how long a study takes, before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from waystage import api
from waystage.execution.forecast import guess_seconds

STUDY = """
name: guess
encoder: {{name: e5-small-embedded, n_layers: {layers}}}
seeds: {seeds}
stages: {{s: {{kind: intermediate, task: vader-sentiment, budget: {{epochs: 1}}}}}}
sequences: {{base: [], after: [s]}}
targets: [{{task: home-intents, budget: {{epochs: {epochs}}}, limits: {{train: 500}}}}]
"""


def guess(layers: int = 6, seeds: str = "[1]", epochs: int = 1) -> float:
    return guess_seconds(api.parse_study(STUDY.format(layers=layers, seeds=seeds, epochs=epochs)))


@pytest.mark.parametrize("more", [{"layers": 12}, {"seeds": "[1, 2]"}, {"epochs": 2}])
def test_more_work_takes_longer(more: dict) -> None:
    assert guess(**more) > guess()


def test_the_demo_takes_minutes() -> None:
    demo = Path(__file__).resolve().parents[2] / "studies" / "demo.yaml"
    assert 120 < guess_seconds(api.load_study(demo)) < 900
