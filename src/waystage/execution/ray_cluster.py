"""Jobs on a Ray cluster. The only file that knows Ray.

Ray carries planned stages to its machines and short messages back; artefacts and checkpoints go through the store,
whose folder every machine sees under the same path. Ray's own retries are off: which job goes where again is decided
in :mod:`waystage.execution.schedule`.
"""

from __future__ import annotations

import os
import secrets
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
from waystage.execution.together import Launch, lead, take_part
from waystage.execution.worker import Control, Worker

_POLL_SECONDS = 0.2
_CAPACITY_SECONDS = 2.0
_END_SECONDS = 60.0
_LAST_WORD_SECONDS = 30.0
_PATIENCE_SECONDS = 600.0
"""A cluster without a machine that could take a job that is waiting is given up after so long."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_OBJECT_STORE_BYTES = 80_000_000
"""The least that Ray takes, where it is started here; nothing large goes through it."""


@dataclass(frozen=True, slots=True)
class RayCluster:
    """Jobs run on the Ray cluster at ``address``; without one, Ray is started on this machine, on loopback.

    ``n_gpus`` is what each process that runs a model asks for. ``n_workers`` bounds the jobs side by side. A stage is
    trained on ``n_machines`` of the cluster together.
    """

    n_workers: int
    address: str | None = None
    n_gpus: int = 0
    n_machines: int = 1
    name: ClassVar[str] = "ray"

    def start(self, setting: WorkerSetting, should_stop: Callable[[], bool]) -> RayExecutor:
        """The executor."""
        return RayExecutor(self, setting)


@dataclass(slots=True)
class _Given:
    """A job that Ray has.

    Attributes:
        references: to what its processes return; the first one's is what became of the job.
        bundles: room on several machines, which the job has until it ends.
        trouble: why one of its other processes ended before the first.
        troubled_at: since when, by the monotonic clock.
    """

    request: JobRequest
    references: list[Any]
    bundles: Any = None
    trouble: News | None = None
    troubled_at: float = 0.0


class RayExecutor:
    """Hands jobs to Ray as tasks, as many at once as the cluster has room for."""

    def __init__(self, cluster: RayCluster, setting: WorkerSetting) -> None:
        self._cluster, self._setting = cluster, setting
        self._ray = _ray(cluster.address)
        self._given: list[_Given] = []
        self._followed = Followed(setting)
        self._stop = StopFile(setting)
        self._room = Room(Resources(0))
        self._looked_at = self._idle_since = time.monotonic()
        self._has_waiting = False
        self._machines: list[Resources] = []

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
        """What each machine that is there has, and what all have together."""
        self._looked_at = time.monotonic()
        machines = [machine["Resources"] for machine in self._ray.nodes() if machine["Alive"]]
        self._machines = [Resources(*(int(one.get(name, 0)) for name in ("CPU", "GPU", "memory"))) for one in machines]
        totals = ((one.n_cores, one.n_gpus, one.memory_bytes) for one in self._machines)
        self._room.capacity = Resources(*map(sum, zip(*totals, strict=True)))

    def offer(self, request: JobRequest) -> bool:
        """Give a job to Ray, if the cluster has room for it now."""
        is_full = len(self._given) >= self._cluster.n_workers or not self._has_machines(request.needs)
        if is_full or not self._room.take(request.node.id, request.needs):
            self._has_waiting = True
            return False
        give = self._give if request.needs.n_machines == 1 else self._give_to_several
        self._given.append(give(request))
        self._followed.begin(request)
        return True

    def _has_machines(self, needs: Resources) -> bool:
        own = needs.on_one_machine
        fitting = [m for m in self._machines if m.n_cores >= own.total_cores and m.n_gpus >= own.total_gpus]
        return needs.n_machines == 1 or len(fitting) >= needs.n_machines

    def _amounts(self, needs: Resources) -> dict[str, int]:
        """What is asked of one machine, by Ray's names."""
        amounts = {"CPU": needs.total_cores, "GPU": needs.total_gpus, "memory": needs.memory_bytes}
        if needs.memory_bytes > max((one.memory_bytes for one in self._machines), default=0):
            del amounts["memory"]  # as everywhere, an estimate alone keeps no job from running
        return {name: amount for name, amount in amounts.items() if amount}

    def _task(self, does: Callable[..., Any], request: JobRequest, needs: Resources, place: Any = None) -> Any:
        amounts = self._amounts(needs)
        names = {"CPU": "num_cpus", "GPU": "num_gpus", "memory": "memory"}
        options = {names[name]: amount for name, amount in amounts.items()}
        if place is not None:
            options["scheduling_strategy"] = place
        return self._ray.remote(does).options(max_retries=0, name=request.node.id[:16], **options)

    def _give(self, request: JobRequest) -> _Given:
        return _Given(request, [self._task(_do, request, request.needs).remote(request, self._setting)])

    def _give_to_several(self, request: JobRequest) -> _Given:
        """Room on so many machines, which Ray gives all at once or not at all, and a task there for each process."""
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        needs, name = request.needs, secrets.token_hex(8)
        own = needs.on_one_machine
        bundles = self._ray.util.placement_group([self._amounts(own)] * needs.n_machines, strategy="STRICT_SPREAD")
        one = Resources(own.n_cores, own.n_gpus, own.memory_bytes // own.n_processes)
        references = []
        for rank in range(needs.n_processes):
            place = PlacementGroupSchedulingStrategy(bundles, rank // own.n_processes)
            does = _lead if rank == 0 else _take_part
            task = self._task(does, request, one, place)
            references.append(task.remote(request, self._setting, rank, name))
        return _Given(request, references, bundles)

    def news(self, on_advanced: OnAdvanced) -> Iterator[News]:
        """What has ended or was lost within a moment, and how the others go on."""
        if time.monotonic() - self._looked_at > _CAPACITY_SECONDS:
            self._look()
        self._give_up_an_empty_cluster()
        if not self._given:
            time.sleep(_POLL_SECONDS)
            return
        references = {reference: given for given in self._given for reference in given.references}
        ready, _ = self._ray.wait(list(references), num_returns=1, timeout=_POLL_SECONDS)
        self._followed.report(on_advanced)
        for reference in ready:
            given = references[reference]
            if reference == given.references[0]:
                yield self._end(given, self._outcome(reference, given.request))
            else:
                self._note_trouble(given, reference)
        for given in list(self._given):
            if given.trouble is not None and time.monotonic() - given.troubled_at > _LAST_WORD_SECONDS:
                yield self._end(given, given.trouble)

    def _note_trouble(self, given: _Given, reference: Any) -> None:
        """Another process than the first has ended: as it should, or so that the first one will have to end too."""
        given.references.remove(reference)
        trouble = self._outcome(reference, given.request)
        if trouble is not None and given.trouble is None:
            given.trouble, given.troubled_at = trouble, time.monotonic()

    def _end(self, given: _Given, news: News) -> News:
        """Take a job's room away, and with it what is left of its other processes."""
        self._given.remove(given)
        self._remove_bundles(given)
        self._room.give_back(given.request.node.id)
        self._followed.end(given.request)
        return news

    def _remove_bundles(self, given: _Given) -> None:
        if given.bundles is not None:
            self._ray.util.remove_placement_group(given.bundles)

    def _outcome(self, reference: Any, request: JobRequest) -> Any:
        """What a process returned, or what became of it."""
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            return Ended(request.node.id, State.FAILED, f"Ray could not begin it: {first_line(error)}")
        except self._ray.exceptions.OutOfMemoryError:
            return Lost(request.node.id, "Ray ended it", "; its machine had too little memory")
        except self._ray.exceptions.RayError as error:
            self._look()
            return Lost(request.node.id, f"Ray lost it ({type(error).__name__})", "; see the logs of Ray")

    def _give_up_an_empty_cluster(self) -> None:
        now = time.monotonic()
        if self._given or not self._has_waiting:
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
        references = [given.references[0] for given in self._given]
        if references:
            self._ray.wait(references, num_returns=len(references), timeout=_END_SECONDS)
        for given in self._given:
            for reference in given.references:
                self._ray.cancel(reference, force=True)
            self._remove_bundles(given)
        self._given.clear()
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


def _do(request: JobRequest, setting: WorkerSetting) -> News:
    limit_threads(setting.n_threads)
    key = str(setting.store.root), setting.n_threads
    if key not in _WORKERS:
        _WORKERS[key] = Worker(setting.store, setting.n_threads, setting.trust_remote_code, setting.n_processes)
    return attempt_elsewhere(request, _WORKERS[key], _control(setting), setting)


def _control(setting: WorkerSetting) -> Control:
    return Control(should_stop=StopFile(setting).is_there, checkpoint_seconds=setting.checkpoint_seconds)


def _lead(request: JobRequest, setting: WorkerSetting, rank: int, name: str) -> News:
    limit_threads(setting.n_threads)
    return lead(request, setting, _launch(request, rank, name), _control(setting))


def _take_part(request: JobRequest, setting: WorkerSetting, rank: int, name: str) -> News | None:
    limit_threads(setting.n_threads)
    reason = take_part(request, setting, _launch(request, rank, name))
    if reason is None:
        return None
    if reason.is_final:
        return Ended(request.node.id, State.FAILED, reason.text)
    return Lost(request.node.id, reason.text)


def _launch(request: JobRequest, rank: int, name: str) -> Launch:
    """Ray shows each process its own GPUs alone, so each is the first of those that see them."""
    import ray.util

    return Launch(name, ray.util.get_node_ip_address(), rank, request.needs.n_processes)
