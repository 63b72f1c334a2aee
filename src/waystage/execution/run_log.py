"""The folder of a run in its store: what the driver says about it, for whoever watches from outside.

``run.json`` is written once: study, place, nodes with their estimates. ``driver.jsonl`` grows: which job was given
out, lost, done. ``jobs/<node id>/<attempt>.jsonl`` are the logs of the workers (:mod:`waystage.execution.job_log`).
All of it can be lost without harm.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from waystage.errors import StoreError
from waystage.execution.log_lines import LineLog, read_lines, redacted
from waystage.execution.outcome import Outcome, State
from waystage.plan.nodes import Node
from waystage.plan.plan import Plan
from waystage.store.canonical import canonical_json
from waystage.store.files import remove_tree, write_atomically
from waystage.store.store import Store

FACTS_NAME, EVENTS_NAME = "run.json", "driver.jsonl"
_N_KEPT = 20
"""Logs of so many runs stay in a store."""


def runs_dir(store: Store) -> Path:
    """Where a store keeps the folders of its runs."""
    return store.root / "runs"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a run is laid out: the kind of executor, the jobs side by side, the threads of each, and estimates."""

    executor: str
    n_workers: int
    n_threads: int
    node_seconds: Mapping[str, float]


class RunLog:
    """Watches an executor and writes down what it does."""

    def __init__(self, plan: Plan, store: Store, layout: Layout) -> None:
        self.dir = runs_dir(store) / _run_name(plan.study.name)
        self._events = LineLog(self.dir / EVENTS_NAME)
        try:
            _remove_old(runs_dir(store))
            write_atomically(self.dir / FACTS_NAME, canonical_json(_facts(plan, layout)) + b"\n", durable=False)
        except StoreError:  # as with every log: the run goes on without
            return

    def started(self, node: Node) -> None:
        """A job is given out."""
        self._events.add("started", node=node.id)

    def advanced(self, node: Node, fraction: float) -> None:
        """Nothing: the job's own log says so."""

    def lost(self, node: Node, how: str) -> None:
        """Nobody does a job any more."""
        self._events.add("lost", node=node.id, how=how)

    def ended(self, node: Node, state: State) -> None:
        """A node has its state."""
        self._events.add("ended", node=node.id, state=state.value)

    def finished(self, outcome: Outcome) -> None:
        """The walk is over."""
        for node_id, reason in outcome.failures.items():
            self._events.add("failed", node=node_id, reason=reason)
        how = "interrupted" if outcome.is_interrupted else "done" if outcome.is_complete else "failed"
        self._events.add("finished", how=how)


def _run_name(study_name: str) -> str:
    """A folder name that sorts by time: the study's name is in it as far as it is plain."""
    plain = re.sub(r"[^a-z0-9]+", "-", study_name.lower()).strip("-")[:40] or "study"
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{plain}-{secrets.token_hex(3)}"


def _facts(plan: Plan, layout: Layout) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "study": redacted(plan.study.name),
        "output_dir": str(plan.study.output_dir),
        "started_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "pid_created_at": psutil.Process().create_time(),
        "executor": layout.executor,
        "n_workers": layout.n_workers,
        "n_threads": layout.n_threads,
        "nodes": [
            {
                "id": node.id,
                "label": redacted(node.label),
                "kind": node.kind,
                "parents": list(node.parents),
                "seconds": float(layout.node_seconds.get(node.id, 0.0)),
                "n_tokens": float(node.work.n_tokens),
            }
            for node in plan.nodes
        ],
    }


def _remove_old(folder: Path) -> None:
    """Keep the logs of the newest runs, and of those that may still be going on."""
    runs = sorted(path for path in folder.glob("[0-9]*T*") if path.is_dir())
    for path in runs[:-_N_KEPT]:
        if any(line["event"] == "finished" for line in read_lines(path / EVENTS_NAME)):
            remove_tree(path)
