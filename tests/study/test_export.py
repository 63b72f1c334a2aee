"""The exported schema, the plain form of a study and the file to start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml

from waystage.data.readers.formats import FORMATS
from waystage.study.export import starter_study, study_json_schema, study_to_dict
from waystage.study.forms.base import FileFormat
from waystage.study.load import parse_study
from waystage.study.positions import read_document
from waystage.study.registries import Registries

from .conftest import GOOD


def accepts(text: str) -> bool:
    validator = jsonschema.Draft202012Validator(study_json_schema())
    return bool(validator.is_valid(read_document(text, "study.yaml").value))


def test_the_schema_is_a_schema_and_accepts_good_studies() -> None:
    jsonschema.Draft202012Validator.check_schema(study_json_schema())
    assert accepts(GOOD)
    assert accepts(starter_study())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: demo", "nam: demo"),
        ("kind: continued", "kind: other"),
        ("{tokens: 30000}", "{tokens: 30000, steps: 3}"),
        ("{tokens: 30000}", "{}"),
        ("seeds: [1, 2]", "seeds: [x]"),
        ("labels: [a, b]", "label: [a, b]"),
        ("layer: 3", "layers: 3"),
        ("    labels: [a, b]", "    labels: [a, b]\n    hub: {dataset: x/y, files: {}}"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(old: str, new: str) -> None:
    assert not accepts(GOOD.replace(old, new, 1))


def test_every_key_is_described() -> None:
    schema = study_json_schema()
    parts = [schema, *schema["$defs"].values()]
    bare = [name for part in parts for name, key in part["properties"].items() if not key.get("description")]
    assert bare == []


def test_the_formats_of_the_schema_are_those_of_the_readers() -> None:
    assert set(get_args(FileFormat)) == set(FORMATS)


def test_the_starter_study_is_valid_with_what_waystage_brings() -> None:
    study = parse_study(starter_study())
    assert list(study.sequences) == ["base", "intermediate", "continued", "continued+intermediate"]


def test_the_starter_study_is_valid_when_its_own_tasks_are_uncommented() -> None:
    lines = starter_study().splitlines()
    start = next(n for n, line in enumerate(lines) if line == "# tasks:")
    kept = [line[2:] if n >= start and line.startswith(("# ", "#  ")) else line for n, line in enumerate(lines)]
    text = "\n".join(line for line in kept if not line.startswith(("Text of your", "Where results")))
    assert {"tasks", "corpora"} <= set(yaml.safe_load(text))
    parse_study(text)


def test_the_plain_form_is_json_and_holds_what_decides_the_result(registries: Registries, tmp_path: Path) -> None:
    text = GOOD.replace("task: intents\n    languages: [de, no]", "task: tickets")
    plain = study_to_dict(parse_study(text, study_dir=tmp_path, registries=registries))
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["sequences"]["continued+intermediate"] == ["mlm", "sentiment"]
    assert plain["stages"]["mlm"]["languages"] == ["de", "no"]
    assert plain["tasks"]["tickets"]["source"]["type"] == "FileSource"
    assert plain["tasks"]["tickets"]["source"]["format"] == {"type": "JsonLines"}
    assert plain["tasks"]["sentences"]["expected_counts"] == {"test/de": 5}
    assert str(tmp_path) not in json.dumps(plain)


def test_the_plain_form_does_not_depend_on_the_folder(registries: Registries, tmp_path: Path) -> None:
    first = parse_study(GOOD, study_dir=tmp_path, registries=registries)
    second = parse_study(GOOD + "output: elsewhere\n", data_dir=tmp_path, registries=registries)
    assert study_to_dict(first) == study_to_dict(second)
