"""The example of docs/add-a-task.md: a package that brings a task by entry point, as an installer leaves it."""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.docs.checkout import CHECKOUT
from waystage import api
from waystage.data.source import Place
from waystage.data.sources.files import FileSource
from waystage.store.store import Store
from waystage.tasks.registry import installed_tasks

EXAMPLE = CHECKOUT / "examples" / "python-task"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    shutil.copytree(EXAMPLE / "src" / "shop_tasks", site / "shop_tasks")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = site / f"shop_tasks-{project['version']}.dist-info"
    info.mkdir()
    name = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(name, encoding="utf-8")
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "shop_tasks", raising=False)
    return site


def test_the_study_of_the_example_runs(installed: Path, tmp_path: Path, tiny_encoder_dir: Path) -> None:
    study = yaml.safe_load((EXAMPLE / "study.yaml").read_text(encoding="utf-8"))
    study |= {"encoder": str(tiny_encoder_dir), "output": str(tmp_path / "out")}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(study), encoding="utf-8")
    run = api.run_study(api.load_checked_study(path), Store(tmp_path / "store"), n_threads=1)
    assert set(run.scores()["language"]) == {"en", "de", "sw"}
    assert ("Task shop-urgency", "shop-tasks 0.1.0") in {(f.name, f.value) for f in run.record.environment}


def test_the_counts_of_the_declaration_are_those_of_the_data(installed: Path, tmp_path: Path) -> None:
    task = installed_tasks()["shop-urgency"]
    place = Place(tmp_path, tmp_path)
    assert not isinstance(task.source, FileSource)
    counts = {(s, lang): len(task.source.read(s, lang, place)) for s, lang in task.expected_counts}
    assert counts == task.expected_counts
