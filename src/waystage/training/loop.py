"""The training loop. Everything that is trained goes through :func:`train`. Torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch

from waystage.errors import Interrupted
from waystage.kinds.objective import Indices, MicroBatch, Objective
from waystage.seeds import derive_seed
from waystage.study.study import Precision, Training
from waystage.training import resume
from waystage.training.health import guarded, note_loss, require_finite
from waystage.training.mixing import make_order
from waystage.training.parallel import Alone, Group, micro_batch_size, share
from waystage.training.schedule import count_steps, learning_rate
from waystage.training.selection import Evaluation, Selector, copied
from waystage.training.trainable import Trainable, make_optimiser, set_dropout

OnStep = Callable[[int, int], None]
"""Called after each step with the steps done and the steps in all."""


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """What may differ between two runs of the same stage without changing its result.

    Attributes:
        work_dir: where checkpoints inside the stage live; None keeps none.
        checkpoint_seconds: time between two checkpoints.
        on_step: told about progress.
        on_progress: told the same in full, before ``on_step``; it reads and changes nothing.
        should_stop: asked after each step; True saves a checkpoint and raises :class:`Interrupted`.
        joules: energy that the machine has used since training began, where it tells.
        group: the processes that train together; only the first one writes checkpoints. It changes results by the
            order of sums alone.
    """

    work_dir: Path | None = None
    checkpoint_seconds: float = 20.0
    on_step: OnStep | None = None
    should_stop: Callable[[], bool] | None = None
    joules: Callable[[], float | None] = lambda: None
    group: Group = field(default_factory=Alone)
    on_progress: Callable[[resume.Progress, int], None] | None = None


@dataclass(frozen=True, slots=True)
class TrainingCost:
    """What a stage cost, and its mean loss over all steps.

    ``n_steps`` are those that were made, ``n_terms`` the summands of the loss in all of them; ``evaluations`` are the
    scores on validation data, in order, if there are any. ``n_computed_tokens`` are positions that went through the
    encoder, padding among them where it is computed. ``joules`` is None where the machine does not tell.
    """

    n_steps: int
    n_examples: int
    n_text_tokens: int
    n_computed_tokens: int
    seconds: float
    mean_loss: float
    n_terms: int = 0
    joules: float | None = None
    evaluations: tuple[Evaluation, ...] = ()


def train(
    trainable: Trainable,
    objective: Objective,
    training: Training,
    seed: int,
    settings: LoopSettings,
    selector: Selector | None = None,
) -> TrainingCost:
    """Train encoder and head on an objective, in place.

    The result depends on the arguments but ``settings`` and on nothing else: batches, dropout and masks of a step are
    functions of ``seed`` and the step. With a ``selector``, what is left at the end is the checkpoint that it takes;
    without one, it is the last.

    Raises:
        StageError: there is nothing to train on, or the loss is not finite or explodes (the message names step,
            examples and the last good checkpoint).
        NotEnoughMemoryError: there is too little memory for a step.
        Interrupted: ``settings.should_stop`` said so.
    """
    order = make_order(objective.strands, training.batch_size, seed)
    n_steps = count_steps(order, training)
    set_dropout(trainable.encoder, training.dropout)
    trainable.stream_dropout()
    optimiser = make_optimiser(trainable, training)
    progress = resume.Progress()
    if settings.work_dir is not None:
        restore = partial(resume.restore, settings.work_dir, trainable, optimiser, training.micro_batch_size)
        progress = resume.restore_together(restore, settings.group)
    trainable.set_training(True)
    own_dir = settings.work_dir if settings.group.rank == 0 else None
    saved_at = started = time.monotonic()
    seconds_before, joules_before = progress.seconds, progress.joules
    batches = order.batches(progress.step)
    while progress.step < n_steps and not (selector and selector.has_given_up(progress.evaluations)):
        indices = next(batches)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(progress.step, n_steps, training)
        step = progress.step
        keep = partial(_keep, own_dir, trainable, optimiser, progress, training)
        with guarded(partial(objective.names, indices), step, keep):
            _step(trainable, objective, optimiser, training, indices, seed, progress, settings.group)
        is_last = progress.step == n_steps
        if selector and (is_last or progress.step % selector.interval(order.n_steps_per_epoch) == 0):
            _evaluate(selector, trainable, progress)
        now = time.monotonic()
        progress.seconds = seconds_before + now - started
        progress.joules = _sum(joules_before, settings.joules())
        if settings.on_progress is not None:
            settings.on_progress(progress, n_steps)
        if settings.on_step is not None:
            settings.on_step(progress.step, n_steps)
        is_told = settings.should_stop is not None and settings.should_stop()
        is_stopped = any(settings.group.total([is_told]))
        is_due = is_stopped or now - saved_at >= settings.checkpoint_seconds
        if own_dir is not None and is_due and not is_last:
            resume.save(own_dir, trainable, optimiser, progress, training.micro_batch_size)
            saved_at = now
        if is_stopped and not is_last:
            raise Interrupted
    trainable.set_training(False)
    if progress.best:
        trainable.load(progress.best)
    return TrainingCost(
        n_steps=progress.step,
        n_examples=progress.n_examples,
        n_text_tokens=progress.n_text_tokens,
        n_computed_tokens=progress.n_computed_tokens,
        seconds=progress.seconds,
        mean_loss=progress.loss_sum / max(1, progress.n_terms),
        n_terms=progress.n_terms,
        joules=progress.joules if progress.step else None,
        evaluations=tuple(progress.evaluations),
    )


def _evaluate(selector: Selector, trainable: Trainable, progress: resume.Progress) -> None:
    """Score the checkpoint of this step, and keep its weights if it is the best so far."""
    trainable.set_training(False)
    progress.evaluations.append(selector.evaluation(progress.step))
    trainable.set_training(True)
    if selector.is_best(progress.evaluations):
        progress.best = copied(trainable.parameters())


def _step(  # noqa: PLR0913
    trainable: Trainable,
    objective: Objective,
    optimiser: torch.optim.AdamW,
    training: Training,
    indices: Indices,
    seed: int,
    progress: resume.Progress,
    group: Group,
) -> None:
    """One optimiser step over one batch, in micro-batches."""
    device = next(trainable.head.parameters()).device
    size = micro_batch_size(training, len(indices), group)
    micro_batches = {
        at: objective.micro_batch(indices[at : at + size], derive_seed(seed, "inputs", progress.step, at), device)
        for at in share(range(0, len(indices), size), group)
    }
    own = micro_batches.values()
    n_computed = sum(b.n_computed_tokens(trainable.encoder) for b in own)
    counts = [sum(b.n_terms for b in own), sum(b.n_text_tokens for b in own), n_computed]
    # All micro-batches of a step are of one member of a mixture; some process has the first one.
    first_member = micro_batches[0].member if 0 in micro_batches else 0
    n_terms, n_text_tokens, n_computed_tokens, member = map(int, group.total([*counts, first_member]))
    optimiser.zero_grad(set_to_none=True)
    dropout_seed = derive_seed(seed, "dropout", progress.step)
    lower = torch.autocast(device.type, torch.bfloat16, enabled=training.precision is Precision.BFLOAT16)
    own_loss_sum = _accumulate(trainable, objective, micro_batches, n_terms, dropout_seed, lower)
    (loss_sum,) = group.total([own_loss_sum])
    require_finite("loss", loss_sum)
    parameters = list(trainable.parameters().values())
    group.sum_gradients(parameters)
    norm = torch.nn.utils.get_total_norm([part.grad for part in parameters if part.grad is not None])
    require_finite("norm of the gradient", float(norm))
    if float(norm) > training.clip_norm:
        torch.nn.utils.clip_grads_with_norm_(parameters, training.clip_norm, norm)
    note_loss(progress, loss_sum / max(1, n_terms), member)
    optimiser.step()
    progress.step += 1
    progress.n_examples += len(indices)
    progress.n_text_tokens += n_text_tokens
    progress.n_computed_tokens += n_computed_tokens
    progress.loss_sum += loss_sum
    progress.n_terms += n_terms


def _keep(
    folder: Path | None,
    trainable: Trainable,
    optimiser: torch.optim.AdamW,
    progress: resume.Progress,
    training: Training,
    is_good: bool,
) -> str | None:
    """Save the weights if they are good; which checkpoint there is, if there is one."""
    if folder is None:
        return None
    if is_good and progress.step:
        resume.save(folder, trainable, optimiser, progress, training.micro_batch_size)
    step = resume.saved_step(folder)
    return None if step is None else f"that after {step} steps, in {folder}"


def _sum(before: float | None, since: float | None) -> float | None:
    return None if before is None or since is None else before + since


def _accumulate(
    trainable: Trainable,
    objective: Objective,
    micro_batches: Mapping[int, MicroBatch],
    n_terms: int,
    dropout_seed: int,
    precision: torch.autocast,
) -> float:
    """Gradients of the mean loss over all micro-batches of the step; returns the summed loss of those given.

    Dropout belongs to a micro-batch (by its place in the batch), whatever was done before it and whoever does it.
    """
    total = torch.zeros((), dtype=torch.float64, device=next(trainable.head.parameters()).device)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        for at, batch in micro_batches.items():
            trainable.noise.restart(derive_seed(dropout_seed, "micro-batch", at))
            torch.manual_seed(derive_seed(dropout_seed, "micro-batch", at))
            with precision:
                loss_sum = objective.loss_sum(trainable.encoder, trainable.head, batch)
            (loss_sum / max(1, n_terms)).backward()  # type: ignore[no-untyped-call]
            total += loss_sum.detach()
    return float(total)
