"""MultiCheckList from its table to error rates, with an encoder that knows nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.comparison.test_systems import systems_of
from tests.fixtures.checklist import write_templates
from waystage import api
from waystage.cli import main
from waystage.comparison.checklist import checklist_errors
from waystage.comparison.context import Options
from waystage.comparison.errors import ComparisonError
from waystage.comparison.systems import compare_systems
from waystage.record.scores import all_metric_scores
from waystage.store.store import Store

from .test_end_to_end import TRAINING, question_rows, write_rows

N_CASES = 12


def write_study(folder: Path, encoder_dir: Path) -> Path:
    write_templates(folder / "data")
    write_rows(folder, "qa-en.jsonl", question_rows("en", with_none=False))
    target = {"train_on": "questions", "languages": ["en", "de", "ru"], "limits": {"test": N_CASES}}
    names = ("multichecklist-comparison", "multichecklist-animal-vehicle-v2")
    files = {"train": "qa-en.jsonl", "test": "qa-en.jsonl"}
    content = {
        "name": "checklist",
        "encoder": str(encoder_dir),
        "seeds": [1, 2],
        "sequences": {"base": []},
        "targets": [{"task": name, **target, "budget": {"steps": 2}, "training": TRAINING} for name in names],
        "tasks": {"questions": {"kind": "extractive-qa", "files": files, "languages": ["en"]}},
        "output": str(folder / "out"),
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def test_a_study_of_behavioural_tests_runs(
    script_encoder_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = api.load_checked_study(write_study(tmp_path, script_encoder_dir), data_dir=tmp_path / "data")
    run = api.run_study(study, Store(tmp_path / "store"), n_threads=1)
    assert sum(node.kind == "train" for node in run.plan.nodes) == 2, "the tests share a stage a seed"

    metrics = {task.task: task.metric for task in run.record.protocol}
    errors = checklist_errors(run.record.comparison, metrics)
    assert errors.tests == ("comparison", "animal-vehicle-v2")
    assert len(errors.errors) == 2 * 3
    for own in errors.errors:
        assert own.n_cases == N_CASES
        assert own.error_rate == pytest.approx(sum(own.n_errors) / (2 * N_CASES))
    of_questions = {
        (scores.task, scores.language, scores.seed): (len(scores.ids), score)
        for scores, score in all_metric_scores(run.plan, Store(tmp_path / "store"))
        if scores.metric_name == "exact-match"
    }
    for own in errors.errors:
        seeds = [of_questions[f"multichecklist-{own.test}", own.language, seed] for seed in (1, 2)]
        n_in_case = {"comparison": 2, "animal-vehicle-v2": 1}[own.test]  # of the little table
        assert [n_questions for n_questions, _ in seeds] == [n_in_case * N_CASES] * 2
        assert own.error_rate >= 1 - sum(score for _, score in seeds) / 2 - 1e-9, "one wrong answer fails a case"
    means = errors.language_means("base")
    rates = errors.rates("base")
    assert means["de"] == pytest.approx((rates["de"]["comparison"] + rates["de"]["animal-vehicle-v2"]) / 2)
    with pytest.raises(ComparisonError, match="not scored by case-accuracy"):
        checklist_errors(run.record.comparison, dict.fromkeys(metrics, "exact-match"))

    monkeypatch.setattr("sys.argv", ["waystage", "checklist", str(tmp_path / "out"), "--json"])
    capsys.readouterr()
    main()
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(errors.to_json()))
    monkeypatch.setattr("sys.argv", ["waystage", "checklist", str(tmp_path / "out")])
    main()
    assert "German (de)" in capsys.readouterr().out


def test_a_run_without_them_is_refused() -> None:
    comparison = compare_systems(systems_of({"a": [0.5], "b": [0.6]}), options=Options(n_resamples=10)).comparison
    with pytest.raises(ComparisonError, match="no target 'multichecklist-"):
        checklist_errors(comparison, {"xnli": "accuracy"})
