"""Claims, verdicts and corrections are added; what was there stays readable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.record.conftest import SealedRun
from waystage.errors import RecordError, StudyError
from waystage.record.additions import Correction, add_claims, add_verdicts, correct_record
from waystage.record.folder.history import AS_BUILT, state_at
from waystage.record.folder.reader import open_record
from waystage.record.folder.writer import write_zip
from waystage.record.form.verdicts import ClaimVerdict, VerdictsFile
from waystage.record.gates.provenance import provenance_gate
from waystage.record.seal import seal_run

_LATER = "claims:\n  later: {sequence: base, than: continued+intermediate, tasks: [topics], languages: [de]}\n"
_NOTE = Correction("BENCHMARK", "the limits were wrong", ("study.json#/tasks/0/limits",))


@pytest.fixture
def later(tmp_path: Path) -> Path:
    path = tmp_path / "later.yaml"
    path.write_text(_LATER, encoding="utf-8")
    return path


def test_claims_are_added_to_a_record(sealed: SealedRun, tmp_path: Path, later: Path) -> None:
    folder = sealed.copy(tmp_path)
    before = open_record(folder)
    added = add_claims(folder, later)
    record = open_record(folder)
    assert added.sentences == ("base scores higher than continued+intermediate: mean over topics in de; "
                               "for these languages.",)  # fmt: skip
    assert [one.claim.name for one in record.claims()] == ["both-helps", "printed", "later"]
    assert record.claims()[-1].declared == "after the record"
    assert b"after the record" in record.read("report.html")
    # Nothing was wrong, so nothing was corrected.
    assert record.index.state == "CURRENT"
    assert provenance_gate(record).status == "VERIFIED"
    then = state_at(record, AS_BUILT)
    assert then.digest == before.digest
    assert {name: then.read(name) for name in then.index.files} == {n: sealed.folder.joinpath(n).read_bytes()
                                                                    for n in before.index.files}  # fmt: skip
    with pytest.raises(StudyError, match="'later' is claimed already; expected another name"):
        add_claims(folder, later)


def test_claims_are_added_to_a_run(sealed: SealedRun, tmp_path: Path, later: Path) -> None:
    run_dir = tmp_path / "run"
    shutil.copytree(sealed.run_dir, run_dir)
    assert add_claims(run_dir, later).declared == "after the run"
    record = seal_run(run_dir, sealed.store, tmp_path / "record")
    assert [one.declared for one in record.claims()] == ["in the study", "in the study", "after the run"]
    assert provenance_gate(record).status == "VERIFIED"


def test_claims_about_what_is_not_there_are_refused(sealed: SealedRun, tmp_path: Path, later: Path) -> None:
    folder = sealed.copy(tmp_path)
    later.write_text("claims:\n  c: {sequence: bas, than: [base], tasks: [topic], metric: f1}\n", encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        add_claims(folder, later)
    assert [problem.nearest for problem in caught.value.problems] == ["base", "topics"]
    assert open_record(folder).index.n_events == 0


def test_corrections_leave_every_state_readable(sealed: SealedRun, tmp_path: Path) -> None:
    folder, new = sealed.copy(tmp_path), tmp_path / "departures.json"
    departures = json.loads((folder / "departures.json").read_bytes())
    departures["tasks"][0]["departures"].append("the limits were smaller than said")
    new.write_text(json.dumps(departures), encoding="utf-8")
    digests = [open_record(folder).digest, correct_record(folder, _NOTE).digest]
    wrong = Correction("PROVENANCE", "a departure was missing", ("departures.json",))
    digests.append(correct_record(folder, wrong, [f"departures.json={new}"]).digest)
    gone = Correction("METADATA", "run again", ("record.json",), superseded_by=f"sha256:{'0' * 64}")
    digests.append(correct_record(folder, gone).digest)
    record = open_record(folder)
    assert [state_at(record, f"E000{number}").digest for number in range(4)] == digests
    assert [state_at(record, f"E000{n}").index.state for n in range(4)] == ["CURRENT", "CORRECTED", "CORRECTED",
                                                                            "SUPERSEDED"]  # fmt: skip
    assert state_at(record, "E0001").read("departures.json") == (sealed.folder / "departures.json").read_bytes()
    assert record.read("departures.json") == new.read_bytes()
    assert [len(state_at(record, f"E000{number}").events()) for number in range(4)] == [0, 1, 2, 3]
    assert provenance_gate(record).status == "VERIFIED"
    # An earlier state is a record like any other, in a .zip too.
    write_zip(record, tmp_path / "record.zip")
    packed = open_record(tmp_path / "record.zip")
    assert state_at(packed, AS_BUILT).claims() == open_record(sealed.folder).claims()
    assert (record.index.superseded_by or "").startswith("sha256:")


def test_mistakes_in_a_correction_are_named_at_once(sealed: SealedRun, tmp_path: Path) -> None:
    folder = sealed.copy(tmp_path)
    with pytest.raises(StudyError) as caught:
        correct_record(folder, Correction("CLAIM", " ", ("claim.json", "record.json")), ["x.json", "record.json=y"])
    fields = [problem.field for problem in caught.value.problems]
    assert fields == ["--note", "--field", "--replace", "--replace"]
    assert caught.value.problems[1].nearest == "claims.json"
    bad = tmp_path / "bad.json"
    bad.write_text('{"schema_version": 1}', encoding="utf-8")
    with pytest.raises(RecordError, match="Field required"):
        correct_record(folder, _NOTE, [f"departures.json={bad}"])
    with pytest.raises(RecordError, match="never replaced"):
        correct_record(folder, _NOTE, [f"corrections.jsonl={bad}"])
    assert open_record(folder).index.n_events == 0


def test_a_damaged_record_is_not_added_to(sealed: SealedRun, tmp_path: Path, later: Path) -> None:
    """Otherwise the damage would be sealed as if it had always been there."""
    folder = sealed.copy(tmp_path)
    path = folder / "claims.json"
    path.write_bytes(path.read_bytes().replace(b"both", b"Both"))
    with pytest.raises(RecordError, match=r"claims\.json: SHA-256"):
        add_claims(folder, later)
    with pytest.raises(RecordError, match=r"claims\.json: SHA-256"):
        add_verdicts(folder, VerdictsFile(), "nothing")


def test_verdicts_are_shown_and_kept(sealed: SealedRun, tmp_path: Path) -> None:
    folder = sealed.copy(tmp_path)
    gate = provenance_gate(open_record(folder))
    verdict = ClaimVerdict("both-helps", "UNVERIFIED", 4, "It is <not> shown.", "the interval holds 0")
    record = add_verdicts(folder, VerdictsFile((gate,), (verdict,), tier="UNVERIFIED", tier_reason="a rule"), "checked")
    page = record.read("report.html").decode()
    assert "Claims and verdicts" in page
    assert "It is &lt;not&gt; shown." in page
    assert record.verdicts().claims == (verdict,)
    assert state_at(record, AS_BUILT).verdicts() == VerdictsFile()
    assert provenance_gate(record).status == "VERIFIED"
    assert record.index.state == "CURRENT"


def test_a_zip_is_only_read(sealed: SealedRun, tmp_path: Path) -> None:
    write_zip(open_record(sealed.folder), tmp_path / "record.zip")
    with pytest.raises(RecordError, match=r"a \.zip, which is only read"):
        correct_record(tmp_path / "record.zip", _NOTE)


def test_unknown_events_are_named(sealed: SealedRun) -> None:
    with pytest.raises(RecordError, match="no event 'E0009'; expected one of E0000"):
        state_at(open_record(sealed.folder), "E0009")
