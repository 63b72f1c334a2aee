"""Jobs on Slurm through submitit. The only file that knows submitit and the commands of Slurm.

Jobs that are ready together and need the same go into one array. submitit writes what a job is to do as a pickle,
which a compute node loads: its folder is the user's alone and lies outside the store. Nothing is loaded back from it:
what became of a job stands in the job's log, its artefact in the store. Before its time is up, or when it is preempted,
Slurm signals a job; it goes back into the queue under its id and goes on from the last checkpoint in the store.

Encoders and scores are made by the driver: compute nodes often have no network, and scores take seconds.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from waystage.errors import Problem, StageError, StudyError
from waystage.execution.attempt import attempt_elsewhere
from waystage.execution.devices import limit_threads
from waystage.execution.executor import Ended, JobRequest, Lost, News, OnAdvanced, WorkerSetting
from waystage.execution.following import Followed, StopFile
from waystage.execution.job_log import ended_by_log
from waystage.execution.local import LocalExecutor
from waystage.execution.outcome import State
from waystage.execution.resources import Resources
from waystage.execution.together import Launch, await_end, lead, take_part
from waystage.execution.worker import Control, Worker

_POLL_SECONDS = 0.5
_GRACE_SECONDS = 20.0
"""A job that left the queue may have written its last line on another machine; a network folder shows it later."""
_END_SECONDS = 120.0
_LAST_WORD_SECONDS = 30.0
_FAILED = 1
_MAX_TIMEOUTS = 1000
"""Time limits that a job may run into, one after the other; each time it gets further."""
_COMMAND_SECONDS = 60
_OPTION = re.compile(r"[a-z][a-z0-9-]*=[^\x00-\x1f]*")
_OWN_OPTIONS = {"array", "chdir", "error", "export", "input", "open-mode", "output", "signal", "wrap"}


@dataclass(frozen=True, slots=True)
class Slurm:
    """Jobs run as jobs of Slurm.

    Attributes:
        n_workers: jobs that are in the queue or run at once.
        n_gpus: of each process that runs a model.
        n_machines: that train a stage together.
        minutes: time limit of a job; a longer stage goes on in the same job, requeued.
        options: of sbatch, ``partition=gpu`` and the like.
        job_files_dir: where submitit writes; all machines see it, and nobody else may write to it.
        poll_seconds: between two questions to Slurm.
    """

    n_workers: int
    n_gpus: int = 0
    minutes: int = 240
    options: tuple[str, ...] = ()
    job_files_dir: Path = field(default_factory=lambda: Path.home() / ".waystage" / "slurm")
    poll_seconds: float = 10.0
    n_machines: int = 1
    name: ClassVar[str] = "slurm"

    def start(self, setting: WorkerSetting, should_stop: Callable[[], bool]) -> SlurmExecutor:
        """The executor."""
        return SlurmExecutor(self, setting, LocalExecutor(setting, should_stop))


class SlurmExecutor:
    """Submits jobs, reads their logs, and asks Slurm which are still there."""

    def __init__(self, slurm: Slurm, setting: WorkerSetting, driver: LocalExecutor) -> None:
        self._slurm, self._setting, self._driver = slurm, setting, driver
        self._submitit = _submitit()
        self._options = _parsed_options(slurm.options)
        if setting.run_dir is None:
            raise StudyError("jobs on Slurm need a run with logs: what became of them stands there")
        self._folder = _private_folder(slurm.job_files_dir / setting.run_dir.name)
        self._offered: dict[Resources, list[JobRequest]] = defaultdict(list)
        self._submitted: dict[str, tuple[JobRequest, str]] = {}
        self._gone_since: dict[str, float] = {}
        self._followed, self._stop = Followed(setting), StopFile(setting)
        self._asked_at = 0.0

    def offer(self, request: JobRequest) -> bool:
        """Take a job for the next array, or for the driver itself."""
        if request.node.kind in ("encoder", "score"):
            return self._driver.offer(request)
        if len(self._submitted) + sum(map(len, self._offered.values())) >= self._slurm.n_workers:
            return False
        self._offered[request.needs].append(request)
        return True

    def news(self, on_advanced: OnAdvanced) -> Iterator[News]:
        """Submit what was taken; do what the driver does; then what the logs and the queue say."""
        for needs, requests in self._offered.items():
            self._submit(needs, requests)
        self._offered.clear()
        yield from self._driver.news(on_advanced)
        for node_id, lines in self._followed.report(on_advanced).items():
            ended = ended_by_log(node_id, lines)
            if ended is not None:
                if isinstance(ended, Lost):  # or Slurm might put it into the queue again, besides the next attempt
                    self._cancel([node_id])
                self._forget(node_id)
                yield ended
        if time.monotonic() - self._asked_at >= self._slurm.poll_seconds:
            yield from self._lost()
        if self._submitted:
            time.sleep(min(_POLL_SECONDS, self._setting.log_seconds))

    def _submit(self, needs: Resources, requests: list[JobRequest]) -> None:
        executor = self._submitit.SlurmExecutor(folder=self._folder, max_num_timeout=_MAX_TIMEOUTS)
        executor.update_parameters(
            job_name=f"waystage-{requests[0].node.kind}",
            time=self._slurm.minutes,
            array_parallelism=self._slurm.n_workers,
            additional_parameters={"requeue": True, **self._options},
            **_asked(needs),
        )
        utils = self._submitit.core.utils
        refusals = (OSError, subprocess.SubprocessError, utils.FailedJobError, utils.FailedSubmissionError)
        try:
            with executor.batch():
                jobs = [executor.submit(_Stage(request, self._setting)) for request in requests]
        except refusals as error:
            raise StageError(f"Slurm took no job: {error}") from error
        for request, job in zip(requests, jobs, strict=True):
            self._submitted[request.node.id] = request, job.job_id
            self._followed.begin(request)

    def _lost(self) -> Iterator[Lost]:
        """Jobs that Slurm does not know any more and that wrote no last line."""
        self._asked_at = time.monotonic()
        queued = _queue()
        if queued is None:  # Slurm does not answer; a controller that restarts keeps its jobs
            return
        for node_id, (_, job_id) in list(self._submitted.items()):
            if job_id in queued:
                self._gone_since.pop(node_id, None)
            elif time.monotonic() - self._gone_since.setdefault(node_id, self._asked_at) > self._grace_seconds:
                self._forget(node_id)
                hint = f"; its output is {self._folder}/{job_id}_0_log.err"
                yield Lost(node_id, f"Slurm ended its job {job_id}", hint)

    @property
    def _grace_seconds(self) -> float:
        return min(_GRACE_SECONDS, 2 * self._slurm.poll_seconds)

    def _forget(self, node_id: str) -> None:
        request, _ = self._submitted.pop(node_id)
        self._followed.end(request)
        self._gone_since.pop(node_id, None)

    def ask_to_stop(self) -> None:
        """Jobs look for a file; those that have not begun are taken out of the queue."""
        self._stop.write()
        self._cancel(self._submitted, "--state=PENDING")

    def _cancel(self, node_ids: Iterable[str], *options: str) -> None:
        ids = [self._submitted[node_id][1] for node_id in node_ids]
        if ids:
            subprocess.run(["scancel", *options, *ids], check=False, timeout=_COMMAND_SECONDS, capture_output=True)

    def __enter__(self) -> Self:
        """Nothing to start."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let what runs save and end, then cancel what is left. A driver that is killed leaves its jobs running."""
        if self._submitted:
            self.ask_to_stop()
        ends = time.monotonic() + _END_SECONDS
        while self._submitted and time.monotonic() < ends:
            list(self.news(lambda node_id, fraction: None))
        self._cancel(self._submitted)


def _submitit() -> Any:
    try:
        import submitit
    except ImportError:
        message = "jobs on Slurm need one more library, on every machine: pip install 'waystage[slurm]'"
        raise StudyError(message) from None
    missing = [command for command in ("sbatch", "squeue", "scancel", "srun") if shutil.which(command) is None]
    if missing:
        raise StudyError(f"this machine has no {', '.join(missing)}: jobs are submitted where Slurm's commands are")
    return submitit


def _parsed_options(options: tuple[str, ...]) -> dict[str, str]:
    """Options of sbatch by name; they become lines of a script, so nothing in them may end a line."""
    problems = [
        Problem("--slurm-option", None, None, repr(option), "NAME=VALUE, such as partition=gpu")
        for option in options
        if not _OPTION.fullmatch(option) or option.partition("=")[0] in _OWN_OPTIONS
    ]
    if problems:
        raise StudyError(problems)
    pairs = (option.partition("=") for option in options)
    return {name: value for name, _, value in pairs}


def _asked(needs: Resources) -> dict[str, Any]:
    """What a job asks for. On one machine, it is a task that starts its processes; on several, each process is a task.

    Slurm ends the other tasks where one ends with an error: none of them could go on.
    """
    own = needs.on_one_machine
    asked: dict[str, Any] = {"nodes": needs.n_machines, "mem": f"{-(-own.memory_bytes // 2**20)}M"}
    asked |= {"ntasks_per_node": 1, "cpus_per_task": own.total_cores}
    if needs.n_machines > 1:
        asked |= {"ntasks_per_node": own.n_processes, "cpus_per_task": own.n_cores}
        asked["srun_args"] = ["--kill-on-bad-exit=1"]
    if own.total_gpus:
        asked["gpus_per_node"] = own.total_gpus
    return asked


def _private_folder(folder: Path) -> Path:
    """A folder that belongs to the user and that nobody else can write to: what lies in it is run."""
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            expected = "a folder of yours that nobody else can write to, since jobs run what is in it"
            raise StudyError(Problem(path, None, None, "others can write to it", expected))
    return folder


def _queue() -> set[str] | None:
    """Ids of the user's jobs that wait or run, a task of an array as ``12_3``; None where Slurm does not answer."""
    command = ["squeue", "--me", "--noheader", "--array", "--format=%i"]
    try:
        asked = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_COMMAND_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    return set(asked.stdout.split())


# On a compute node.


def _launch() -> Launch:
    """This task among those of its job; a job that is requeued keeps its id and counts its starts."""
    from submitit import JobEnvironment

    task = JobEnvironment()
    # The first task runs on the machine from which the script of the job starts them all.
    address = os.environ.get("SLURM_LAUNCH_NODE_IPADDR", "")
    name = f"{task.job_id}-{os.environ.get('SLURM_RESTART_COUNT', '0')}"
    n_local = task.num_tasks // task.num_nodes
    return Launch(name, address, task.global_rank, task.num_tasks, task.local_rank, n_local)


@dataclass(frozen=True, slots=True)
class _Stage:
    """What a compute node does. submitit calls ``checkpoint`` before it requeues a job."""

    request: JobRequest
    setting: WorkerSetting

    def __call__(self) -> str:
        setting, request = self.setting, self.request
        limit_threads(setting.n_threads)
        control = Control(should_stop=StopFile(setting).is_there, checkpoint_seconds=setting.checkpoint_seconds)
        if request.needs.n_machines > 1:
            self._do_together(control)
            return request.node.id
        worker = Worker(setting.store, setting.n_threads, setting.trust_remote_code, setting.n_processes)
        attempt_elsewhere(request, worker, control, setting)
        return request.node.id

    def _do_together(self, control: Control) -> None:
        """As one of the tasks of a job; its end with an error ends them all."""
        launch = _launch()
        if launch.rank == 0:
            news = lead(self.request, self.setting, launch, control)
            if not isinstance(news, Ended) or news.state is not State.RAN:
                sys.exit(_FAILED)
        elif take_part(self.request, self.setting, launch) is not None:
            await_end(self.request, self.setting, launch, _LAST_WORD_SECONDS)
            sys.exit(_FAILED)

    def checkpoint(self) -> Any:
        """The same again: the stage goes on from what it last saved in the store."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)
