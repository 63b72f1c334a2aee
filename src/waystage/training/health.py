"""Bad states of a stage: a loss that is not finite or explodes, too little memory. Torch.

A loss explodes when its mean over five steps is more than ten times that of the first step (of 1, if that is larger).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from waystage.errors import NotEnoughMemoryError, StageError
from waystage.training.resume import Progress

_MAX_IDS = 32
_N_RECENT = 5
_FACTOR = 10.0
_LEAST_LOSS = 1.0
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")


class DivergedError(Exception):
    """A step whose result must not be used."""

    def __init__(self, what: str, *, keeps_weights: bool) -> None:
        self.keeps_weights = keeps_weights
        super().__init__(what)


def require_finite(what: str, value: float) -> None:
    """Before a step is made: the weights are still those of the step before.

    Raises:
        DivergedError: ``value`` is not finite.
    """
    if not math.isfinite(value):
        raise DivergedError(f"the {what} is {value}", keeps_weights=True)


def note_loss(progress: Progress, loss: float, member: int = 0) -> None:
    """Note the mean loss of a step, which is of one member of a mixture.

    Losses of different objectives are of different size, so each is set against the first one of its own.

    Raises:
        DivergedError: the loss explodes.
    """
    first = progress.first_losses.setdefault(str(member), loss)
    least = max(_LEAST_LOSS, first)
    progress.recent_losses = [*progress.recent_losses, loss / least][-_N_RECENT:]
    recent = sum(progress.recent_losses) / len(progress.recent_losses)
    if len(progress.recent_losses) == _N_RECENT and recent > _FACTOR:
        found = f"{first:.3g} at first, {recent * least:.3g} over the last {_N_RECENT} steps"
        raise DivergedError(f"the loss explodes ({found})", keeps_weights=False)


@contextmanager
def guarded(names: Callable[[], Sequence[str]], step: int, keep: Callable[[bool], str | None]) -> Iterator[None]:
    """Turns what goes wrong in a step into an error that says where.

    Args:
        names: the ids of the examples of the step.
        step: its number.
        keep: told whether the weights are still good, so that they can be saved; says which checkpoint there is.

    Raises:
        StageError: the loss is not finite, or explodes.
        NotEnoughMemoryError: there is too little memory.
    """
    try:
        yield
    except DivergedError as found:
        ids, checkpoint = list(names()), keep(found.keeps_weights)
        more = f" and {len(ids) - _MAX_IDS} more" if len(ids) > _MAX_IDS else ""
        kept = f"the last good checkpoint is {checkpoint}" if checkpoint else "there is no checkpoint before it"
        raise StageError(
            f"{found} at step {step}, on the examples {', '.join(ids[:_MAX_IDS])}{more}; {kept}; "
            "a lower learning_rate or a longer warmup_fraction usually mends this"
        ) from None
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise NotEnoughMemoryError(f"step {step}") from error
        raise


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is too little memory; on the CPU torch has no class of its own for that."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(words in str(error).lower() for words in _OUT_OF_MEMORY)
