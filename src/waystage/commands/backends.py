"""Options that say where the jobs of a run go."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from waystage.errors import StudyError

if TYPE_CHECKING:
    from waystage.execution.executor import Backend
    from waystage.store.store import Store

_CLUSTER_THREADS = 4
_CLUSTER_JOBS = 256
_TORCHRUN_ID = "TORCHELASTIC_RUN_ID"


@dataclass(frozen=True, slots=True)
class Where:
    """What the command line says about where jobs run."""

    executor: str | None
    n_workers: int | None
    n_threads: int | None
    address: str | None
    n_gpus: int
    slurm_minutes: int
    slurm_options: tuple[str, ...]
    slurm_dir: Path | None
    n_processes: int = 1
    silence_seconds: float | None = None
    n_machines: int = 1

    def backend(self) -> Backend:
        """The place."""
        name = self.executor or self._usual()
        if self.silence_seconds is not None and name != "processes":
            raise StudyError("--job-timeout is for worker processes; Ray and Slurm have limits of their own")
        if self.address is not None and name != "ray":
            raise StudyError("--address is that of a Ray cluster; add --executor ray")
        if self.n_machines > 1 and not (name == "slurm" or (name == "ray" and self.address is not None)):
            raise StudyError(
                "--stage-machines is for a cluster that starts processes on its machines; add --executor slurm, or "
                "--executor ray with --address"
            )
        return _BACKENDS[name](self)

    def _usual(self) -> str:
        if _TORCHRUN_ID in os.environ:
            return "torchrun"
        return "processes" if (self.n_workers or 1) > 1 or self.silence_seconds else "in-process"

    def threads(self, n_cores: int) -> int:
        """Threads of each job: the cores of this machine shared out, or those that a job on a cluster asks for."""
        if self.n_threads is not None:
            return self.n_threads
        if self.executor == "slurm" or self.address is not None:
            return _CLUSTER_THREADS
        n_here = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if _TORCHRUN_ID in os.environ else self.n_processes
        return max(1, n_cores // ((self.n_workers or 1) * n_here))


def _in_process(where: Where) -> Backend:
    from waystage.execution.local import InProcess

    return InProcess()


def _processes(where: Where) -> Backend:
    from waystage.execution.processes import Processes

    return Processes(where.n_workers or 1, where.silence_seconds)


def _ray(where: Where) -> Backend:
    from waystage.execution.ray_cluster import RayCluster

    n_workers = where.n_workers or (1 if where.address is None else _CLUSTER_JOBS)
    return RayCluster(n_workers, where.address, where.n_gpus, where.n_machines)


def _slurm(where: Where) -> Backend:
    from waystage.execution.slurm import Slurm

    known: dict[str, Any] = {"job_files_dir": where.slurm_dir.absolute()} if where.slurm_dir else {}
    n_workers = where.n_workers or _CLUSTER_JOBS
    return Slurm(
        n_workers, where.n_gpus, where.slurm_minutes, where.slurm_options, n_machines=where.n_machines, **known
    )


def _torchrun(where: Where) -> Backend:
    from waystage.execution.torchrun import Torchrun, torchrun_seat

    if where.n_processes > 1:
        raise StudyError("--stage-processes is not for a run that torchrun starts: --nproc-per-node says how many")
    return Torchrun(torchrun_seat())


def refuse_stores_of_one_machine(store: Store, n_machines: int) -> None:
    """Refuse what the machines of a stage would not see alike.

    Raises:
        StudyError: a network store, whose checkpoints are on one machine.
    """
    from waystage.store.mirrored import MirroredStore

    if n_machines > 1 and isinstance(store, MirroredStore):
        raise StudyError(
            f"--stage-machines needs a store in a folder that all machines see, not {store.location}: checkpoints "
            "inside a stage are in each machine's own cache"
        )


_BACKENDS: dict[str, Callable[[Where], Backend]] = {
    "in-process": _in_process,
    "processes": _processes,
    "ray": _ray,
    "slurm": _slurm,
    "torchrun": _torchrun,
}

_OPTIONS = (
    click.option(
        "--executor",
        type=click.Choice(list(_BACKENDS)),
        help="Where jobs run.  [default: this process, or processes with --workers]",
    ),
    click.option(
        "--workers",
        "n_workers",
        type=click.IntRange(1, 10_000),
        help="Jobs side by side: processes that share this machine's processors, or jobs on a cluster.  [default: 1]",
    ),
    click.option(
        "--stage-processes",
        "n_processes",
        type=click.IntRange(1, 1024),
        default=1,
        show_default=True,
        help="Processes that train one stage together, each on its part of a batch and its own GPU or threads.",
    ),
    click.option(
        "--stage-machines",
        "n_machines",
        type=click.IntRange(1, 1024),
        default=1,
        show_default=True,
        help="Machines of a cluster that train one stage together, each with --stage-processes.",
    ),
    click.option(
        "--job-timeout",
        "silence_seconds",
        type=click.FloatRange(min=1.0),
        metavar="SECONDS",
        help="End a worker process that makes no progress for so long; another takes its job.  [default: never]",
    ),
    click.option("--address", help="Of a Ray cluster, HOST:PORT; without it, Ray runs on this machine alone."),
    click.option(
        "--gpus", "n_gpus", type=click.IntRange(0, 64), default=0, help="GPUs that each process asks a cluster for."
    ),
    click.option(
        "--slurm-minutes",
        type=click.IntRange(min=10),
        default=240,
        show_default=True,
        help="Time limit of a Slurm job; a longer stage goes on in the same job.",
    ),
    click.option(
        "--slurm-option", "slurm_options", multiple=True, metavar="NAME=VALUE", help="For sbatch: partition=gpu, ..."
    ),
    click.option(
        "--slurm-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where job files go, on a disk that all machines see.  [default: ~/.waystage/slurm]",
    ),
)


def where_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of :class:`Where`, but for ``--threads``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
