"""The metadata of a record are an RO-Crate 1.2 with the Workflow Run profiles."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.record.conftest import SealedRun
from waystage.record.folder.reader import open_record
from waystage.record.form.names import CORRECTIONS, CRATE, INDEX
from waystage.store.canonical import digest_bytes


def _graph(folder: Path) -> dict[str, dict[str, Any]]:
    value = json.loads((folder / CRATE).read_bytes())
    assert value["@context"] == "https://w3id.org/ro/crate/1.2/context"
    return {entity["@id"]: entity for entity in value["@graph"]}


def _types(entity: dict[str, Any]) -> set[str]:
    own = entity["@type"]
    return {own} if isinstance(own, str) else set(own)


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {value["@id"]} if set(value) == {"@id"} else set().union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


def test_the_rules_that_must_be_kept(sealed: SealedRun) -> None:
    """Those of RO-Crate 1.2, Process Run, Workflow and Workflow Run Crate that concern what is in it."""
    graph = _graph(sealed.folder)
    assert len(graph) == len(json.loads((sealed.folder / CRATE).read_bytes())["@graph"])
    descriptor, root = graph[CRATE], graph["./"]
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.2"}
    assert descriptor["about"] == {"@id": "./"}
    assert {"name", "description", "datePublished", "license"} <= set(root)
    for profile in root["conformsTo"]:
        assert "Profile" in _types(graph[profile["@id"]])
    workflow, action = graph[root["mainEntity"]["@id"]], graph[root["mentions"]["@id"]]
    assert _types(workflow) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert "ComputerLanguage" in _types(graph[workflow["programmingLanguage"]["@id"]])
    assert _types(action) == {"CreateAction"}
    assert action["instrument"] == {"@id": workflow["@id"]}
    assert {"name", "endTime", "object", "result", "actionStatus"} <= set(action)


def test_everything_that_is_referred_to_is_described(sealed: SealedRun) -> None:
    graph = _graph(sealed.folder)
    outside = {"https://w3id.org/ro/crate/1.2", "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"}
    for entity in graph.values():
        referred = set().union(*(_references(value) for key, value in entity.items() if key != "@id"))
        assert referred - outside <= graph.keys(), entity["@id"]


def test_every_file_is_in_it_with_its_digest(sealed: SealedRun) -> None:
    """Those that later events change have theirs in the index alone."""
    graph, record = _graph(sealed.folder), open_record(sealed.folder)
    described = {name for name, entity in graph.items() if "File" in _types(entity)}
    assert described == {INDEX, *record.index.files} - {CRATE}
    digests = {name: graph[name]["sha256"] for name in described if "sha256" in graph[name]}
    assert digests == {name: digest_bytes((sealed.folder / name).read_bytes()) for name in digests}
    changing = {INDEX, CORRECTIONS, "claims.json", "verdicts.json", "report.html"}
    assert described - digests.keys() == changing


def test_the_validator_finds_nothing(sealed: SealedRun) -> None:
    """The validator of the community (``make crate`` installs it), at the severity of MUST."""
    python = os.environ.get("WAYSTAGE_CRATE_PYTHON")
    if not python:
        pytest.skip("WAYSTAGE_CRATE_PYTHON names no environment with the validator; `make crate` does")
    script = Path(__file__).parent / "crate" / "validate.py"
    done = subprocess.run([python, str(script), str(sealed.folder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 not kept") == 4
