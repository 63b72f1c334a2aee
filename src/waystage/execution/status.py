"""How a run is doing, read from the files that it writes; works from any machine that sees its store."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from waystage.errors import Problem, StudyError
from waystage.execution.job_log import attempts_dir
from waystage.execution.log_lines import read_lines
from waystage.execution.run_log import EVENTS_NAME, FACTS_NAME
from waystage.store.canonical import JsonObject

WAITING, QUEUED, RUNNING, LOST = "waiting", "queued", "running", "lost"
"""States of a job besides those of :class:`waystage.execution.outcome.State`; queued is given out but not begun."""
_N_LAST_LINES = 8
_TRUSTED_SECONDS = 1.0


@dataclass(slots=True)
class JobStatus:
    """A job of a run.

    Attributes:
        state: ``waiting``, ``queued``, ``running``, ``lost``, ``found``, ``ran``, ``failed`` or ``not run``.
        attempt: which attempt the rest is about; 0 where there was none.
        fraction: share done, in [0, 1].
        seconds: of the attempt so far, by the worker's clock.
        heard_at: when its worker last wrote, by the clock of its machine.
        tokens_per_second: text tokens of training; None where nothing is known yet.
        last_lines: of the log, for a job that failed or was lost.
        log_path: the log of the attempt.
    """

    id: str
    label: str
    kind: str
    parents: tuple[str, ...]
    estimated_seconds: float
    state: str = WAITING
    attempt: int = 0
    host: str | None = None
    pid: int | None = None
    started_at: datetime | None = None
    fraction: float = 0.0
    seconds: float = 0.0
    tokens_per_second: float | None = None
    loss: float | None = None
    heard_at: datetime | None = None
    reason: str | None = None
    last_lines: tuple[str, ...] = ()
    log_path: Path | None = None


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A run.

    Attributes:
        how: ``running``, ``done``, ``failed``, ``interrupted``, or ``dead`` where its driver is gone without a word.
        seconds_left: an estimate; None when it is over.
    """

    dir: Path
    study: str
    executor: str
    host: str
    pid: int
    n_workers: int
    n_threads: int
    started_at: datetime
    last_word_at: datetime
    how: str
    jobs: tuple[JobStatus, ...]
    seconds_left: float | None

    def in_state(self, *states: str) -> list[JobStatus]:
        """The jobs in any of some states."""
        return [job for job in self.jobs if job.state in states]


def find_run(place: Path | None, store_dir: Path) -> Path:
    """The folder of the run that ``place`` names: the folder itself, a store, or where a study writes its results.

    Of several runs it is the newest. None is the store ``store_dir``.

    Raises:
        StudyError: there is no run.
    """
    if place is not None and (place / FACTS_NAME).is_file():
        return place
    if place is not None and not (place / "runs").is_dir():
        runs = [run for run in _runs(store_dir) if _facts_of(run).get("output_dir") == str(place.absolute())]
        searched = f"runs of {store_dir} that write to {place}"
    else:
        store_dir = place or store_dir
        runs, searched = _runs(store_dir), f"runs of {store_dir}"
    if not runs:
        expected = "the folder of a store, of a run in it, or of a study's results"
        raise StudyError(Problem(place or store_dir, None, None, f"no {searched}", expected))
    return runs[-1]


def _runs(store_dir: Path) -> list[Path]:
    return sorted(path.parent for path in (store_dir / "runs").glob(f"*/{FACTS_NAME}"))


def _facts_of(run_dir: Path) -> JsonObject:
    try:
        facts = json.loads((run_dir / FACTS_NAME).read_bytes())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def read_status(run_dir: Path) -> RunStatus:
    """How the run with this folder is doing.

    Raises:
        StudyError: the folder is none of a run.
    """
    facts = _facts_of(run_dir)
    try:
        jobs = {node["id"]: _waiting(node) for node in facts["nodes"]}
        started_at = datetime.fromisoformat(facts["started_at"])
        events = read_lines(run_dir / EVENTS_NAME)
        last_word_at = _last_word(events, started_at)
        how = _follow(events, jobs) or _state_of_driver(facts)
        for job in jobs.values():
            _read_log(job, run_dir)
        last_word_at = max([last_word_at, *(job.heard_at for job in jobs.values() if job.heard_at)])
        seconds_left = _seconds_left(jobs.values(), facts["n_workers"]) if how == RUNNING else None
        names = {name: facts[name] for name in ("study", "executor", "host", "pid", "n_workers", "n_threads")}
    except (KeyError, TypeError, ValueError) as error:
        problem = Problem(run_dir / FACTS_NAME, None, None, f"not what a run writes: {error!r}", "the facts of a run")
        raise StudyError(problem) from error
    return RunStatus(
        dir=run_dir,
        started_at=started_at,
        last_word_at=last_word_at,
        how=how,
        jobs=tuple(jobs.values()),
        seconds_left=seconds_left,
        **names,
    )


def _waiting(node: JsonObject) -> JobStatus:
    return JobStatus(node["id"], node["label"], node["kind"], tuple(node["parents"]), float(node["seconds"]))


def _last_word(events: Sequence[JsonObject], started_at: datetime) -> datetime:
    return max([started_at, *(datetime.fromisoformat(line["time"]) for line in events[-1:])])


def _follow(events: Iterable[JsonObject], jobs: dict[str, JobStatus]) -> str | None:
    """Bring jobs up to date with what the driver wrote; how the run ended, or None."""
    how = None
    for line in events:
        job = jobs.get(line.get("node", ""))
        match line["event"]:
            case "started" if job:
                job.state, job.attempt = QUEUED, job.attempt + 1
            case "lost" if job:
                job.state, job.reason = LOST, line["how"]
            case "ended" if job:
                job.state = line["state"]
            case "failed" if job:
                job.reason = line["reason"]
            case "finished":
                how = str(line["how"])
    return how


def _read_log(job: JobStatus, run_dir: Path) -> None:
    """What the worker wrote about the newest attempt."""
    if not job.attempt:
        return
    job.log_path = attempts_dir(run_dir, job.id) / f"{job.attempt}.jsonl"
    lines = read_lines(job.log_path)
    steps = _Steps()
    for line in lines:
        if line["event"] == "started":
            job.host, job.pid = line["host"], line["pid"]
            job.started_at = datetime.fromisoformat(line["time"])
            job.state = RUNNING if job.state == QUEUED else job.state
        elif line["event"] == "advanced":
            job.fraction, job.seconds = float(line["fraction"]), float(line["seconds"])
            job.loss = line.get("loss", job.loss)
            steps.add(line)
        elif line["event"] in ("ended", "lost"):
            job.seconds, job.reason = float(line["seconds"]), line.get("reason", job.reason)
    job.heard_at = datetime.fromisoformat(lines[-1]["time"]) if lines else None
    job.tokens_per_second = steps.tokens_per_second
    if job.state in ("ran", "found"):
        job.fraction, job.reason = 1.0, None
    if job.state in ("failed", LOST):
        job.last_lines = tuple(line_text(line) for line in lines[-_N_LAST_LINES:])


@dataclass(slots=True)
class _Steps:
    """Tokens and seconds of an attempt, from its reports: a stage that went on did not do all of its tokens now."""

    reports: list[tuple[float, int]] = field(default_factory=list)

    def add(self, line: JsonObject) -> None:
        if "n_text_tokens" in line:
            self.reports.append((float(line["seconds"]), int(line["n_text_tokens"])))

    @property
    def tokens_per_second(self) -> float | None:
        if len(self.reports) < 2 or self.reports[-1][0] <= self.reports[0][0]:
            return None
        (first, before), (last, after) = self.reports[0], self.reports[-1]
        return (after - before) / (last - first)


def line_text(line: JsonObject) -> str:
    """A line of a log for people.

    >>> line_text({"time": "2030-01-01T10:20:30.123+00:00", "event": "advanced", "fraction": 0.5, "loss": 1.25})
    '10:20:30 advanced fraction=0.5 loss=1.25'
    """
    facts = {name: value for name, value in line.items() if name not in ("time", "event")}
    shown = [str(facts[name]) if name == "text" else f"{name}={facts[name]}" for name in facts]
    return " ".join([str(line.get("time", ""))[11:19], line["event"], *shown])


def _state_of_driver(facts: JsonObject) -> str:
    """Whether the driver lives, as far as this machine can see: one on another machine is taken to live."""
    if facts["host"] != socket.gethostname():
        return RUNNING
    try:
        created_at: Any = psutil.Process(facts["pid"]).create_time()
    except psutil.Error:
        return "dead"
    return RUNNING if abs(created_at - facts["pid_created_at"]) < 2 or facts["pid"] == os.getpid() else "dead"


def _seconds_left(jobs: Iterable[JobStatus], n_workers: int) -> float:
    """What is left to do, spread over the workers but not below the longest chain, at the pace so far."""
    left, estimated, taken = dict[str, float](), 0.0, 0.0
    known = list(jobs)
    for job in known:
        if job.state == "ran" or (job.state == RUNNING and job.fraction > 0):
            estimated, taken = estimated + job.fraction * job.estimated_seconds, taken + job.seconds
        if job.state in (WAITING, QUEUED, RUNNING, LOST):
            left[job.id] = (1.0 - job.fraction) * job.estimated_seconds
    chains: dict[str, float] = {}
    for job in known:
        chains[job.id] = left.get(job.id, 0.0) + max((chains.get(parent, 0.0) for parent in job.parents), default=0.0)
    pace = taken / estimated if min(taken, estimated) > _TRUSTED_SECONDS else 1.0
    return pace * max(sum(left.values()) / n_workers, max(chains.values(), default=0.0))


def age_seconds(moment: datetime) -> float:
    """Seconds since a moment by this machine's clock; never below 0, whatever the clocks say."""
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())
