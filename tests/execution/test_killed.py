"""Processes that are killed, and processes side by side: the same bytes in the end."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.execution.test_local import digests
from tests.fixtures.processes import finished, forkserver, run_study
from waystage.store.store import Store


def run(study: Path, store: Path, n_events: int | None = None) -> int:
    process = forkserver().Process(target=run_study, args=(study, store, n_events))
    process.start()
    return finished(process)


@pytest.mark.slow
def test_a_killed_run_ends_with_the_bytes_of_an_undisturbed_one(short_study_path: Path, tmp_path: Path) -> None:
    """Killed inside stages, between them, and just before and after files get their names."""
    assert run(short_study_path, tmp_path / "whole") == 0
    expected = digests(Store(tmp_path / "whole"))
    n_kills = 0
    for n_events in [3, 14, 15, 16, 17, 23, 31, 40, 53, 69, *[90] * 20]:
        status = run(short_study_path, tmp_path / "killed", n_events)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        n_kills += 1
    else:
        assert run(short_study_path, tmp_path / "killed") == 0
    assert n_kills >= 5
    store = Store(tmp_path / "killed")
    assert digests(store) == expected
    assert not store.verify_all()


@pytest.mark.slow
def test_two_processes_share_one_store(short_study_path: Path, tmp_path: Path) -> None:
    assert run(short_study_path, tmp_path / "whole") == 0
    processes = [
        forkserver().Process(target=run_study, args=(short_study_path, tmp_path / "shared", None)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    assert [finished(process) for process in processes] == [0, 0]
    store = Store(tmp_path / "shared")
    assert digests(store) == digests(Store(tmp_path / "whole"))
    assert not store.verify_all()
    record = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    assert {node["state"] for node in record["plan"]["nodes"]} <= {"done", "done before"}
