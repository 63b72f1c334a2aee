"""Checkpoints inside a stage: everything that a killed stage needs to go on as if nothing had happened. Torch.

A checkpoint has its digest in its name, so that one whose bytes changed is passed over, and the stage starts anew.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from waystage.errors import StageError
from waystage.store.canonical import digest_file
from waystage.store.files import sync, writing_tensors
from waystage.training.parallel import Group
from waystage.training.selection import Evaluation
from waystage.training.trainable import Trainable

_PREFIX, _SUFFIX = "checkpoint-", ".safetensors"
# ``step`` counts a parameter's own updates: the head of one part of a mixture rests while others are trained.
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")
_BEST = "best/"
_N_LOOKS, _LOOK_SECONDS = 60, 1.0
"""Network folders remember for up to a minute what was in them."""
_COUNTS = ("step", "n_examples", "n_text_tokens", "n_computed_tokens", "n_terms")


@dataclass(slots=True)
class Progress:
    """How far a stage is. The order of examples, masks and dropout follow from the step, so they are not stored.

    ``joules`` is None where the machine does not tell; ``first_losses`` (by member of a mixture) are means over the
    terms of a step; ``best`` holds the parameters of the best checkpoint among ``evaluations``, by name.
    """

    step: int = 0
    n_examples: int = 0
    n_text_tokens: int = 0
    n_computed_tokens: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    n_terms: int = 0
    joules: float | None = 0.0
    first_losses: dict[str, float] = field(default_factory=dict)
    recent_losses: list[float] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)


def save(
    folder: Path,
    trainable: Trainable,
    optimiser: torch.optim.AdamW,
    progress: Progress,
    micro_batch_size: int | None,
) -> None:
    """Replace the checkpoint in ``folder`` atomically.

    Raises:
        StoreError: it cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    for name, parameter in trainable.parameters().items():
        tensors[f"value/{name}"] = parameter.detach()
        state = optimiser.state.get(parameter, {})
        for moment in _MOMENTS:
            if moment in state:
                tensors[f"{moment}/{name}"] = state[moment]
    tensors |= {f"{_BEST}{name}": tensor for name, tensor in progress.best.items()}
    metadata = {
        **{name: str(getattr(progress, name)) for name in _COUNTS},
        "seconds": repr(progress.seconds),
        "loss_sum": repr(progress.loss_sum),
        "micro_batch_size": str(micro_batch_size),
        "losses": json.dumps([progress.first_losses, progress.recent_losses]),
        "joules": json.dumps(progress.joules),
        "evaluations": json.dumps([[made.step, dict(made.scores)] for made in progress.evaluations]),
    }
    draft = folder / f"{os.getpid()}.tmp"
    with writing_tensors(draft):
        folder.mkdir(parents=True, exist_ok=True)
        before = _checkpoints(folder)
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, draft, metadata=metadata)
        sync(draft)
        path = folder / f"{_PREFIX}{digest_file(draft)}{_SUFFIX}"
        os.replace(draft, path)
        sync(folder)
        for other in before:
            if other != path:
                other.unlink(missing_ok=True)


def _checkpoints(folder: Path) -> list[Path]:
    """One file, or two where a process was killed between writing one and removing the other."""
    return sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))


def _intact(folder: Path) -> Iterator[tuple[dict[str, str], dict[str, Tensor]]]:
    """Metadata and tensors of each checkpoint whose bytes are those that were written."""
    for path in _checkpoints(folder):
        try:
            if path.name != f"{_PREFIX}{digest_file(path)}{_SUFFIX}":
                continue
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                if not metadata.get("step", "").isdigit():
                    continue
                yield metadata, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError):
            continue


def saved_step(folder: Path) -> int | None:
    """Steps behind the checkpoint in ``folder``; None where there is none that can be read."""
    return max((int(metadata["step"]) for metadata, _ in _intact(folder)), default=None)


def restore(folder: Path, trainable: Trainable, optimiser: torch.optim.AdamW, micro_batch_size: int | None) -> Progress:
    """Load the checkpoint in ``folder``, if there is a readable one that fits; otherwise start from step 0.

    One that was made with micro-batches of another size does not fit: its masks and dropout are others.
    """
    found = max(_intact(folder), key=lambda checkpoint: int(checkpoint[0]["step"]), default=None)
    if found is None:
        return Progress()
    metadata, tensors = found
    parameters = trainable.parameters()
    is_of_this_form = metadata.keys() >= {*_COUNTS, "losses", "joules"}
    is_of_this_form = is_of_this_form and metadata.get("micro_batch_size") == str(micro_batch_size)
    saved = {name for name in tensors if name.startswith("value/")}
    if not is_of_this_form or {f"value/{name}" for name in parameters} != saved:
        return Progress()
    if any(name.replace("exp_avg", "step", 1) not in tensors for name in tensors if name.startswith("exp_avg/")):
        return Progress()  # it was left by a version that kept one count for all
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[f"value/{name}"])
            _restore_moments(optimiser, parameter, {m: tensors.get(f"{m}/{name}") for m in _MOMENTS})
    return Progress(
        **{name: int(metadata[name]) for name in _COUNTS},
        seconds=float(metadata["seconds"]),
        loss_sum=float(metadata["loss_sum"]),
        joules=json.loads(metadata["joules"]),
        first_losses=json.loads(metadata["losses"])[0],
        recent_losses=json.loads(metadata["losses"])[1],
        evaluations=[Evaluation(step, scores) for step, scores in json.loads(metadata.get("evaluations", "[]"))],
        best={
            name: tensors[f"{_BEST}{name}"].to(parameter.device)
            for name, parameter in parameters.items()
            if f"{_BEST}{name}" in tensors
        },
    )


def restore_together(restore: Callable[[], Progress], group: Group) -> Progress:
    """What ``restore`` gives in every process: the same checkpoint, which a network folder may show to some later.

    Raises:
        StageError: some processes do not see the checkpoint of the others.
    """
    progress = restore()
    for _ in range(_N_LOOKS):
        steps = group.total([progress.step if rank == group.rank else 0 for rank in range(group.size)])
        if len(set(steps)) == 1:
            return progress
        time.sleep(_LOOK_SECONDS)
        if progress.step < max(steps):
            progress = restore()
    seen = ", ".join(f"process {rank}: {step:.0f}" for rank, step in enumerate(steps))
    raise StageError(f"the processes that train this stage see checkpoints after different numbers of steps ({seen})")


def _restore_moments(
    optimiser: torch.optim.AdamW,
    parameter: torch.nn.Parameter,
    moments: dict[str, Tensor | None],
) -> None:
    if any(moment is None for moment in moments.values()):
        return
    optimiser.state[parameter] = {
        name: moment.to(parameter.device) for name, moment in moments.items() if moment is not None
    }
