"""Tasks and corpora of other installed packages: real distributions in a folder on the path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from waystage import api
from waystage.console.catalogue import catalogue
from waystage.data.corpora import installed_corpora
from waystage.data.plugins import BUILT_IN
from waystage.errors import StudyError
from waystage.tasks.registry import TASKS, installed_tasks

MODULE = """
from dataclasses import replace
from waystage.tasks.registry import TASKS
from waystage.data.corpora import RAW_TEXT

ONE = replace(TASKS["vader-sentiment"], name="one")
TEXT = replace(RAW_TEXT, name="text")

def several():
    return [replace(ONE, name=name) for name in ("two", "three")]

def odd():
    return ["two"]

BAD = replace(ONE, name="bad", metric_name="mean-guess", languages=("en", "en"))
"""


def install(folder: Path, points: str, name: str = "some-tasks", module: str = "some_tasks") -> None:
    """What an installer writes: a module, and the metadata of its distribution."""
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    (folder / f"{module}.py").write_text(MODULE, encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path / "site")
    for module in ("some_tasks", "other_tasks"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return tmp_path / "site"


def test_a_task_and_one_of_several_and_a_corpus_are_found_by_name(site: Path) -> None:
    points = "[waystage.tasks]\none = some_tasks:ONE\nthree = some_tasks:several\n"
    install(site, points + "[waystage.corpora]\ntext = some_tasks:TEXT\n")
    tasks = installed_tasks()
    assert list(tasks) == [*TASKS, "one", "three"]
    assert len(tasks) == len(TASKS) + 2
    assert [tasks["one"].name, tasks["three"].name, tasks["xnli"].name] == ["one", "three", "xnli"]
    assert [tasks.origin("one"), tasks.origin("xnli")] == ["some-tasks 1.2", BUILT_IN]
    assert installed_corpora()["text"].name == "text"


def test_a_study_names_it_and_nothing_else_is_imported(site: Path, tmp_path: Path) -> None:
    install(site, "[waystage.tasks]\none = some_tasks:ONE\n")
    install(site, "[waystage.tasks]\nbroken = other_tasks:MISSING\n", "others", "other_tasks")
    text = """
name: plugged
encoder: e5-small-embedded
seeds: [1]
stages: {first: {kind: intermediate, task: NAME}}
sequences: {base: [], first: [first]}
targets: [{task: home-intents}]
"""
    assert api.parse_study(text.replace("NAME", "vader-sentiment")).name == "plugged"
    assert "some_tasks" not in sys.modules
    study = api.parse_study(text.replace("NAME", "one"))
    assert study.sequences["first"][0].task.name == "one"  # type: ignore[union-attr]
    assert "other_tasks" not in sys.modules
    with pytest.raises(StudyError, match=r"unknown task 'onne'.*did you mean 'one'"):
        api.parse_study(text.replace("NAME", "onne"))
    with pytest.raises(StudyError, match=r"others 1\.2: waystage\.tasks: broken: AttributeError"):
        api.parse_study(text.replace("NAME", "broken"))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ("one = no_such_module:ONE", r"ModuleNotFoundError: No module named 'no_such_module'"),
        ("one = some_tasks:odd", "it gives a str; expected a Task, or a function that gives one or several"),
        ("one = some_tasks:several", "it gives two, three; expected one that is named one"),
        ("bad = some_tasks:BAD", "'mean-guess' is none of accuracy, macro-f1; one of its languages stands twice"),
        ("xnli = some_tasks:ONE", r"the name stands for two things \(built in, some-tasks 1\.2\)"),
    ],
)
def test_what_is_broken_is_named_with_its_distribution(site: Path, points: str, message: str) -> None:
    install(site, f"[waystage.tasks]\n{points}\n")
    with pytest.raises(StudyError, match=rf"some-tasks 1\.2: waystage\.tasks: .*{message}") as caught:
        installed_tasks()[points.split()[0]]
    assert caught.value.exit_status == 2


def test_two_packages_cannot_bring_one_name(site: Path) -> None:
    install(site, "[waystage.tasks]\none = some_tasks:ONE\n")
    install(site, "[waystage.tasks]\none = other_tasks:ONE\n", "others", "other_tasks")
    with pytest.raises(StudyError, match=r"two things \(others 1\.2, some-tasks 1\.2\)"):
        installed_tasks()["one"]


def test_the_list_says_where_a_task_comes_from(site: Path) -> None:
    install(site, "[waystage.tasks]\none = some_tasks:ONE\n")
    columns = {column.header: list(column.cells) for column in catalogue("tasks").columns}
    origins = dict(zip(columns["task"], columns["from"], strict=True))
    assert (origins["one"], origins["xnli"]) == ("some-tasks 1.2", "built in")
