"""Waystage from Python: what the command line does, with values instead of text.

>>> from waystage import api
>>> study = api.parse_study('''
... name: tiny
... encoder: e5-small-embedded
... seeds: [1]
... sequences: {base: []}
... targets: [{task: django-retrieval, languages: [de]}]
... ''')
>>> study.targets[0].task.kind.name
'sentence-retrieval'
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from waystage.data.source import Place
from waystage.encoders.sources import encoder_source
from waystage.errors import Interrupted, StageError, StoreError
from waystage.execution.calibration import faster_precision
from waystage.execution.precision import with_precision
from waystage.plan.plan import Plan, make_plan
from waystage.store.artefact import DamagedArtefactError
from waystage.store.opening import open_store as _open_store
from waystage.store.store import Store
from waystage.study.data_check import default_cache_dir
from waystage.study.load import load_checked_study, load_study, parse_study
from waystage.study.study import Precision, Study

if TYPE_CHECKING:
    import pandas as pd

    from waystage.benchmark.submission import SubmissionScores
    from waystage.execution.executor import Backend, WorkerSetting
    from waystage.execution.outcome import Outcome, Watcher
    from waystage.execution.schedule import Guidance
    from waystage.execution.together import Launch
    from waystage.execution.trackers.tracker import Tracker
    from waystage.plan.nodes import Node
    from waystage.report.record import RunRecord

# What running, scoring and pandas need is imported where it is used: a plan is to be there at once.

__all__ = [
    "Run",
    "default_store_dir",
    "default_threads",
    "load_checked_study",
    "load_study",
    "open_store",
    "parse_study",
    "plan_study",
    "run_study",
    "score_submission",
    "scores_frame",
    "take_part_in_study",
]

# Prepared data that turns out to be damaged is read again; a disk that damages it each time is not fought for ever.
_MAX_PLANS = 3


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes:
        record: everything that the report says.
        output_dir: the folder with ``report.html``, ``record.json``, ``scores.csv`` and the study.
    """

    plan: Plan
    store: Store
    outcome: Outcome
    record: RunRecord
    output_dir: Path

    @property
    def report_path(self) -> Path:
        """The HTML report."""
        return self.output_dir / "report.html"

    def scores(self) -> pd.DataFrame:
        """Scores as a data frame; see :func:`scores_frame`."""
        return scores_frame(self.plan, self.store)


def default_store_dir() -> Path:
    """The folder ``$WAYSTAGE_STORE``, or ``.waystage`` in the current folder."""
    return Path(os.environ.get("WAYSTAGE_STORE", ".waystage")).absolute()


def open_store(location: str | Path | None = None) -> Store:
    """The store at ``location``: a folder, or a URL such as ``s3://bucket/prefix``; by default ``$WAYSTAGE_STORE``.

    Raises:
        StoreError: a URL with credentials in it.
    """
    return _open_store(location or os.environ.get("WAYSTAGE_STORE") or default_store_dir(), default_cache_dir())


def default_threads() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def plan_study(study: Study, store: Store, n_threads: int | None = None) -> Plan:
    """The plan of a study. Its data is read and put into the store; nothing is trained.

    ``precision: auto`` becomes what is faster on this machine, measured once and remembered in the store;
    ``n_threads`` are those that each worker will have: a budget in seconds becomes tokens at the pace of so many.

    Raises:
        DataError: data or encoder are missing or malformed.
    """

    threads = n_threads or default_threads()

    def measured() -> Precision:
        choice = study.encoder
        source = encoder_source(choice.name, choice.revision, choice.trust_remote_code, study.study_dir)
        return faster_precision(store, source.shape(), threads)[0]

    settled = with_precision(study, measured)
    return make_plan(settled, store, Place(study.study_dir, default_cache_dir(), study.data_dir), threads)


def run_study(  # noqa: PLR0913
    study: Study,
    store: Store,
    *,
    plan: Plan | None = None,
    study_yaml: str = "",
    command: str = "",
    n_threads: int | None = None,
    n_workers: int = 1,
    n_processes: int = 1,
    silence_seconds: float | None = None,
    backend: Backend | None = None,
    tracker_names: Sequence[str] = (),
    node_seconds: dict[str, float] | None = None,
    watcher: Watcher | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Run:
    """Run what is not done yet, compare the sequences, and write the report.

    ``backend`` says where jobs run. Without it, one worker is this process, and more are processes of their own that
    share the threads; scripts that start them keep their own work under ``if __name__ == "__main__":``.
    ``n_processes`` train each stage together, each with ``n_threads``: the batch of a step is divided among them. A
    backend of several machines for a stage has so many on each.
    ``silence_seconds`` says after how long without progress a worker hangs, which only processes can.
    ``node_seconds`` are estimates that decide what goes first. ``tracker_names`` (``tensorboard``, ``mlflow``,
    ``wandb``) also get the curves of trainings and the scores, in ``tracking`` below the folder of results.

    Raises:
        StageError: a stage failed; the others are kept, and the message names it.
        Interrupted: ``should_stop`` said so; running again goes on from the last checkpoint.
    """
    from waystage.execution.attempt import move_all_damaged_aside
    from waystage.execution.local import InProcess
    from waystage.execution.outcome import SilentWatcher
    from waystage.execution.processes import Processes
    from waystage.execution.resources import needs_of
    from waystage.execution.schedule import Guidance

    is_here = n_workers == 1 and silence_seconds is None
    backend = backend or (InProcess() if is_here else Processes(n_workers, silence_seconds))
    threads = n_threads or max(1, default_threads() // (backend.n_workers * n_processes))
    plan = plan if plan is not None else plan_study(study, store, threads)
    store.add_root(study.name, [node.id for node in plan.nodes])
    n_gpus, n_machines = backend.n_gpus, backend.n_machines
    needs = partial(needs_of, n_threads=threads, n_gpus=n_gpus, n_processes=n_processes, n_machines=n_machines)
    guidance = Guidance(node_seconds or {}, needs, should_stop)
    damage = StoreError("prepared data is damaged again and again; what reads it was not run")
    with _tracking(study, tracker_names) as trackers:
        told = watcher or SilentWatcher(), trackers
        for _ in range(_MAX_PLANS):
            outcome = _execute(plan, store, backend, told, guidance, (threads, n_processes))
            if outcome.is_interrupted:
                raise Interrupted("stopped; run the same command again to go on from the last checkpoint")
            try:
                if not outcome.lost_inputs:
                    return _finish(plan, store, outcome, trackers, (study_yaml, command))
            except DamagedArtefactError as error:
                move_all_damaged_aside(plan.nodes, store)
                damage = error
            plan = plan_study(study, store, threads)
    raise damage


def take_part_in_study(
    study_path: Path, store: Store, seat: Launch, *, data_dir: Path | None = None, n_threads: int
) -> None:
    """In a process of torchrun that is not the first: train each stage that the first one announces, keep nothing.

    The study is read when there is a stage, since the first process has read and prepared its data then.

    Raises:
        StageError: this process plans other stages than the first one.
    """
    from waystage.execution.executor import WorkerSetting
    from waystage.execution.torchrun import follow

    plans: list[Plan] = []

    def asked(node_id: str) -> tuple[Node, WorkerSetting]:
        if not plans:
            plans.append(plan_study(load_checked_study(study_path, data_dir), store, n_threads))
        trusts = plans[0].study.encoder.trust_remote_code
        for node in plans[0].nodes:
            if node.id == node_id:
                return node, WorkerSetting(store, n_threads, trusts)
        raise StageError(
            "this process plans other stages than the first one: the study or its data differs between the machines, "
            "or precision or a budget is measured on each; state them"
        )

    follow(seat, store, asked)


def _finish(plan: Plan, store: Store, outcome: Outcome, trackers: list[Tracker], asked: tuple[str, str]) -> Run:
    """The files of a run that is complete; ``asked`` are the text of the study and the command."""
    from waystage.record.build import build_record
    from waystage.record.files import write_run_files

    if not outcome.is_complete:
        raise StageError(_failure_text(plan, outcome))
    _track_scores(plan, store, trackers)
    record = build_record(plan, store, outcome, *asked)
    write_run_files(record, plan, store, plan.study.output_dir)
    return Run(plan, store, outcome, record, plan.study.output_dir)


@contextmanager
def _tracking(study: Study, names: Sequence[str]) -> Iterator[list[Tracker]]:
    from waystage.execution.trackers.tracker import open_trackers

    facts = {"study": study.name, "encoder": study.encoder.name}
    trackers = open_trackers(names, study.output_dir / "tracking", study.name, facts)
    try:
        yield trackers
    finally:
        for tracker in trackers:
            tracker.close()


def _track_scores(plan: Plan, store: Store, trackers: list[Tracker]) -> None:
    """Scores are points too; the seed stands for the step, and 0 where nothing about the score is random."""
    if not trackers:
        return
    from waystage.execution.trackers.tracker import curve_name
    from waystage.record.scores import all_metric_scores

    for cell, score in all_metric_scores(plan, store):
        for tracker in trackers:
            name = curve_name("scores", f"{cell.sequence}/{cell.task}/{cell.language}/{cell.metric_name}")
            tracker.point(name, cell.seed or 0, score)


def _execute(
    plan: Plan,
    store: Store,
    backend: Backend,
    told: tuple[Watcher, list[Tracker]],
    guidance: Guidance,
    width: tuple[int, int],
) -> Outcome:
    from waystage.execution.executor import WorkerSetting
    from waystage.execution.outcome import Watchers
    from waystage.execution.run_log import Layout, RunLog
    from waystage.execution.schedule import run_nodes
    from waystage.execution.trackers.tracker import TrackingWatcher

    n_threads, n_processes = width
    log = RunLog(plan, store, Layout(backend.name, backend.n_workers, n_threads, guidance.node_seconds))
    trusts = plan.study.encoder.trust_remote_code
    setting = WorkerSetting(store, n_threads, trusts, run_dir=log.dir, n_processes=n_processes)
    with backend.start(setting, guidance.should_stop) as executor:
        watchers = Watchers(told[0], log, TrackingWatcher(told[1], log.dir))
        outcome = run_nodes(plan.nodes, store, executor, watchers, guidance)
    log.finished(outcome)
    outcome.log_dir = log.dir
    return outcome


def scores_frame(plan: Plan, store: Store) -> pd.DataFrame:
    """One row a sequence, task, language, seed and metric; ``score`` is a fraction in [0, 1].

    ``seed`` is missing where nothing about the cell is random.
    """
    import pandas as pd

    from waystage.record.scores import all_metric_scores
    from waystage.report.wording import protocol_name

    protocols = {target.task.name: protocol_name(target.profile) for target in plan.study.targets}
    rows = [
        {
            "sequence": cell.sequence,
            "task": cell.task,
            "language": cell.language,
            "seed": cell.seed,
            "metric": cell.metric_name,
            "score": score,
            "n_examples": len(cell.ids),
            "protocol": protocols[cell.task],
        }
        for cell, score in all_metric_scores(plan, store)
    ]
    frame = pd.DataFrame(rows)
    return frame.astype({"seed": "Int64"})


def score_submission(
    predictions_dir: Path, gold_dir: Path, benchmark: str, *, is_strict: bool = False
) -> SubmissionScores:
    """Score a submission folder to ``xtreme`` or ``xtreme-r``; see docs/score.md.

    Raises:
        DataError: a file is malformed, nothing can be scored, or, if ``is_strict``, anything is missing.
        StudyError: no such benchmark.
    """
    from waystage.benchmark import submission
    from waystage.benchmark.benchmarks import benchmark_named

    return submission.score_submission(predictions_dir, gold_dir, benchmark_named(benchmark), is_strict=is_strict)


def _failure_text(plan: Plan, outcome: Outcome) -> str:
    from waystage.execution.job_log import attempts_dir
    from waystage.execution.outcome import State

    lines = []
    for node_id, reason in outcome.failures.items():
        lines.append(f"{plan.node(node_id).label}: {reason}")
        if outcome.log_dir is not None:
            lines.append(f"  log: {attempts_dir(outcome.log_dir, node_id)}")
    n_waiting = sum(state is State.NOT_RUN for state in outcome.states.values())
    if n_waiting:
        lines.append(f"{n_waiting} jobs that depend on it were not run; all that was done is kept")
    return "\n".join(lines)
