"""Layers that are laid out for predictions give the states of the model's own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.encoders.test_attention import LAID_OUT, batch_of
from waystage.encoders import packed
from waystage.encoders.model import Encoder, load_encoder
from waystage.encoders.packed import PackedLayers

needs_products = pytest.mark.skipif(not packed._has_products(), reason="no oneDNN with bfloat16 on this machine")
BATCHES = [(9, 4), (4, 9, 4, 12, 9), (7, 7, 7), (2,), (3, 2, 60)]


@pytest.fixture(params=LAID_OUT)
def encoder(request: pytest.FixtureRequest, architecture_dirs: dict[str, Path]) -> Encoder:
    return load_encoder(architecture_dirs[request.param])


@needs_products
@pytest.mark.parametrize("lengths", BATCHES)
@pytest.mark.parametrize("layer", [0, 1, None])
def test_states_are_those_of_float32_but_for_rounding(
    encoder: Encoder, lengths: tuple[int, ...], layer: int | None
) -> None:
    batch = batch_of(*lengths)
    with torch.inference_mode():
        exact = encoder(batch, layer)
        encoder.multiply_in_bfloat16()
        rounded = encoder(batch, layer)
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, exact, atol=0.06, rtol=0.0)
    assert not rounded[~batch.attention_mask].any()
    assert torch.equal(rounded, exact) == (layer == 0)


@needs_products
def test_rounding_is_no_worse_than_that_of_autocast(encoder: Encoder) -> None:
    batch = batch_of(5, 11, 5, 8, 40, 40)
    exact = encoder(batch)
    encoder.multiply_in_bfloat16()
    by_autocast = (encoder(batch) - exact).square().mean()
    with torch.no_grad():
        ours = (encoder(batch) - exact).square().mean()
    assert 0 < ours <= by_autocast * 1.2


@needs_products
def test_large_states_show_each_bias_and_norm(encoder: Encoder) -> None:
    """Random weights are small: with large ones, whatever is left out or put at a wrong place is seen."""
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for name, part in encoder.model.named_parameters():
            if part.ndim == 1:
                part.add_(torch.randn(part.shape, generator=generator) * (0.3 if "LayerNorm" in name else 1.0))
    batch = batch_of(6, 3, 6)
    with torch.inference_mode():
        exact = encoder(batch)
        encoder.multiply_in_bfloat16()
        rounded = encoder(batch)
    torch.testing.assert_close(rounded, exact, atol=0.1, rtol=0.02)


def test_other_architectures_are_not_laid_out(architecture_dirs: dict[str, Path]) -> None:
    found = {
        name: PackedLayers.of(load_encoder(folder).model) is not None for name, folder in architecture_dirs.items()
    }
    expected = set(LAID_OUT) if packed._has_products() else set()
    assert {name for name, is_laid_out in found.items() if is_laid_out} == expected


def test_without_such_products_autocast_rounds(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_has_products", lambda: False)
    batch = batch_of(5, 9)
    encoder.multiply_in_bfloat16()
    with torch.no_grad():
        rounded = encoder(batch)
    torch.testing.assert_close(rounded, encoder(batch), atol=0.0, rtol=0.0)


def test_another_activation_is_not_laid_out(encoder: Encoder) -> None:
    encoder.config.hidden_act = "relu"
    assert PackedLayers.of(encoder.model) is None
