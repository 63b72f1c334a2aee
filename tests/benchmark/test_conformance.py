"""Every value that the official evaluation computes, and the mock submission that comes with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from waystage.benchmark.benchmarks import BENCHMARKS, XTREME, XTREME_R
from waystage.benchmark.submission import score_submission

pytestmark = pytest.mark.shared_data

TOLERANCE_PERCENT = 1e-6


def test_every_value_is_that_of_the_official_evaluation(shared_data_dir: Path) -> None:
    folder = shared_data_dir / "conformance"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    found: dict[str, dict[str, dict[str, float]]] = {}
    for benchmark in BENCHMARKS.values():
        scores = score_submission(folder / "predictions", folder / "labels", benchmark)
        for task, languages in scores.to_json()["scores"].items():
            found.setdefault(task, {}).update(languages)
        assert scores.overall is None
        assert scores.reason
    assert {(task, language) for task in found for language in found[task]} == {
        (task, language) for task in expected for language in expected[task]
    }
    for task, languages in expected.items():
        for language, measures in languages.items():
            assert found[task][language] == pytest.approx(measures, abs=TOLERANCE_PERCENT), (task, language)


def test_queries_without_a_ranking_are_reported(shared_data_dir: Path) -> None:
    folder = shared_data_dir / "conformance"
    scores = score_submission(folder / "predictions", folder / "labels", XTREME_R)
    assert "mewslix/en: 10 of 300 queries have no ranking and count as 0" in scores.notes


def test_the_mock_submission_is_complete_for_xtreme(shared_data_dir: Path) -> None:
    folder = shared_data_dir / "xtreme_mock" / "mock_test_data"
    scores = score_submission(folder / "predictions", folder / "labels", XTREME)
    assert scores.missing == ()
    assert scores.overall == pytest.approx(sum(value or 0 for value in scores.tasks.values()) / 9)
    assert scores.tasks["tatoeba"] == pytest.approx(193 / 360)


def test_the_mock_submission_lacks_what_came_with_xtreme_r(shared_data_dir: Path) -> None:
    folder = shared_data_dir / "xtreme_mock" / "mock_test_data"
    scores = score_submission(folder / "predictions", folder / "labels", XTREME_R)
    assert scores.overall is None
    assert {gap.task for gap in scores.missing} == {"xcopa", "udpos", "panx", "xquad", "tatoeba", "lareqa"}
    assert scores.tasks["mewslix"] is not None
