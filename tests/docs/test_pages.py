"""The pages for readers agree with the program: links, study files, keys, packages, exit statuses."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from tests.docs.checkout import CHECKOUT, OWN_TASK_DIR, blocks, documents
from waystage.comparison.errors import ComparisonError
from waystage.errors import Interrupted, WaystageError
from waystage.study.export import study_json_schema
from waystage.study.load import parse_study

_LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")
_PACKAGE = re.compile(r"^[A-Za-z0-9._-]+")
STUDY_PAGES = [CHECKOUT / "README.md", CHECKOUT / "docs" / "own-task.md", CHECKOUT / "docs" / "study-file.md"]


def page_name(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


@pytest.mark.parametrize("page", documents(), ids=page_name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    targets = [unquote(link.partition("#")[0]) for link in _LINK.findall(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if target and "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def yaml_blocks() -> Iterator[Any]:
    for page in STUDY_PAGES:
        for line, text in blocks(page, "yaml"):
            yield pytest.param(text, id=f"{page_name(page)}:{line}")


@pytest.mark.parametrize("text", list(yaml_blocks()))
def test_yaml_blocks_are_valid_studies_or_parts_of_one(text: str) -> None:
    part = yaml.safe_load(text)
    study = completed(part)
    parsed = parse_study(yaml.safe_dump(study, sort_keys=False), "page.md", study_dir=OWN_TASK_DIR)
    assert {target.task.name for target in parsed.targets} >= {target["task"] for target in part.get("targets", [])}


def completed(part: dict[str, Any]) -> dict[str, Any]:
    """A study that has ``part`` in it, and of the example's study what ``part`` lacks and needs."""
    if {"name", "encoder", "sequences", "targets"} <= part.keys():
        return part
    example = yaml.safe_load((OWN_TASK_DIR / "study.yaml").read_text(encoding="utf-8"))
    own_corpora = part.get("corpora", {})
    stages = part.get("stages", {})
    tasks = part.get("tasks", {})
    targets = part.get("targets") or [{"task": name} for name in tasks] or example["targets"]
    return {
        "name": "page",
        "encoder": part.get("encoder", example["encoder"]) if _is_here(part.get("encoder")) else example["encoder"],
        "seeds": [1],
        "stages": stages,
        "sequences": {"base": [], **({"all": list(stages)} if stages else {})},
        "targets": targets,
        "tasks": example["tasks"] | tasks,
        "corpora": example["corpora"] | own_corpora,
    }


def _is_here(encoder: dict[str, Any] | None) -> bool:
    """Whether an encoder can be named without being there: a folder cannot."""
    return encoder is None or not encoder["name"].startswith(".")


def test_page_of_the_study_file_names_every_key() -> None:
    page = (CHECKOUT / "docs" / "study-file.md").read_text(encoding="utf-8")
    missing = [key for key in schema_keys(study_json_schema()) if f"`{key}`" not in page]
    assert sorted(set(missing)) == []


def schema_keys(value: Any) -> Iterator[str]:
    """Every key that a study file can have, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("properties", "$defs") and isinstance(inner, dict):
                if name == "properties":
                    yield from inner
                for definition in inner.values():
                    yield from schema_keys(definition)
            elif name != "oneOf" or not isinstance(inner, list) or not all("required" in choice for choice in inner):
                yield from schema_keys(inner)
    elif isinstance(value, list):
        for item in value:
            yield from schema_keys(item)


def test_page_of_the_study_file_names_every_kind_and_choice() -> None:
    page = (CHECKOUT / "docs" / "study-file.md").read_text(encoding="utf-8")
    choices = set(schema_choices(study_json_schema()))
    assert "conllu" in choices
    assert [choice for choice in sorted(choices) if f"`{choice}`" not in page and f"kind: {choice}`" not in page] == []


def schema_choices(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (item for item in value.get("enum", []) if isinstance(item, str))
        if isinstance(value.get("const"), str):
            yield value["const"]
        for inner in value.values():
            yield from schema_choices(inner)
    elif isinstance(value, list):
        for item in value:
            yield from schema_choices(item)


def test_page_of_dependencies_has_a_row_for_each_package_and_no_other() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        requirements += extra
    named = {match.group() for requirement in requirements if (match := _PACKAGE.match(requirement))}
    page = (CHECKOUT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|", page, flags=re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == named


def test_constraints_pin_every_direct_dependency() -> None:
    lines = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.lower().replace("_", "-").split("==") for line in lines if not line.startswith("#"))
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [*project["dependencies"], *(r for e in project["optional-dependencies"].values() for r in e)]
    names = {match.group().lower() for requirement in requirements if (match := _PACKAGE.match(requirement))}
    assert names - pins.keys() == set()
    assert not [pin for pin in pins.values() if "+" in pin]


def test_page_of_exit_statuses_lists_those_of_the_errors() -> None:
    page = (CHECKOUT / "docs" / "exit-statuses.md").read_text(encoding="utf-8")
    listed = {int(status) for status in re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE)}
    errors = [WaystageError, *WaystageError.__subclasses__(), ComparisonError, Interrupted]
    assert listed == {0} | {error.exit_status for error in errors}


def test_versions_agree() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert f"## [{project['version']}]" in changelog


def test_source_layout_in_the_readme_is_that_of_the_package() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    layout = readme.partition("src/waystage/\n")[2].partition("```")[0]
    named = {line.split()[0].rstrip("/") for line in layout.splitlines() if line.strip()}
    package = CHECKOUT / "src" / "waystage"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    assert named == folders | {"api.py", "cli.py"}
