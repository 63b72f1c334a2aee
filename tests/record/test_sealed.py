"""What is in a sealed record, and that the provenance gate finds whatever does not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fixtures.studies import _ACTIONS, _THINGS
from tests.record.conftest import SealedRun
from tests.record.forging import forge, write_and_seal
from waystage.claims.claim import DifferenceClaim
from waystage.errors import DataError, StoreError, StudyError
from waystage.record.folder.reader import open_record
from waystage.record.folder.writer import write_zip
from waystage.record.form import names
from waystage.record.form.evidence import MetricStatistics, Sparse
from waystage.record.form.names import cell_name, examples_name, form_of
from waystage.record.form.schemas import schema_name, schemas
from waystage.record.gates.provenance import provenance_gate
from waystage.record.seal import seal_run
from waystage.store.store import Store

_TOPICS = cell_name("topics", "base", 1)


def test_the_gate_verifies_what_was_built(sealed: SealedRun, tmp_path: Path) -> None:
    """Folder and .zip alike."""
    record = open_record(sealed.folder)
    verdict = provenance_gate(record)
    assert (verdict.status, verdict.claim, verdict.state) == ("VERIFIED", None, record.digest)
    assert {finding.status for finding in verdict.findings} == {"VERIFIED"}
    write_zip(record, tmp_path / "record.zip")
    assert provenance_gate(open_record(tmp_path / "record.zip")).status == "VERIFIED"


def test_there_is_no_text_of_a_data_set(sealed: SealedRun) -> None:
    """Neither sentences nor parts of them, in no file, packed or not."""
    record = open_record(sealed.folder)
    things = {text for code in ("de", "fr") for text in (*_THINGS[code], *_ACTIONS[code]) if " " in text}
    texts = things | {f"{thing} {action}" for thing in _THINGS["en"] for action in _ACTIONS["en"]}
    for name in record.index.files:
        content = record.unpacked(name).decode()
        assert [text for text in texts if text in content] == [], name


def test_names_of_users_and_folders_are_in_the_users_own_files_alone(sealed: SealedRun) -> None:
    """The study names a folder, since its author did; nothing adds one."""
    record = open_record(sealed.folder)
    for name in record.index.files.keys() - {names.STUDY_YAML, names.STUDY, names.RUN, names.REPORT, names.CRATE}:
        content = record.unpacked(name).decode()
        assert str(sealed.run_dir.parent) not in content, name


def test_every_file_has_the_form_of_its_schema(sealed: SealedRun) -> None:
    record = open_record(sealed.folder)
    known = schemas()
    evidence = {names.EXAMPLES_DIR: "evidence-examples", names.CELLS_DIR: "evidence-cell"}
    checked = []
    for name in [names.INDEX, *record.index.files]:
        if form_of(name) is None:
            continue
        own = next((schema for folder, schema in evidence.items() if name.startswith(folder)), name)
        value = json.loads(record.source.read(name)) if name == names.INDEX else record.json(name)
        jsonschema.Draft202012Validator(known[schema_name(own)]).validate(value)
        checked.append(name)
    assert len(checked) > 15
    assert {name: record.json(name) for name in known} == known


def test_licences_decide_what_is_there(sealed: SealedRun) -> None:
    record = open_record(sealed.folder)
    topics, pairs = record.examples("topics"), record.examples("pairs")
    assert topics.evidence == "answers and gold"
    assert pairs.evidence == "answers"
    assert all(own.gold is not None for own in topics.languages.values())
    assert all(own.gold is None for own in pairs.languages.values())
    base = record.cell("pairs", "base", None)
    assert all(own.answers is not None and own.digests is None for own in base.languages.values())


def test_who_vouches_for_annotations_may_pass_them_on(sealed: SealedRun, tmp_path: Path) -> None:
    record = seal_run(sealed.run_dir, sealed.store, tmp_path / "record", gold_of=["pairs"])
    pairs = record.examples("pairs").languages["de"]
    assert pairs.gold == pairs.ids
    with pytest.raises(StudyError, match=r"no task 'pair'; expected one of topics, pairs; did you mean 'pairs'\?"):
        seal_run(sealed.run_dir, sealed.store, tmp_path / "other", gold_of=["pair"])


def test_claims_of_the_study_are_in_it(sealed: SealedRun) -> None:
    both, printed = open_record(sealed.folder).claims()
    assert isinstance(both.claim, DifferenceClaim)
    assert (both.claim.languages, both.declared, both.added_at) == (("de", "fr"), "in the study", None)
    assert printed.claim.name == "printed"


def test_building_again_gives_the_same_record(sealed: SealedRun, tmp_path: Path) -> None:
    """Byte for byte, but for when it was built."""
    again = seal_run(sealed.run_dir, sealed.store, tmp_path / "record")
    assert again.index.files == open_record(sealed.folder).index.files


def test_zips_of_one_record_are_the_same(sealed: SealedRun, tmp_path: Path) -> None:
    record = open_record(sealed.folder)
    for name in ("a.zip", "b.zip"):
        write_zip(record, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with pytest.raises(StudyError, match="there is something already"):
        write_zip(record, tmp_path / "a.zip")


def test_nothing_is_written_over(sealed: SealedRun) -> None:
    with pytest.raises(StudyError, match="there is something already"):
        seal_run(sealed.run_dir, sealed.store, sealed.folder)


def test_a_run_without_its_store_has_no_record(sealed: SealedRun, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        seal_run(sealed.run_dir, Store(tmp_path / "empty"), tmp_path / "record")
    with pytest.raises(DataError):
        seal_run(tmp_path, sealed.store, tmp_path / "record")
    assert not (tmp_path / "record").exists()


def test_statistics_survive_their_form() -> None:
    columns = ((1.0, 0.0, 2.0, 0.5), Sparse((), ()), (0.0, 0.0, 0.0, 1.0))
    statistics = MetricStatistics(("a", "b", "c"), columns)
    assert MetricStatistics.of(("a", "b", "c"), statistics.matrix(4)) == statistics


@pytest.mark.parametrize("column", [Sparse((4,), (1.0,)), Sparse((-1,), (1.0,)), Sparse((1, 0), (1.0, 1.0)), (1.0,)])
def test_statistics_of_other_examples_are_refused(column: Any) -> None:
    with pytest.raises(ValueError, match="4 examples"):
        MetricStatistics(("a",), (column,)).matrix(4)


def _first_language(value: dict[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = next(iter(value["languages"].values()))
    return own


def _swap_answers(value: dict[str, Any]) -> None:
    answers = _first_language(value)["answers"]
    answers[0], answers[-1] = answers[-1], answers[0]


def _improve(value: dict[str, Any]) -> None:
    statistics = _first_language(value)["statistics"]["accuracy"]
    statistics["values"] = [[1.0] * 24 for _ in statistics["columns"]]


def _other_checkpoint(value: dict[str, Any]) -> None:
    first, second = (own for own in value["scores"] if own["task"] == "topics")
    first["checkpoint_id"], second["checkpoint_id"] = second["checkpoint_id"], first["checkpoint_id"]


def _other_digest(value: dict[str, Any]) -> None:
    predicted = next(one for one in value["artefacts"] if one["kind"] == "predict")
    next(iter(predicted["files"].values()))["sha256"] = "0" * 64


def _other_rate(value: dict[str, Any]) -> None:
    next(node for node in value["nodes"] if node["kind"] == "train")["spec"]["seed"] = 7


def _no_score(value: dict[str, Any]) -> None:
    del value["scores"][3]


def _unplanned_score(value: dict[str, Any]) -> None:
    value["scores"].append({**value["scores"][0], "sequence": "better"})


def _other_claim(value: dict[str, Any]) -> None:
    value["claims"][0]["claim"]["smallest_effect"] = 0.5


def _claim_of_nothing(value: dict[str, Any]) -> None:
    claim = {**value["claims"][0]["claim"], "name": "new", "than": ["nobody"], "languages": ["xx"], "metric": "bleu"}
    value["claims"].append({"claim": claim, "declared": "after the record", "added_at": "2026-01-01T00:00:00+00:00"})


def _result_in_claim(value: dict[str, Any]) -> None:
    value["claims"][0]["claim"]["verdict"] = "VERIFIED"


_FORGERIES: list[tuple[str, Callable[[Any], Any], str, str]] = [
    (_TOPICS, _swap_answers, "evidence", "the answers are not those that were stored"),
    (_TOPICS, _improve, "evidence", "the statistics are not those that were stored"),
    (names.LINEAGE, _other_checkpoint, "lineage", "its predictions were not made by its checkpoint"),
    (names.LINEAGE, _other_digest, "products", "the digest of its table of files does not fit"),
    (names.PLAN, _other_rate, "addresses", "is not the digest of its spec"),
    (names.SCORES, _no_score, "scores", "no score"),
    (names.SCORES, _unplanned_score, "lineage", "a score without lineage"),
    (names.CLAIMS, _other_claim, "claims", "claims of the study are not those in study.json"),
    (names.CLAIMS, _claim_of_nothing, "claims", "no sequence 'nobody'"),
    (names.CLAIMS, _result_in_claim, "forms", "Unexpected keyword argument"),
]


@pytest.mark.parametrize(("name", "change", "check", "found"), _FORGERIES)
def test_what_was_forged_with_a_fitting_index_is_found(
    sealed: SealedRun, tmp_path: Path, name: str, change: Callable[[Any], Any], check: str, found: str
) -> None:
    """Whoever knows the format can write digests that fit; the parts still have to fit each other."""
    folder = sealed.copy(tmp_path)
    forge(folder, name, change)
    verdict = provenance_gate(open_record(folder))
    failed = {finding.name: finding for finding in verdict.findings if finding.status == "FALSIFIED"}
    assert verdict.status == "FALSIFIED"
    assert "digests" not in failed
    assert found in failed[check].found
    assert failed[check].places == (name,)


@pytest.mark.parametrize("name", [_TOPICS, examples_name("topics"), names.COMPARISON, names.STUDY_YAML])
def test_what_is_cited_has_to_be_there(sealed: SealedRun, tmp_path: Path, name: str) -> None:
    folder = sealed.copy(tmp_path)
    write_and_seal(folder, name, None)
    assert provenance_gate(open_record(folder)).status == "FALSIFIED"
