"""A run that torchrun has started once a process, by hand: the first process drives, all of them train each stage.

torchrun says by its environment which process is which, and ends them all where one ends badly. Stages are announced in
a folder of the store, under the id that torchrun was given (``--rdzv-id``) and the number of its restarts.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from waystage.errors import StudyError
from waystage.execution.executor import JobRequest, News, WorkerSetting
from waystage.execution.local import LocalExecutor
from waystage.execution.together import Launch, lead, take_part
from waystage.execution.worker import Control
from waystage.plan.nodes import Node
from waystage.store.store import Store

_NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_POLL_SECONDS = 0.2
_OVER_NAME = "run-is-over"


def torchrun_seat(environment: Mapping[str, str] | None = None) -> Launch:
    """This process as torchrun started it; ``name`` is that of the start.

    >>> seat = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "a7"}
    >>> torchrun_seat(seat | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"})
    Launch(name='a7-0', address='127.0.0.1', rank=3, n_processes=4, local_rank=1, n_local=2, folder=None)

    Raises:
        StudyError: torchrun did not start it, or was given no id.
    """
    known = os.environ if environment is None else environment
    name = known.get("TORCHELASTIC_RUN_ID", "none")
    if any(not known.get(one) for one in _NAMES) or not _ID.fullmatch(name) or name == "none":
        raise StudyError(
            "--executor torchrun is for processes that torchrun has started with an id of their own: "
            "torchrun --rdzv-id ID --rdzv-backend c10d --rdzv-endpoint HOST:PORT --nnodes M --nproc-per-node N "
            "-m waystage run ..."
        )
    rank, size, local_rank, n_local = (int(known[one]) for one in _NAMES[:4])
    name = f"{name}-{known.get('TORCHELASTIC_RESTART_COUNT', '0')}"
    try:
        address = socket.gethostbyname(known["MASTER_ADDR"])
    except OSError as error:
        raise StudyError(
            f"the machine {known['MASTER_ADDR']} that torchrun names is not known here: {error}"
        ) from error
    return Launch(name, address, rank, size, local_rank, n_local)


@dataclass(frozen=True, slots=True)
class Torchrun:
    """Jobs run in the first process, one after the other; stages are trained by all processes of torchrun."""

    seat: Launch
    name: ClassVar[str] = "torchrun"
    n_workers: ClassVar[int] = 1
    n_gpus: ClassVar[int] = 0
    n_machines: ClassVar[int] = 1

    def start(self, setting: WorkerSetting, should_stop: Callable[[], bool]) -> TorchrunExecutor:
        """The executor, in the first process."""
        return TorchrunExecutor(self.seat, setting, should_stop)


class TorchrunExecutor(LocalExecutor):
    """Does one job after the other in the first process; a training together with the other processes."""

    def __init__(self, seat: Launch, setting: WorkerSetting, should_stop: Callable[[], bool]) -> None:
        super().__init__(setting, should_stop)
        self._seat, self._folder = seat, _folder(setting.store, seat)

    def _do(self, request: JobRequest, control: Control) -> News:
        if request.node.kind != "train":
            return super()._do(request, control)
        folder = self._folder / f"{request.node.id}.{secrets.token_hex(8)}"
        return lead(request, self._setting, replace(self._seat, folder=folder), control)

    def __enter__(self) -> Self:
        """Begin to announce stages."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._folder.mkdir(mode=0o700)
        except FileExistsError:
            message = f"torchrun was given the id {self._seat.name.rpartition('-')[0]} before; choose another --rdzv-id"
            raise StudyError(message) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the other processes go."""
        (self._folder / _OVER_NAME).touch()


def follow(seat: Launch, store: Store, asked: Callable[[str], tuple[Node, WorkerSetting]]) -> None:
    """In each other process: take part in each stage that the first one announces, until the run is over.

    ``asked`` gives the stage with an id. Ctrl-C and SIGTERM are for the first process to hear, which saves; torchrun
    ends the others a little later.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    session, known = _folder(store, seat), set[Path]()
    while not (session / _OVER_NAME).exists():
        announced = {path for path in session.glob("*.*") if path.is_dir()} - known
        known |= announced
        for folder in sorted(announced):
            node, setting = asked(folder.name.partition(".")[0])
            take_part(JobRequest(node), setting, replace(seat, folder=folder))
        time.sleep(_POLL_SECONDS)


def _folder(store: Store, seat: Launch) -> Path:
    return store.root / "torchrun" / seat.name
