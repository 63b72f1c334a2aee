"""What a job needs, and how much of it is free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from waystage.plan.nodes import Node

# A process with torch and transformers loaded, before any model.
BARE_PROCESS_BYTES = 600_000_000


@dataclass(frozen=True, slots=True)
class Resources:
    """What a job asks for, or what a place has. None of it changes results, but ``n_cores``, which is the threads.

    Attributes:
        n_cores: of one process; it computes with as many threads.
        n_gpus: of one process.
        memory_bytes: of all processes together.
        n_processes: processes of one process group that train one stage together; they start and end as one.
        n_machines: that these processes are on, as many on each.
    """

    n_cores: int = 1
    n_gpus: int = 0
    memory_bytes: int = 0
    n_processes: int = 1
    n_machines: int = 1

    @property
    def on_one_machine(self) -> Resources:
        """What a job asks of each machine that it is on."""
        memory_bytes, n_processes = self.memory_bytes // self.n_machines, self.n_processes // self.n_machines
        return Resources(self.n_cores, self.n_gpus, memory_bytes, n_processes)

    @property
    def total_cores(self) -> int:
        """Cores of all processes."""
        return self.n_cores * self.n_processes

    @property
    def total_gpus(self) -> int:
        """GPUs of all processes."""
        return self.n_gpus * self.n_processes


@dataclass(slots=True)
class Room:
    """What of a place is taken. ``capacity`` may change while jobs are in it: a cluster gains and loses machines.

    >>> room = Room(Resources(n_cores=4, memory_bytes=100))
    >>> room.take("a", Resources(n_cores=2, memory_bytes=90)), room.take("b", Resources(memory_bytes=20))
    (True, False)
    >>> room.give_back("a"); room.take("b", Resources(memory_bytes=20))
    True
    """

    capacity: Resources
    taken: dict[str, Resources] = field(default_factory=dict)

    def take(self, name: str, needs: Resources) -> bool:
        """Take what a job needs, if it is free; an empty place takes a job even if its memory seems too small."""
        used = self.taken.values()
        fits = (
            sum(one.total_cores for one in used) + needs.total_cores <= self.capacity.total_cores
            and sum(one.total_gpus for one in used) + needs.total_gpus <= self.capacity.total_gpus
            and (not used or sum(one.memory_bytes for one in used) + needs.memory_bytes <= self.capacity.memory_bytes)
        )
        if fits:
            self.taken[name] = needs
        return fits

    def give_back(self, name: str) -> None:
        """What a job held is free again."""
        self.taken.pop(name, None)


NeedsOf: TypeAlias = Callable[[Node], Resources]
"""What a planned stage needs."""


def needs_of(node: Node, n_threads: int, n_gpus: int = 0, n_processes: int = 1, n_machines: int = 1) -> Resources:
    """What a node needs where each job computes with ``n_threads`` threads and, if it runs a model, ``n_gpus`` GPUs.

    Stages are trained by ``n_processes`` on each of ``n_machines``, with so much each. Scores are counted on one core
    without a GPU. Memory is the estimate of the plan and a process with torch in it.
    """
    if node.kind == "score":
        return Resources(memory_bytes=BARE_PROCESS_BYTES // 2)
    uses_gpu = n_gpus if node.kind in ("train", "predict") else 0
    n_on_machine, n_machines = (n_processes, n_machines) if node.kind == "train" else (1, 1)
    n_taking_part = n_on_machine * n_machines
    memory_bytes = n_taking_part * (round(node.work.memory_bytes) + BARE_PROCESS_BYTES)
    return Resources(n_threads, uses_gpu, memory_bytes, n_taking_part, n_machines)
