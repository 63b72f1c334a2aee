"""What is said of advisory databases: a vulnerability fails the check, and silence is never taken for an answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from checks.audit import Answer, ask, read_answer, verdict

KNOWN = {"name": "sound", "version": "1.0", "vulns": []}
VULNERABLE = {
    "name": "jinja2",
    "version": "2.4.1",
    "vulns": [
        {"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"], "aliases": ["CVE-2014-0012"], "description": "..."},
        {"id": "PYSEC-2099-1", "fix_versions": [], "aliases": [], "description": "..."},
    ],
}
UNKNOWN = {"name": "lost", "skip_reason": "Dependency not found on PyPI and could not be audited: lost (1.0)"}


def report(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_vulnerable_version_fails() -> None:
    status, lines = verdict({"pypi": read_answer(report(KNOWN, VULNERABLE, UNKNOWN))})
    assert status == 1
    assert lines == [
        "vulnerable: jinja2 2.4.1: PYSEC-2014-8 CVE-2014-0012; mended in 2.7.2",
        "vulnerable: jinja2 2.4.1: PYSEC-2099-1; mended in no version yet",
    ]


def test_sound_versions_pass_and_unknown_ones_are_named() -> None:
    status, lines = verdict({"pypi": read_answer(report(KNOWN, UNKNOWN))})
    assert (status, lines) == (0, ["audit: PyPI knows of no vulnerability in 1 versions; it does not know lost"])


def test_a_database_that_knows_nothing_has_not_answered() -> None:
    answers = {"pypi": read_answer(report(UNKNOWN)), "osv": Answer(failure="no such host")}
    status, (line,) = verdict(answers)
    assert status == 0
    assert line.startswith("audit: NOT DONE")
    assert "PyPI: it knows none of 1 versions; OSV: no such host" in line


def test_an_audit_that_breaks_has_not_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ConnectionError: nobody there' >&2\nexit 1\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(broken))
    assert ask("osv", "requirements.txt") == Answer(failure="ConnectionError: nobody there")
