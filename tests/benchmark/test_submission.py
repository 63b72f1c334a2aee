"""Scores of whole submissions: means, what is missing, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean

import pytest

from waystage import api
from waystage.benchmark.benchmarks import BENCHMARKS, XTREME, XTREME_R, Benchmark
from waystage.benchmark.submission import score_submission
from waystage.cli import main
from waystage.errors import DataError

from .submissions import right_answers, write_submission


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return write_submission(tmp_path, XTREME_R)


@pytest.mark.parametrize("benchmark", BENCHMARKS.values(), ids=BENCHMARKS)
def test_the_overall_score_is_the_mean_over_tasks(tmp_path: Path, benchmark: Benchmark) -> None:
    result = score_submission(*write_submission(tmp_path, benchmark), benchmark).to_json()
    assert set(result) == {"scores", "tasks", "categories", "overall", "missing"}
    assert result["missing"] == []
    for task in benchmark.tasks:
        languages = result["scores"][task.name]
        assert tuple(languages) == task.languages
        names = {"exact_match", "f1"} if task.category == "qa" else {"f1", "accuracy", "map@20"}
        values = [value for found in languages.values() for name, value in found.items() if name in names]
        assert result["tasks"][task.name] == pytest.approx(fmean(values))
    for name, tasks in benchmark.categories.items():
        assert result["categories"][name] == pytest.approx(fmean(result["tasks"][task.name] for task in tasks))
    assert result["overall"] == pytest.approx(fmean(result["tasks"].values()))
    assert result["overall"] != pytest.approx(fmean(result["categories"].values()), abs=1e-9)


def test_the_gold_itself_scores_100(folders: tuple[Path, Path]) -> None:
    for task in XTREME_R.tasks:
        for language in task.languages:
            name = f"{task.name}/{task.file_name(language)}"
            gold = (folders[1] / name).read_text(encoding="utf-8")
            text = right_answers(gold) if task.category == "qa" else gold
            (folders[0] / name).write_text(text, encoding="utf-8")
    result = score_submission(*folders, XTREME_R).to_json()
    assert result["overall"] == pytest.approx(100)
    assert list(result["tasks"].values()) == [pytest.approx(100)] * 10


def test_no_mean_is_made_of_less_than_all(folders: tuple[Path, Path]) -> None:
    (folders[0] / "xnli" / "test-sw.tsv").unlink()
    (folders[1] / "xquad" / "test-el.json").unlink()
    scores = score_submission(*folders, XTREME_R)
    result = scores.to_json()
    assert result["missing"] == [
        {"task": "xnli", "language": "sw", "reason": "no prediction file xnli/test-sw.tsv"},
        {"task": "xquad", "language": "el", "reason": "no gold file xquad/test-el.json"},
    ]
    assert result["overall"] is None
    assert result["reason"] == "2 of 203 languages of 10 tasks have no score (xnli, xquad)"
    assert [name for name, score in result["tasks"].items() if score is None] == ["xnli", "xquad"]
    assert [name for name, score in result["categories"].items() if score is None] == ["classification", "qa"]
    assert len(result["scores"]["xnli"]) == 14


def test_strict_refuses_what_is_missing(folders: tuple[Path, Path]) -> None:
    path = folders[0] / "mewslix" / "test-ar.json"
    rankings = json.loads(path.read_text(encoding="utf-8"))
    rankings.pop("m1")
    path.write_text(json.dumps(rankings), encoding="utf-8")
    assert score_submission(*folders, XTREME_R).overall is not None
    (folders[0] / "xnli" / "test-sw.tsv").unlink()
    with pytest.raises(DataError) as caught:
        score_submission(*folders, XTREME_R, is_strict=True)
    assert len(caught.value.problems) == 2
    assert "xnli/sw: no prediction file" in str(caught.value)
    assert "mewslix/ar: 1 of 4 queries have no ranking" in str(caught.value)


def test_every_malformed_file_is_named_and_nothing_is_scored(folders: tuple[Path, Path]) -> None:
    (folders[0] / "xnli" / "test-sw.tsv").write_text("maybe\n", encoding="utf-8")
    (folders[0] / "lareqa" / "test-th.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        score_submission(*folders, XTREME_R)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["test-sw.tsv", "test-th.json"]


def test_a_score_of_nothing_is_no_score(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="no folder of a task of xtreme-r"):
        score_submission(empty, folders[1], XTREME_R)
    (empty / "xnli").mkdir()
    with pytest.raises(DataError, match=r"no prediction file xnli/test-ar\.tsv"):
        score_submission(empty, folders[1], XTREME_R)


def test_f1_of_no_span_is_missing_not_0(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        (folder / "panx" / "test-yo.tsv").write_text("O\nO\n", encoding="utf-8")
    (gap,) = score_submission(*folders, XTREME_R).missing
    assert (gap.task, gap.language) == ("panx", "yo")
    assert "undefined" in gap.reason


def test_precision_of_no_prediction_is_0_as_in_seqeval(folders: tuple[Path, Path]) -> None:
    (folders[1] / "panx" / "test-yo.tsv").write_text("B-PER\n", encoding="utf-8")
    (folders[0] / "panx" / "test-yo.tsv").write_text("O\n", encoding="utf-8")
    scores = score_submission(*folders, XTREME_R)
    assert scores.scores["panx"]["yo"] == {"f1": 0.0, "precision": 0.0, "recall": 0.0}


def test_what_is_not_of_the_benchmark_is_noted(folders: tuple[Path, Path]) -> None:
    (folders[0] / "xnli" / "test-iw.tsv").write_text("neutral\n", encoding="utf-8")
    (folders[0] / "pawsx").mkdir()
    (folders[0] / ".git").mkdir()
    notes = score_submission(*folders, XTREME_R).notes
    assert notes == ("pawsx is not of xtreme-r and was not read", "xnli: test-iw.tsv not of xtreme-r and not read")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["waystage", "score", *arguments])
    try:
        main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def test_command(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ("--predictions", str(folders[0]), "--gold", str(folders[1]), "--benchmark", "xtreme-r")
    assert run(monkeypatch, *common, "--json", str(tmp_path / "scores.json")) == 0
    written = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert written == api.score_submission(*folders, "xtreme-r").to_json()
    assert f"overall, the mean of 10 tasks: {written['overall']:.2f}" in capsys.readouterr().out

    (folders[0] / "xnli" / "test-sw.tsv").unlink()
    assert run(monkeypatch, *common) == 0
    out = capsys.readouterr().out
    assert "no overall score" in out
    assert "missing: xnli, no prediction file: sw" in out
    assert run(monkeypatch, *common, "--strict") == 3

    (folders[0] / "xnli" / "test-th.tsv").write_text("neutral\n", encoding="utf-8")
    assert run(monkeypatch, *common, "--json", str(tmp_path / "none.json")) == 3
    assert "test-th.tsv:1: 1 lines; expected 4" in capsys.readouterr().err.replace("\n", "")
    assert not (tmp_path / "none.json").exists()


def test_xtreme_leaves_out_the_languages_of_xtreme_r(folders: tuple[Path, Path]) -> None:
    scores = score_submission(*folders, XTREME)
    assert "ro" not in scores.scores["xquad"]
    assert {gap.task for gap in scores.missing} == {"pawsx", "bucc2018"}
