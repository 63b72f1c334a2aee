"""The log of one attempt at a job, written by the process that does it.

Lines have ``time`` and ``event``: ``started`` (host, process, threads, GPU), ``advanced`` (share done; in training also
step, loss and tokens), ``logged`` (what libraries log), ``defect`` (a trace) and ``ended`` (state, reason, seconds), or
``lost`` where a process that trained it too is gone.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from waystage.execution.executor import Ended, JobRequest, Lost, News, WorkerSetting
from waystage.execution.log_lines import LineLog
from waystage.execution.outcome import State
from waystage.execution.worker import Control, TrainingStep
from waystage.store.canonical import JsonObject


def attempts_dir(run_dir: Path, node_id: str) -> Path:
    """The folder with the logs of all attempts at a job."""
    return run_dir / "jobs" / node_id


def attempt_path(run_dir: Path, node_id: str, attempt: int) -> Path:
    """The log of an attempt."""
    return attempts_dir(run_dir, node_id) / f"{attempt}.jsonl"


class JobLog:
    """Writes the log of an attempt; nothing where the run keeps no logs."""

    def __init__(self, setting: WorkerSetting, request: JobRequest) -> None:
        self._setting, self._request = setting, request
        self._lines: LineLog | None = None
        if setting.run_dir is not None:
            self._lines = LineLog(attempt_path(setting.run_dir, request.node.id, request.attempt))
        self._started_at = self._written_at = time.monotonic()
        self._step: TrainingStep | None = None
        self._reported: TrainingStep | None = None

    @contextmanager
    def attempt(self, control: Control) -> Iterator[Control]:
        """The control of a job that logs how it goes on; a defect is logged and raised."""
        self._add(
            "started",
            label=self._request.node.label,
            attempt=self._request.attempt,
            host=socket.gethostname(),
            pid=os.getpid(),
            n_threads=self._setting.n_threads,
            gpu=os.environ.get("CUDA_VISIBLE_DEVICES"),
            slurm_job=os.environ.get("SLURM_JOB_ID"),
        )

        def on_fraction(fraction: float) -> None:
            if time.monotonic() - self._written_at >= self._setting.log_seconds:
                self._advanced(fraction)
            control.on_fraction(fraction)

        def on_step(step: TrainingStep) -> None:
            if self._reported is None:  # a stage that goes on has lost none of its steps to this attempt
                self._reported = step if step.step > 1 else TrainingStep(0, step.n_steps, 0, 0.0, 0)
            self._step = step
            control.on_step(step)

        try:
            yield replace(control, on_fraction=on_fraction, on_step=on_step)
        except Exception:
            self._add("defect", text=traceback.format_exc(), seconds=self._seconds())
            raise

    def ended(self, ended: Ended) -> None:
        """The last lines: the last step of a training, and what became of the job."""
        self._last_step()
        reason = "something that it reads is damaged" if ended.is_damaged else ended.reason
        damaged = ended.is_damaged or None
        self._add("ended", state=ended.state.value, reason=reason, is_damaged=damaged, seconds=self._seconds())

    def lost(self, lost: Lost) -> None:
        """The last lines of a job that another process or machine should go on with."""
        self._last_step()
        self._add("lost", reason=lost.how, seconds=self._seconds())

    def _last_step(self) -> None:
        if self._step is not None:
            self._advanced(self._step.step / self._step.n_steps)

    def logged(self, record: logging.LogRecord) -> None:
        """What a library logs."""
        self._add("logged", level=record.levelname, logger=record.name, text=record.getMessage())

    def _advanced(self, fraction: float) -> None:
        self._written_at = time.monotonic()
        self._add("advanced", fraction=round(fraction, 6), seconds=self._seconds(), **self._training())

    def _training(self) -> dict[str, float | int | None]:
        """Step, tokens, and the mean loss since the last report."""
        step, before = self._step, self._reported
        if step is None or before is None:
            return {}
        self._reported = step
        n_terms = step.n_terms - before.n_terms
        loss = (step.loss_sum - before.loss_sum) / n_terms if n_terms > 0 else None
        return {"step": step.step, "n_steps": step.n_steps, "n_text_tokens": step.n_text_tokens, "loss": loss}

    def _seconds(self) -> float:
        return round(time.monotonic() - self._started_at, 3)

    def _add(self, event: str, **facts: object) -> None:
        if self._lines is not None:
            self._lines.add(event, **facts)


def ended_by_log(node_id: str, lines: Iterable[JsonObject]) -> News | None:
    """What became of a job, as its log says; None where it does not say so yet."""
    for line in lines:
        if line["event"] == "ended":
            return Ended(node_id, State(line["state"]), line.get("reason"), bool(line.get("is_damaged")))
        if line["event"] == "lost":
            return Lost(node_id, str(line["reason"]))
        if line["event"] == "defect":
            return Ended(node_id, State.FAILED, defect=str(line["text"]))
    return None


class _Handler(logging.Handler):
    def __init__(self, log: JobLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.logged(record)


@contextmanager
def libraries_logged(log: JobLog) -> Iterator[None]:
    """Have warnings of Python and of libraries go into a job's log, in a process that does jobs and nothing else."""
    handler = _Handler(log)
    logging.captureWarnings(True)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
