"""How a run is doing, for people and for machines."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from waystage.console.progress import format_seconds
from waystage.execution.status import LOST, QUEUED, RUNNING, WAITING, JobStatus, RunStatus, age_seconds
from waystage.report.wording import counted

_STYLES = {"ran": "green", "found": "green", RUNNING: "cyan", QUEUED: "cyan", "failed": "red", LOST: "yellow"}
_WORDS = {"ran": "done", "found": "done before"}


def status_view(status: RunStatus) -> RenderableType:
    """Counts, time left, what runs where, the graph of trainings, and what went wrong."""
    parts: list[RenderableType] = [_head(status)]
    running = status.in_state(RUNNING, QUEUED)
    if running:
        parts += [Text(), _running_table(running)]
    parts += [Text(), _tree(status)]
    for job in status.in_state("failed", LOST):
        parts += [Text(), _failure(job)]
    return Group(*parts)


def status_to_json(status: RunStatus) -> dict[str, Any]:
    """The same as JSON values."""
    return {name: _plain(value) for name, value in asdict(status).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _head(status: RunStatus) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    n_done = len(status.in_state("ran", "found"))
    counts = [f"{n_done} of {len(status.jobs)} jobs done", f"{len(status.in_state(RUNNING))} running"]
    for state in (QUEUED, LOST, "failed", "not run"):
        n_jobs = len(status.in_state(state))
        counts += [f"{n_jobs} {state}"] if n_jobs else []
    age = format_seconds(age_seconds(status.last_word_at))
    how = f"no process {status.pid} on {status.host} any more" if status.how == "dead" else status.how
    rows = [
        ("run", f"{status.study}: {how}"),
        ("where", f"{status.executor}, {status.n_workers} at a time, {counted(status.n_threads, 'thread')} each"),
        ("driver", f"process {status.pid} on {status.host}, last word {age} ago"),
        ("jobs", ", ".join(counts)),
    ]
    if status.seconds_left is not None:
        rows.append(("left", f"about {format_seconds(status.seconds_left)}"))
    speeds = [job.tokens_per_second for job in status.in_state(RUNNING) if job.tokens_per_second]
    if speeds:
        rows.append(("throughput", f"{sum(speeds):,.0f} tokens/s in training"))
    rows.append(("logs", str(status.dir)))
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(value))
    return table


def _running_table(jobs: list[JobStatus]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("running", "host", "process", "since", "done", "tokens/s", "loss"):
        table.add_column(heading, justify="left" if heading in ("running", "host") else "right")
    for job in jobs:
        name = f"{job.label} (attempt {job.attempt})" if job.attempt > 1 else job.label
        if job.state == QUEUED:
            table.add_row(Text(name), "queued")
            continue
        since = format_seconds(age_seconds(job.started_at)) if job.started_at else ""
        speed = f"{job.tokens_per_second:,.0f}" if job.tokens_per_second else ""
        loss = f"{job.loss:.3f}" if job.loss is not None else ""
        table.add_row(
            Text(name), Text(job.host or ""), str(job.pid or ""), since, f"{100 * job.fraction:.0f} %", speed, loss
        )
    return table


def _tree(status: RunStatus) -> Tree:
    """Trainings below what they start from; predictions and scores are counted at what they are made with."""
    tree = Tree(Text("encoder", style="bold"), hide_root=False)
    branches: dict[str, Tree] = {}
    n_hidden = 0
    for job in status.jobs:
        above = next((branches[parent] for parent in reversed(job.parents) if parent in branches), tree)
        if job.kind == "encoder":
            branches[job.id] = tree
        elif job.kind == "train":
            branches[job.id] = above.add(_job_text(job))
        elif job.state not in ("ran", "found", WAITING, "not run"):
            above.add(_job_text(job))
        else:
            n_hidden += 1
            branches[job.id] = above
    if n_hidden:
        done = sum(job.kind in ("predict", "score") for job in status.in_state("ran", "found"))
        tree.add(Text(f"predictions and scores: {done} done", style="dim"))
    return tree


def _job_text(job: JobStatus) -> Text:
    text = Text(job.label)
    state = _WORDS.get(job.state, job.state)
    shown = f"{state} {100 * job.fraction:.0f} %" if job.state == RUNNING else state
    return text.append(f"  {shown}", style=_STYLES.get(job.state, "dim"))


def _failure(job: JobStatus) -> Text:
    text = Text(f"{job.label}: {job.state}", style="red")
    text.append(f"\n{job.reason or 'no reason was given'}", style="default")
    for line in job.last_lines:
        text.append(f"\n  {line}", style="dim")
    if job.log_path is not None:
        text.append(f"\n  log: {job.log_path}", style="default")
    return text
