"""Dropout from a stream of cheap random bits."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from waystage.encoders.dropout import NoiseStream, StreamedDropout, stream_dropout

N_MASKS, SIZE = 200, torch.Size([40, 50])


@pytest.mark.parametrize("probability", [0.1, 0.5, 1 / 3, 0.9, 0.00001])
def test_rate_and_scale_are_those_of_the_probability(probability: float) -> None:
    """The share that is dropped lies within 4 standard errors; what is kept is scaled by 1 / (1 - p) exactly."""
    stream = NoiseStream()
    stream.restart(11)
    masks = torch.stack([stream.factors(SIZE, probability) for _ in range(N_MASKS)])
    n = masks.numel()
    error = math.sqrt(probability * (1 - probability) / n)
    assert float((masks == 0).double().mean()) == pytest.approx(probability, abs=4 * error)
    assert set(masks.unique().tolist()) <= {0.0, float(torch.tensor(1.0) * (1.0 / (1.0 - probability)))}


def test_the_threshold_makes_a_rate_between_two_steps_exact() -> None:
    """A probability of half of 2^-16: half of the masks drop what draws the lowest number, the others nothing."""
    stream = NoiseStream()
    stream.restart(4)
    shape = torch.Size([1 << 16])
    n_dropped = torch.tensor([float((stream.factors(shape, 0.5 / (1 << 16)) == 0).sum()) for _ in range(400)])
    assert float(n_dropped.mean()) == pytest.approx(0.5, abs=4 * float(n_dropped.std()) / 20)
    assert 120 < int((n_dropped == 0).sum()) < 360


def test_elements_are_dropped_independently_of_their_neighbours() -> None:
    stream = NoiseStream()
    stream.restart(5)
    dropped = (stream.factors(torch.Size([400_000]), 0.3) == 0).double()
    for shift in (1, 2, 3, 4, 8):
        both = float((dropped[:-shift] * dropped[shift:]).mean())
        assert both == pytest.approx(0.09, abs=0.003)


def test_a_seed_gives_its_masks_again_and_no_global_generator_is_asked() -> None:
    stream, found = NoiseStream(), []
    for seed, global_seed in ((1, 1), (1, 2), (2, 1)):
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        stream.restart(seed)
        found.append([stream.factors(SIZE, 0.1), stream.factors(SIZE, 0.1)])
        assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found[0], found[1], strict=True))
    assert not torch.equal(found[0][0], found[0][1])
    assert not torch.equal(found[0][0], found[2][0])


def test_only_training_drops_and_gradients_pass_where_values_do() -> None:
    stream = NoiseStream()
    module = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.ModuleDict({"inner": nn.Dropout(0.25)})["inner"])
    module.eval()
    stream_dropout(module, stream)
    drop = module[1]
    assert isinstance(drop, StreamedDropout)
    assert isinstance(module[2], StreamedDropout)
    assert (drop.p, module[2].p, drop.training) == (0.5, 0.25, False)
    inputs = torch.ones(SIZE, requires_grad=True)
    assert drop(inputs) is inputs
    drop.train()
    stream.restart(3)
    outputs = drop(inputs)
    outputs.sum().backward()
    assert torch.equal(inputs.grad, outputs.detach())
    drop.p = 1.0
    assert not drop(inputs).any()
    drop.p = 0.0
    assert drop(inputs) is inputs


def test_dropout_in_bfloat16_drops_what_it_drops_in_float32() -> None:
    stream, found = NoiseStream(), []
    drop = StreamedDropout(0.1, stream).train()
    for dtype in (torch.float32, torch.bfloat16):
        stream.restart(6)
        found.append(drop(torch.ones(SIZE, dtype=dtype)))
    assert found[1].dtype == torch.bfloat16
    torch.testing.assert_close(found[1], found[0].bfloat16(), atol=0.0, rtol=0.0)
