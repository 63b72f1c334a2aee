"""A stage whose processes a cluster has started, each on a machine of its choice: they meet, and train it together.

The first process is the worker: it holds the lock, writes checkpoints, logs and the artefact. The others train in the
same steps and keep nothing. Who starts them also ends them: where one is gone, the others cannot go on.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from waystage.errors import Interrupted, LostPeerError, StageError, WaystageError, first_line
from waystage.execution.attempt import attempt_elsewhere
from waystage.execution.executor import JobRequest, News, WorkerSetting
from waystage.execution.peers import Gather, Reason, SharedStage, error_of_peers
from waystage.execution.worker import Control, Worker
from waystage.store.canonical import canonical_json
from waystage.store.files import write_atomically

if TYPE_CHECKING:
    from waystage.training.parallel import Group, Seat

_LAST_WORD_SECONDS = 3.0
"""What a process says of its end is waited for so long, where the connection to it is gone."""
_POLL_SECONDS = 0.1
_OVER_NAME = "over"


@dataclass(frozen=True, slots=True)
class Launch:
    """One start of all processes of a stage, as each of them knows it.

    Attributes:
        name: of this start; no other has it.
        address: of this process's machine on the network of the cluster.
        rank: of this process, in ``n_processes`` on all machines.
        local_rank: among the ``n_local`` of its machine that see the same GPUs.
        folder: where they find one another; None is one in the folder of the run.
    """

    name: str
    address: str
    rank: int
    n_processes: int
    local_rank: int = 0
    n_local: int = 1
    folder: Path | None = None

    @property
    def seat(self) -> Seat:
        """The same for torch."""
        from waystage.training.parallel import Seat

        return Seat(self.rank, self.n_processes, self.local_rank, self.n_local)


def lead(request: JobRequest, setting: WorkerSetting, launch: Launch, control: Control) -> News:
    """In the first process: do a job together with the others; what became of it."""
    folder = _folder(setting, request, launch)
    worker = Worker(setting.store, setting.n_threads, setting.trust_remote_code, gather=_gathering(folder, launch))
    try:
        return attempt_elsewhere(request, worker, control, setting)
    finally:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _OVER_NAME).touch()


def take_part(
    request: JobRequest, setting: WorkerSetting, launch: Launch, control: Control | None = None
) -> Reason | None:
    """In another process: train in the same steps, and keep nothing. Why it could not, which the first one is told."""
    from waystage.training.meeting import met

    folder = _folder(setting, request, launch)
    worker = Worker(setting.store, setting.n_threads, setting.trust_remote_code)
    try:
        _check_that_it_is_seen(setting)
        with (
            met(folder, launch.seat, launch.address, (folder / _OVER_NAME).exists) as group,
            tempfile.TemporaryDirectory() as result,
        ):
            if group is not None:
                worker.take_part(request.node, Path(result), control or Control(), group)
    except Interrupted:
        return None
    except WaystageError as error:
        return _said(folder, launch, Reason(str(error), is_final=not isinstance(error, LostPeerError)))
    except RuntimeError as error:
        return _said(folder, launch, Reason(first_line(error)))
    return None


def await_end(request: JobRequest, setting: WorkerSetting, launch: Launch, seconds: float) -> None:
    """Let the first process say its last word, for so long at most."""
    _wait((_folder(setting, request, launch) / _OVER_NAME).exists, seconds)


def _folder(setting: WorkerSetting, request: JobRequest, launch: Launch) -> Path:
    """Where the processes find one another; it goes with the logs of its run."""
    if launch.folder is not None:
        return launch.folder
    if setting.run_dir is None:
        raise StageError("a stage on several machines needs a run with logs: its processes find one another there")
    return setting.run_dir / "meetings" / f"{request.node.id[:16]}-{request.attempt}-{launch.name}"


def _check_that_it_is_seen(setting: WorkerSetting) -> None:
    if setting.run_dir is not None and not setting.run_dir.is_dir():
        raise StageError(f"the machine {socket.gethostname()} does not see {setting.run_dir}, as all machines have to")


def _gathering(folder: Path, launch: Launch) -> Gather:
    @contextmanager
    def gather(stage: SharedStage) -> Iterator[Group]:
        from waystage.training.meeting import met

        try:
            with met(folder, launch.seat, launch.address, lambda: False) as group:
                if group is not None:
                    yield group
        except RuntimeError as error:
            raise error_of_peers(_reasons(folder), launch.n_processes, error) from None

    return gather


def _said(folder: Path, launch: Launch, reason: Reason) -> Reason:
    """Leave a reason where the first process looks for it, with the machine's name."""
    text = f"{reason.text} (on {socket.gethostname()}, process {os.getpid()})"
    facts = {"text": text, "is_final": reason.is_final}
    try:
        write_atomically(folder / f"reason-{launch.rank}.json", canonical_json(facts), durable=False)
    except WaystageError:
        return reason
    return Reason(text, reason.is_final)


def _reasons(folder: Path) -> dict[int, Reason]:
    """What the other processes said of their ends; those that were killed say nothing."""
    _wait(lambda: any(folder.glob("reason-*.json")), _LAST_WORD_SECONDS)
    time.sleep(_POLL_SECONDS)
    found = {}
    for path in folder.glob("reason-*.json"):
        facts = json.loads(path.read_bytes())
        found[int(path.stem.removeprefix("reason-"))] = Reason(str(facts["text"]), bool(facts["is_final"]))
    return found


def _wait(is_true: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not is_true() and time.monotonic() < ends:
        time.sleep(_POLL_SECONDS)
