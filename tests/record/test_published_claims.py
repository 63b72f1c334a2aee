"""The committed record of published claims: made again, it says the same; the page says what it says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from waystage.cli import cli
from waystage.errors import FalsifiedError, StudyError
from waystage.record.folder.reader import SealedRecord, open_record
from waystage.record.form.verdicts import GateVerdict
from waystage.record.gates.provenance import provenance_gate
from waystage.record.published import build_published

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "records" / "published-claims"


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> SealedRecord:
    return build_published(FOLDER / "claims.yaml", tmp_path_factory.mktemp("published") / "record")


def _without_time(gates: tuple[GateVerdict, ...]) -> list[GateVerdict]:
    return [replace(own, evaluated_at="", seconds=0.0, state="") for own in gates]


def test_the_committed_record_says_what_the_claims_give(rebuilt: SealedRecord) -> None:
    committed = open_record(FOLDER / "record")
    assert committed.read("claims.yaml") == (FOLDER / "claims.yaml").read_bytes()
    one, other = committed.verdicts(), rebuilt.verdicts()
    assert _without_time(one.gates) == _without_time(other.gates)
    assert (one.claims, one.tier, one.dimensions) == (other.claims, other.tier, other.dimensions)


def test_the_committed_record_is_whole() -> None:
    verdict = provenance_gate(open_record(FOLDER / "record"))
    assert verdict.status == "VERIFIED", verdict.reason


def test_the_page_has_the_verdict_of_every_claim(rebuilt: SealedRecord) -> None:
    page = (ROOT / "docs" / "published-claims.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)`.*\| ([A-Z]+) \|$", page, re.MULTILINE))
    verdicts = {
        own.claim: own.status
        for own in rebuilt.verdicts().gates
        if own.gate == "verification" and own.claim is not None
    }
    assert rows == verdicts


def test_the_page_has_the_figures_that_come_out(rebuilt: SealedRecord) -> None:
    page = (ROOT / "docs" / "published-claims.md").read_text(encoding="utf-8")
    for own in rebuilt.verdicts().gates:
        numbers = next((f.numbers or {} for f in own.findings if f.name == "calculation"), {})
        if "computed" in numbers:
            (row,) = re.findall(rf"^\| `{own.claim}`.*$", page, re.MULTILINE)
            shown = re.findall(r"[0-9.]+", row.split("|")[3])
            decimals = len(shown[0].partition(".")[2])
            assert float(shown[0]) == pytest.approx(float(numbers["computed"]), abs=0.5000001 * 10**-decimals), (
                own.claim
            )


def test_the_share_of_two_retrieval_tasks_is_told_apart_from_that_of_the_other_version(rebuilt: SealedRecord) -> None:
    own = next(v for v in rebuilt.verdicts().gates if v.gate == "red team" and v.claim == "retrieval-share-v3")
    found = next(f for f in own.findings if f.name == "another version's figure")
    assert found.status == "VERIFIED"
    assert "68" in found.found


def test_claims_about_sequences_need_a_run(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text("claims:\n  a: {sequence: one, than: two}\n", encoding="utf-8")
    with pytest.raises(StudyError):
        build_published(path, tmp_path / "record")


def test_the_command_ends_with_the_status_of_a_falsified_record() -> None:
    result = CliRunner().invoke(cli, ["record", "attack", str(FOLDER / "record")])
    assert isinstance(result.exception, FalsifiedError), result.output
    assert "retrieval-share-half (red team)" in str(result.exception)
