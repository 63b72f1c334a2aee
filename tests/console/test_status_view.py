"""A run for people and for machines."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from waystage.console.status_view import status_to_json, status_view
from waystage.execution.status import JobStatus, RunStatus

NOW = datetime.now(UTC)
STAGE = JobStatus("b", "mood [seed 1]", "train", ("a",), 60.0, "running", 2, "node7", 42, NOW, 0.25, 15.0, 1234.5, 0.5)
FAILED = JobStatus("c", "mlm (seed 1)", "train", ("a",), 9.0, "failed", 1, reason="the loss is nan", last_lines=("x",))
STATUS = RunStatus(
    dir=Path("store/runs/one"),
    study="demo",
    executor="ray",
    host="head",
    pid=1,
    n_workers=2,
    n_threads=4,
    started_at=NOW,
    last_word_at=NOW,
    how="running",
    jobs=(JobStatus("a", "encoder", "encoder", (), 1.0, "ran"), STAGE, FAILED),
    seconds_left=128.0,
)


def shown(status: RunStatus) -> str:
    console = Console(width=120, highlight=False)
    with console.capture() as capture:
        console.print(status_view(status))
    return capture.get()


def test_it_says_what_runs_where_how_fast_and_what_failed() -> None:
    text = shown(STATUS)
    for part in ("mood [seed 1] (attempt 2)", "node7", "42", "25 %", "1,234", "about 2 min 08 s", "the loss is nan"):
        assert part in text
    assert "1 of 3 jobs done, 1 running, 1 failed" in text


def test_a_dead_driver_is_named() -> None:
    assert "no process 1 on head any more" in shown(replace(STATUS, how="dead", seconds_left=None))


def test_it_is_json_too() -> None:
    content = json.loads(json.dumps(status_to_json(STATUS), allow_nan=False))
    assert content["jobs"][1]["host"] == "node7"
    assert content["seconds_left"] == 128.0
