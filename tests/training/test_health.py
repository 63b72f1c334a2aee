"""Bad states: what stops a stage, what is said, what is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.training.builders import OBJECTIVES, TEXTS, classification, masked_lm
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import NotEnoughMemoryError, StageError
from waystage.kinds.objective import MicroBatch, Objective
from waystage.study.study import Training
from waystage.training import resume
from waystage.training.health import DivergedError, is_out_of_memory, note_loss
from waystage.training.loop import LoopSettings
from waystage.training.stage import StageInputs, run_stage

TRAINING = Training(steps=12, learning_rate=1e-3, batch_size=4, warmup_fraction=0.2)


def spoil(objective: Objective, bad: dict[int, float | Exception]) -> list[np.ndarray]:
    """Make the loss of some steps (from 0) what is given; returns the batches as they come."""
    plain_loss, plain_batch, batches = objective.loss_sum, objective.micro_batch, list[np.ndarray]()

    def micro_batch(indices: np.ndarray, seed: int, device: torch.device) -> MicroBatch:
        batches.append(indices)
        return plain_batch(indices, seed, device)

    def loss_sum(encoder: Encoder, head: nn.Module, batch: MicroBatch) -> Tensor:
        made = plain_loss(encoder, head, batch)
        found = bad.get(len(batches) - 1, 1.0)
        if isinstance(found, Exception):
            raise found
        return made * found

    objective.loss_sum, objective.micro_batch = loss_sum, micro_batch  # type: ignore[method-assign]
    return batches


def run(pretrained: Encoder, objective: Objective, folder: Path, every_seconds: float = 1e9) -> None:
    settings = LoopSettings(work_dir=folder / "work", checkpoint_seconds=every_seconds)
    run_stage(StageInputs(pretrained, None, 2), objective, TRAINING, 5, settings, folder / "weights")


def test_a_loss_that_is_not_a_number_names_the_examples_and_keeps_the_weights_before_it(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    objective = classification(tokenizer)
    batches = spoil(objective, {7: float("nan")})
    with pytest.raises(StageError) as caught:
        run(pretrained, objective, tmp_path)
    ids = ", ".join(TEXTS[index].id for index in batches[7])
    assert f"the loss is nan at step 7, on the examples {ids}; " in str(caught.value)
    assert f"the last good checkpoint is that after 7 steps, in {tmp_path / 'work'}" in str(caught.value)
    assert resume.saved_step(tmp_path / "work") == 7
    # What is kept is what an untroubled stage has there: going on from it gives the same bytes.
    run(pretrained, classification(tokenizer), tmp_path)
    untroubled = tmp_path / "untroubled"
    untroubled.mkdir()
    run(pretrained, classification(tokenizer), untroubled)
    assert (tmp_path / "weights").read_bytes() == (untroubled / "weights").read_bytes()


def test_a_loss_that_explodes_stops_the_stage_and_keeps_the_checkpoint_before(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    objective = classification(tokenizer)
    spoil(objective, dict.fromkeys(range(4, 12), 100.0))
    with pytest.raises(StageError, match=r"the loss explodes .* at step \d, on the examples .* that after \d steps"):
        run(pretrained, objective, tmp_path, every_seconds=0.0)


def test_without_a_checkpoint_none_is_promised(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    objective = classification(tokenizer)
    spoil(objective, {0: float("inf")})
    with pytest.raises(StageError, match=r"is inf at step 0.*; there is no checkpoint before it"):
        run(pretrained, objective, tmp_path)


def test_a_loss_explodes_only_when_it_stays_high() -> None:
    progress = resume.Progress()
    for loss in (0.7, 20.0, 0.5, 0.4, 0.1, 0.01, 9.0, 9.0, 9.0, 9.0, 9.0, 11.0, 11.0):
        note_loss(progress, loss)
    progress.recent_losses = [9.9, 11.0, 11.0, 11.0]
    with pytest.raises(DivergedError, match=r"explodes \(0.7 at first, 10.6 over the last 5 steps\)"):
        note_loss(progress, 10.0)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_every_kind_knows_its_examples(tokenizer: SubwordTokenizer, kind: str) -> None:
    objective = OBJECTIVES[kind](tokenizer)
    names, start = [], 0
    for strand in objective.strands:
        names += objective.names(np.arange(start, start + len(strand.lengths)))
        start += len(strand.lengths)
    if kind == "masked-lm":
        assert {name.split()[0] for name in names} == {"de", "en"}
    elif kind == "translation-lm":
        assert {name.rpartition(" ")[0] for name in names} == {"de+en pair"}
    elif kind == "mixture":
        ids = [text.id for text in TEXTS]
        assert names[: 2 * len(ids)] == ids * 2
        assert {name.split()[0] for name in names[2 * len(ids) :]} == {"de", "en", "de+en"}
    else:
        assert names == [text.id for text in TEXTS]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: not enough memory: you tried to allocate"
        ),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes. Error code 12"),
        MemoryError(),
    ],
)
def test_too_little_memory_is_recognised(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path, error: Exception
) -> None:
    assert is_out_of_memory(error)
    objective = masked_lm(tokenizer)
    spoil(objective, {2: error})
    with pytest.raises(NotEnoughMemoryError, match="step 2"):
        run(pretrained, objective, tmp_path)


def test_another_error_stays_what_it_is(pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    objective = classification(tokenizer)
    spoil(objective, {1: RuntimeError("mat1 and mat2 shapes cannot be multiplied")})
    with pytest.raises(RuntimeError, match="shapes"):
        run(pretrained, objective, tmp_path)
