"""Jobs on a Ray cluster. The only file that knows Ray.

Ray carries planned stages to its machines and short messages back; artefacts and checkpoints go through the store,
whose folder every machine sees under the same path. Ray's own retries are off: which job goes where again is decided
in :mod:`waystage.execution.schedule`.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

from waystage.errors import StageError, StudyError, first_line
from waystage.execution.attempt import attempt_elsewhere
from waystage.execution.devices import limit_threads
from waystage.execution.executor import Ended, JobRequest, Lost, News, OnAdvanced, WorkerSetting
from waystage.execution.following import Followed, StopFile
from waystage.execution.outcome import State
from waystage.execution.resources import Resources, Room
from waystage.execution.worker import Control, Worker

_POLL_SECONDS = 0.2
_CAPACITY_SECONDS = 2.0
_END_SECONDS = 60.0
_PATIENCE_SECONDS = 600.0
"""A cluster without a machine that could take a job that is waiting is given up after so long."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_OBJECT_STORE_BYTES = 80_000_000
"""The least that Ray takes, where it is started here; nothing large goes through it."""


@dataclass(frozen=True, slots=True)
class RayCluster:
    """Jobs run on the Ray cluster at ``address``; without one, Ray is started on this machine, on loopback.

    ``n_gpus`` is what each job that runs a model asks for. ``n_workers`` bounds the jobs side by side.
    """

    n_workers: int
    address: str | None = None
    n_gpus: int = 0
    name: ClassVar[str] = "ray"

    def start(self, setting: WorkerSetting, should_stop: Callable[[], bool]) -> RayExecutor:
        """The executor."""
        return RayExecutor(self, setting)


class RayExecutor:
    """Hands jobs to Ray as tasks, as many at once as the cluster has room for."""

    def __init__(self, cluster: RayCluster, setting: WorkerSetting) -> None:
        self._cluster, self._setting = cluster, setting
        self._ray = _ray(cluster.address)
        self._requests: dict[Any, JobRequest] = {}
        self._followed = Followed(setting)
        self._stop = StopFile(setting)
        self._room = Room(Resources(0))
        self._looked_at = self._idle_since = time.monotonic()
        self._has_waiting, self._largest_memory = False, 0

    def __enter__(self) -> Self:
        """Connect to the cluster, or start one."""
        if self._ray.is_initialized():  # by the program that calls; it stays as it is
            self._shuts_down = False
        else:
            handler = signal.getsignal(signal.SIGTERM)
            self._connect()
            self._shuts_down = True
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, handler)  # Ray puts its own there, which ends this process at once
        self._task = self._ray.remote(max_retries=0)(_do)
        self._look()
        return self

    def _connect(self) -> None:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": False}
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            if self._cluster.address is not None:
                self._ray.init(address=self._cluster.address, **quiet)
                return
            n_cores = self._cluster.n_workers * self._setting.n_threads
            self._ray.init(
                num_cpus=n_cores,
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                **quiet,
            )
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            message = f"no Ray cluster at {self._cluster.address}: {error}" if self._cluster.address else str(error)
            raise StudyError(message) from error

    def _look(self) -> None:
        """What the machines that are there have in all."""
        self._looked_at = time.monotonic()
        machines = [machine["Resources"] for machine in self._ray.nodes() if machine["Alive"]]
        n_cores, n_gpus, memory = (sum(int(one.get(name, 0)) for one in machines) for name in ("CPU", "GPU", "memory"))
        self._room.capacity = Resources(n_cores, n_gpus, memory)
        self._largest_memory = max((int(one.get("memory", 0)) for one in machines), default=0)

    def offer(self, request: JobRequest) -> bool:
        """Give a job to Ray, if the cluster has room for it now."""
        if len(self._requests) >= self._cluster.n_workers or not self._room.take(request.node.id, request.needs):
            self._has_waiting = True
            return False
        needs = request.needs
        options: dict[str, Any] = {"num_cpus": needs.total_cores, "name": request.node.id[:16]}
        if needs.total_gpus:
            options["num_gpus"] = needs.total_gpus
        if needs.memory_bytes <= self._largest_memory:  # as everywhere, an estimate alone keeps no job from running
            options["memory"] = needs.memory_bytes
        reference = self._task.options(**options).remote(request, self._setting)
        self._requests[reference] = request
        self._followed.begin(request)
        return True

    def news(self, on_advanced: OnAdvanced) -> Iterator[News]:
        """What has ended or was lost within a moment, and how the others go on."""
        if time.monotonic() - self._looked_at > _CAPACITY_SECONDS:
            self._look()
        self._give_up_an_empty_cluster()
        if not self._requests:
            time.sleep(_POLL_SECONDS)
            return
        ready, _ = self._ray.wait(list(self._requests), num_returns=1, timeout=_POLL_SECONDS)
        self._followed.report(on_advanced)
        for reference in ready:
            request = self._requests.pop(reference)
            self._room.give_back(request.node.id)
            self._followed.end(request)
            yield self._outcome(reference, request)

    def _outcome(self, reference: Any, request: JobRequest) -> News:
        try:
            ended: News = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            return Ended(request.node.id, State.FAILED, f"Ray could not begin it: {first_line(error)}")
        except self._ray.exceptions.OutOfMemoryError:
            return Lost(request.node.id, "Ray ended it", "; its machine had too little memory")
        except self._ray.exceptions.RayError as error:
            self._look()
            return Lost(request.node.id, f"Ray lost it ({type(error).__name__})", "; see the logs of Ray")
        return ended

    def _give_up_an_empty_cluster(self) -> None:
        now = time.monotonic()
        if self._requests or not self._has_waiting:
            self._idle_since, self._has_waiting = now, False
        elif now - self._idle_since > _PATIENCE_SECONDS:
            raise StageError("the Ray cluster has had no machine with room for the next job for ten minutes")

    def ask_to_stop(self) -> None:
        """Jobs look for a file; each saves a checkpoint after its step."""
        self._stop.write()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let what runs save and end, then disconnect, which ends what Ray still runs for this driver."""
        self._stop.write()
        if self._requests:
            self._ray.wait(list(self._requests), num_returns=len(self._requests), timeout=_END_SECONDS)
        for reference in self._requests:
            self._ray.cancel(reference, force=True)
        self._requests.clear()
        if self._shuts_down:
            self._ray.shutdown()


def _ray(address: str | None) -> Any:
    if address is None or address.rpartition(":")[0] in _LOOPBACK:
        # Read when Ray is imported: what it opens is then bound to loopback, and not to every interface.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError:
        message = "jobs on Ray need one more library, on every machine: pip install 'waystage[ray]'"
        raise StudyError(message) from None
    return ray


# On a machine of the cluster.

_WORKERS: dict[tuple[str, int], Worker] = {}
"""Of this process, which Ray keeps for the next job: the pretrained encoder stays in memory."""


def _do(request: JobRequest, setting: WorkerSetting) -> Ended:
    limit_threads(setting.n_threads)
    key = str(setting.store.root), setting.n_threads
    if key not in _WORKERS:
        _WORKERS[key] = Worker(setting.store, setting.n_threads, setting.trust_remote_code, setting.n_processes)
    control = Control(should_stop=StopFile(setting).is_there, checkpoint_seconds=setting.checkpoint_seconds)
    return attempt_elsewhere(request, _WORKERS[key], control, setting)
