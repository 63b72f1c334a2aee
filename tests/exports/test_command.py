"""``waystage export`` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from waystage.exports.run import FinishedRun


def export(run: FinishedRun, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    script = """
import sys
from waystage.cli import main
try:
    main()
finally:
    print(sorted({"torch", "transformers"} & set(sys.modules)), file=sys.stderr)
"""
    command = [sys.executable, "-c", script, "export", *map(str, arguments), "--store", str(run.store.root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_submission_needs_no_torch_and_says_what_it_checked(run: FinishedRun, tmp_path: Path) -> None:
    done = export(run, run.folder, "--format", "xtreme-submission", "--to", tmp_path / "to", "--sequence", "base")
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
    assert "28 files of predictions in 2 folders" in done.stdout
    assert "scores of these files are those of the run, to the last digit" in done.stdout


def test_mistakes_end_with_status_2_and_missing_runs_with_3(run: FinishedRun, tmp_path: Path) -> None:
    unread = export(run, run.folder, "--format", "csv", "--to", tmp_path / "to", "--with-gold", "--seed", "1")
    assert unread.returncode == 2
    assert "--format csv does not take --seed, --with-gold" in unread.stderr
    missing = export(run, tmp_path / "none", "--format", "csv", "--to", tmp_path / "to")
    assert missing.returncode == 3
    assert "missing; expected the record of a run" in missing.stderr
    taken = export(run, run.folder, "--format", "csv", "--to", run.folder)
    assert taken.returncode == 2
    assert "there is something already; expected a new folder, or --force" in taken.stderr
    assert "Traceback" not in unread.stderr + missing.stderr + taken.stderr
