"""The example of docs/own-task.md runs from the study file to the report."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.docs.checkout import CHECKOUT, OWN_TASK_DIR, blocks
from waystage.cli import cli

SEQUENCES, SEEDS, LANGUAGES = {"base", "continued"}, {"1", "2"}, {"en", "de", "sw"}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory, tiny_encoder_dir: Path) -> Iterator[Path]:
    """The folder of a run of the example, with a small random encoder in place of the embedded one."""
    folder = tmp_path_factory.mktemp("own-task")
    shutil.copytree(OWN_TASK_DIR / "data", folder / "data")
    study = yaml.safe_load((OWN_TASK_DIR / "study.yaml").read_text(encoding="utf-8"))
    study["encoder"] = str(tiny_encoder_dir)
    (folder / "study.yaml").write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    with working_dir(folder):
        cli.main(["run", "study.yaml", "--store", "store", "--threads", "1"], standalone_mode=False)
        yield folder / "runs" / "own-task"


@contextmanager
def working_dir(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


def test_run_writes_every_file_that_the_walk_names(run_dir: Path) -> None:
    names = {"report.html", "record.json", "scores.csv", "study.yaml", "parts"}
    assert {path.name for path in run_dir.iterdir()} == names
    report = (run_dir / "report.html").read_text(encoding="utf-8")
    for task in ("tickets", "mentions", "replies"):
        assert task in report


def test_every_cell_of_the_example_has_a_score(run_dir: Path) -> None:
    with (run_dir / "scores.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(0.0 <= float(row["score"]) <= 1.0 for row in rows)
    tickets = {(r["sequence"], r["language"], r["seed"]) for r in rows if r["task"] == "tickets"}
    assert tickets == {(s, language, seed) for s in SEQUENCES for language in LANGUAGES for seed in SEEDS}
    replies = {(r["sequence"], r["language"]) for r in rows if r["task"] == "replies"}
    assert replies == {(s, language) for s in SEQUENCES for language in ("de", "sw")}
    assert {int(row["n_examples"]) for row in rows if row["task"] != "mentions"} == {12}


def test_record_says_how_the_tasks_were_learned(run_dir: Path) -> None:
    record = json.loads((run_dir / "record.json").read_text(encoding="utf-8"))
    metrics = {task["task"]: task["metric"] for task in record["protocol"]}
    assert metrics == {"tickets": "macro-f1", "mentions": "span-f1", "replies": "retrieval-accuracy"}


def test_python_of_the_readme_runs(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAYSTAGE_STORE", "store")
    (run_dir / "report.html").unlink()
    programs = [text for _, text in blocks(CHECKOUT / "README.md", "python")]
    assert len(programs) == 1
    exec(compile(programs[0], "README.md", "exec"), {})
    assert "tickets" in capsys.readouterr().out
    assert (run_dir / "report.html").is_file()
