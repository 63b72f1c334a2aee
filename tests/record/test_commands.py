"""``waystage record`` from the command line: what it prints, its exit statuses, and that it stays light."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.record.conftest import SealedRun
from waystage.cli import cli
from waystage.errors import RecordError, WaystageError
from waystage.record.folder.reader import open_record

_WATCHED = """
import sys
from waystage.cli import main
sys.argv = ["waystage", *sys.argv[1:]]
try:
    main()
finally:
    print(sorted({"torch", "transformers"} & set(sys.modules)), file=sys.stderr)
"""


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, ("record", *arguments))))


def test_a_run_becomes_a_folder_and_a_zip(sealed: SealedRun, tmp_path: Path) -> None:
    done = _run("build", sealed.run_dir, "--store", sealed.store.root, "--output", tmp_path / "r", "--zip")
    assert done.exit_code == 0, done.exception
    digest = open_record(tmp_path / "r").digest
    assert digest in done.output.replace("\n", "")
    assert open_record(tmp_path / "r.zip").digest == digest
    assert _run("check", tmp_path / "r.zip").exit_code == 0


def test_claims_corrections_and_states(sealed: SealedRun, tmp_path: Path) -> None:
    folder, claims = sealed.copy(tmp_path), tmp_path / "claims.yaml"
    claims.write_text("claims:\n  later: {sequence: base, than: continued+intermediate}\n", encoding="utf-8")
    assert "1 claims added after the record" in _run("claim", folder, claims).output
    done = _run("correct", folder, "--type", "METADATA", "--note", "a word was wrong", "--field", "study.json")
    assert "CORRECTED: E0002 appended" in done.output
    shown = json.loads(_run("show", folder, "--json").output)
    assert [event["action"] for event in shown["events"]] == ["claims", "correction"]
    assert "a word was wrong" in _run("show", folder).output
    before = json.loads(_run("show", folder, "--at", "E0000", "--json").output)
    assert before["digest"] == open_record(sealed.folder).digest
    assert [len(one["claims"]) for one in (before, shown)] == [2, 3]


def test_what_is_not_what_it_says_is_exit_status_7(sealed: SealedRun, tmp_path: Path) -> None:
    folder = sealed.copy(tmp_path)
    (folder / "costs.json").write_bytes((folder / "costs.json").read_bytes().replace(b"1", b"2"))
    for arguments in (("check", folder), ("show", tmp_path / "none")):
        error = _run(*arguments).exception
        assert isinstance(error, RecordError)
        assert error.exit_status == 7
    assert json.loads(_run("check", folder, "--json").output)["status"] == "FALSIFIED"


@pytest.mark.parametrize("arguments", [("correct", "--type", "CLAIM", "--note", "x", "--field", "nothing.json")])
def test_mistakes_are_exit_status_2(sealed: SealedRun, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    error = _run(arguments[0], sealed.copy(tmp_path), *arguments[1:]).exception
    assert isinstance(error, WaystageError)
    assert error.exit_status == 2


def test_looking_into_a_record_loads_no_torch(sealed: SealedRun) -> None:
    for command in ("show", "check"):
        run = [sys.executable, "-c", _WATCHED, "record", command, str(sealed.folder)]
        done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)
        assert done.stderr.splitlines()[-1] == "[]"
