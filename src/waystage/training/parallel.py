"""Several processes train one stage: each takes some micro-batches of a step, and gradients are summed. Torch.

The step that is made is that of one process with the same micro-batches, but for the order of sums: masks and dropout
belong to a micro-batch and not to the process that has it, all processes hold the same weights, and each takes the same
optimiser step. Plain all-reduce of flattened gradients over gloo (CPU) or NCCL (GPU), so a process may be without a
micro-batch in a step, and nothing wraps the encoder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import Store  # type: ignore[attr-defined]  # public, but not marked so

from waystage.study.study import Training

_BUCKET_BYTES = 64 << 20
_INTERFACE_NAMES = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")
PATIENCE = timedelta(minutes=10)
"""A process that says nothing for so long is taken to be lost."""
_T = TypeVar("_T")


class Group(Protocol):
    """The processes that train a stage together."""

    @property
    def rank(self) -> int:
        """Number of this process, from 0; process 0 writes."""

    @property
    def size(self) -> int:
        """How many there are."""

    def total(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes."""

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Give each parameter the sum of its gradients, 0 where a process has none."""


class Alone:
    """One process."""

    rank, size = 0, 1

    def total(self, values: Sequence[float]) -> list[float]:
        """The values."""
        return list(values)

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Nothing to add."""


class ProcessGroup:
    """A process group of torch that is already there; see :func:`joined`."""

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self._device = torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")

    def total(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes, in float64."""
        sums = torch.tensor(list(values), dtype=torch.float64, device=self._device)
        dist.all_reduce(sums)
        return [float(value) for value in sums.tolist()]

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Sum gradients in buckets of some tens of megabytes."""
        bucket: list[Tensor] = []
        n_bytes = 0
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            bucket.append(parameter.grad)
            n_bytes += parameter.grad.nbytes
            if n_bytes >= _BUCKET_BYTES:
                _sum_bucket(bucket)
                bucket, n_bytes = [], 0
        _sum_bucket(bucket)


def _sum_bucket(bucket: list[Tensor]) -> None:
    if not bucket:
        return
    flat = torch.cat([gradient.reshape(-1) for gradient in bucket])
    dist.all_reduce(flat)
    for gradient, summed in zip(bucket, torch.split(flat, [g.numel() for g in bucket]), strict=True):
        gradient.copy_(summed.view_as(gradient))


def share(items: Sequence[_T], group: Group) -> list[_T]:
    """What of ``items`` this process takes: every so-manieth, so that a last short one burdens nobody twice."""
    return list(items[group.rank :: group.size])


def micro_batch_size(training: Training, batch_size: int, group: Group) -> int:
    """Sequences in one forward pass: what the study says, else the batch, divided among the processes."""
    return training.micro_batch_size or max(1, -(-batch_size // group.size))


@dataclass(frozen=True, slots=True)
class Seat:
    """Which of the processes that train a stage this one is.

    Attributes:
        rank: its number, from 0.
        size: how many processes there are on all machines.
        local_rank: its number among those of its machine that see the same GPUs, which is the GPU that it takes.
        local_size: how many those are.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int


@contextmanager
def joined(meeting_point: Path, rank: int, size: int) -> Iterator[Group]:
    """Meet the other processes of a stage on this machine, and part from them at the end.

    Args:
        meeting_point: a file that does not exist yet, the same for all; nothing listens on a port for it.
        rank: number of this process.
        size: how many meet.
    """
    loopback = "lo" if sys.platform == "linux" else None
    with grouped(Seat(rank, size, rank, size), meeting_point.absolute().as_uri(), loopback) as group:
        yield group


@contextmanager
def grouped(seat: Seat, where: Store | str, interface: str | None) -> Iterator[Group]:
    """The group of all processes that share a store of torch, or the URL of one.

    They talk through a network interface of this machine.

    Raises:
        RuntimeError: they cannot meet.
    """
    has_gpus = torch.cuda.is_available() and torch.cuda.device_count() >= seat.local_size
    if has_gpus:
        torch.cuda.set_device(seat.local_rank)
    with _talking_through(interface):
        backend = "nccl" if has_gpus else "gloo"
        how = {"init_method": where} if isinstance(where, str) else {"store": where}
        dist.init_process_group(backend, rank=seat.rank, world_size=seat.size, timeout=PATIENCE, **how)
        try:
            yield ProcessGroup()
        finally:
            dist.destroy_process_group()


@contextmanager
def _talking_through(interface: str | None) -> Iterator[None]:
    """Have gloo and NCCL use an interface, unless their own variables say another; NCCL looks when it first sends."""
    before = {name: os.environ.get(name) for name in _INTERFACE_NAMES}
    if interface is not None:
        os.environ.update({name: value or interface for name, value in before.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
