"""The other processes of a stage that several processes train together, on this machine."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from waystage.errors import Interrupted, LostPeerError, StageError, WaystageError, first_line
from waystage.plan.nodes import Node
from waystage.store.store import Store

if TYPE_CHECKING:
    from waystage.training.parallel import Group

_PARTING_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class SharedStage:
    """What every process of a stage needs to know.

    Attributes:
        n_processes: of the stage, this one among them.
        n_threads: of each process.
    """

    store: Store
    node: Node
    n_processes: int
    n_threads: int
    trust_remote_code: bool


Gather: TypeAlias = "Callable[[SharedStage], AbstractContextManager[Group]]"
"""Gives the group that a stage is trained in, for as long as that takes."""


@contextmanager
def peers(stage: SharedStage) -> Iterator[Group]:
    """Start the other processes; the group that this one, the first, trains in with them. They end with it.

    Raises:
        LostPeerError: a process ended before the stage did.
        StageError: a process says that it cannot do the stage; the message is its own.
    """
    from waystage.training.parallel import joined

    context = multiprocessing.get_context("spawn")
    meeting_point = stage.store.work_dir(stage.node.id) / f"meeting-{uuid.uuid4().hex}"
    meeting_point.parent.mkdir(parents=True, exist_ok=True)
    others: list[tuple[BaseProcess, Connection]] = []
    try:
        for rank in range(1, stage.n_processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_take_part, args=(stage, rank, meeting_point, theirs), daemon=True)
            process.start()
            theirs.close()
            others.append((process, ours))
        with joined(meeting_point, 0, stage.n_processes) as group:
            yield group
        for other, _ in others:
            other.join(_PARTING_SECONDS)
    except RuntimeError as error:
        raise _what_happened(others, error) from None
    finally:
        for other, connection in others:
            other.kill()
            other.join()
            connection.close()
        meeting_point.unlink(missing_ok=True)


def _what_happened(others: list[tuple[BaseProcess, Connection]], error: RuntimeError) -> StageError:
    reasons: dict[int, Reason] = {}
    for rank, (process, connection) in enumerate(others, start=1):
        process.join(_PARTING_SECONDS)
        if process.exitcode not in (0, None):
            reasons[rank] = Reason(f"it ended with status {process.exitcode}")
        with suppress(EOFError, OSError):
            if connection.poll():
                reasons[rank] = connection.recv()
    return error_of_peers(reasons, len(others) + 1, error)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a process cannot go on. ``is_final``: nor could it if the stage were begun again."""

    text: str
    is_final: bool = False


def error_of_peers(reasons: Mapping[int, Reason], size: int, error: RuntimeError) -> StageError:
    """What the first process says when it cannot go on with the others, whose reasons are known by their ranks.

    >>> reasons = {1: Reason("connection closed"), 2: Reason("not enough memory", is_final=True)}
    >>> error_of_peers(reasons, 3, RuntimeError())
    StageError('process 2 of the 3 that train this stage: not enough memory')
    """
    for rank, reason in sorted(reasons.items(), key=lambda item: (not item[1].is_final, item[0])):
        kind = StageError if reason.is_final else LostPeerError
        return kind(f"process {rank} of the {size} that train this stage: {reason.text}")
    return LostPeerError(f"the processes that train this stage cannot go on: {first_line(error)}")


def _take_part(stage: SharedStage, rank: int, meeting_point: Path, connection: Connection) -> None:
    """In another process: train the same stage in the same steps, and keep nothing."""
    from waystage.execution.worker import Control, Worker
    from waystage.training.parallel import joined

    parent = os.getppid()
    worker = Worker(stage.store, stage.n_threads, stage.trust_remote_code)
    control = Control(should_stop=lambda: os.getppid() != parent)
    try:
        with joined(meeting_point, rank, stage.n_processes) as group, tempfile.TemporaryDirectory() as folder:
            worker.take_part(stage.node, Path(folder), control, group)
    except Interrupted:
        return
    except WaystageError as error:
        connection.send(Reason(str(error), is_final=not isinstance(error, LostPeerError)))
    except RuntimeError as error:
        connection.send(Reason(first_line(error)))
