"""A stage that needs more memory than there is: it starts again with half the sequences in a forward pass."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from waystage.errors import NotEnoughMemoryError, StageError
from waystage.plan.nodes import SupervisedJob, TrainJob
from waystage.tasks.kinds import KINDS

_LOG = logging.getLogger("waystage")
_ResultT = TypeVar("_ResultT")


def fitting(
    job: TrainJob, train: Callable[[int | None], _ResultT], label: str, n_processes: int = 1
) -> tuple[_ResultT, int | None]:
    """What ``train`` gives with the largest micro-batch that fits, and the size of that.

    The batch of an optimiser step stays what it is, and the stage begins anew, so that its result is, to the byte, that
    of a stage with this ``micro_batch_size``.

    Args:
        job: the stage.
        train: trains with so many sequences in a forward pass (None: all of a batch).
        label: of the stage.
        n_processes: that train together; more than one cannot begin anew by themselves.

    Raises:
        StageError: a single sequence is too much, or the size of a micro-batch decides what is learned.
    """
    size = job.training.micro_batch_size
    is_dual = isinstance(job.objective, SupervisedJob) and KINDS[job.objective.kind_name].is_dual_encoder
    if is_dual and n_processes > 1 and size is None:
        raise StageError(
            "a query learns from the candidates of its micro-batch, so micro_batch_size has to be set where several "
            "processes share a stage"
        )
    while True:
        try:
            return train(size), size
        except NotEnoughMemoryError as error:
            found, smaller = str(error), (size or job.training.batch_size) // 2
        if n_processes > 1:
            raise StageError(f"not enough memory at {found}; a smaller micro_batch_size needs less")
        if is_dual:
            raise StageError(
                f"not enough memory at {found}; a query learns from the candidates of its micro-batch, so "
                "micro_batch_size is not made smaller by itself: set it, or max_tokens, in the study"
            )
        if smaller < 1:
            raise StageError(f"not enough memory at {found} for a single sequence; a smaller max_tokens needs less")
        size = smaller
        _LOG.warning(
            "%s: not enough memory at %s; it starts again with micro-batches of %d, in batches of %d as before",
            label, found, size, job.training.batch_size,
        )  # fmt: skip
