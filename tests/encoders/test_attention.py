"""Batches that are laid out without padding give what padded ones give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from waystage.encoders.attention import ATTENTION_NAME, Layout, _attend_equal
from waystage.encoders.collate import collate
from waystage.encoders.dropout import NoiseStream, StreamedDropout
from waystage.encoders.model import Encoder, TokenBatch, load_encoder

LAID_OUT = ("bert", "xlm-r")


@pytest.fixture(params=LAID_OUT)
def encoder(request: pytest.FixtureRequest, architecture_dirs: dict[str, Path]) -> Encoder:
    return load_encoder(architecture_dirs[request.param])


def batch_of(*lengths: int) -> TokenBatch:
    rng = np.random.default_rng(sum(lengths))
    ids = [np.array([0, *rng.integers(5, 60, length - 2), 2], np.int32) for length in lengths]
    types = [np.arange(length, dtype=np.int32) // (1 + length // 2) for length in lengths]
    return collate(ids, types, 1, torch.device("cpu"))


def padded(encoder: Encoder, batch: TokenBatch, layer: int | None = None) -> torch.Tensor:
    """The states as transformers computes them from a padded batch and a mask."""
    encoder._lays_out = False
    try:
        return encoder(batch, layer)
    finally:
        encoder._lays_out = True


@pytest.mark.parametrize("lengths", [(9, 4), (4, 9, 4, 12, 9), (2,), (7, 7, 7), (3, 2, 60)])
@pytest.mark.parametrize("layer", [0, 1, None])
def test_states_are_those_of_the_padded_batch(encoder: Encoder, lengths: tuple[int, ...], layer: int | None) -> None:
    batch = batch_of(*lengths)
    ours, theirs = encoder(batch, layer), padded(encoder, batch, layer)
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours[batch.attention_mask], theirs[batch.attention_mask], atol=2e-5, rtol=1e-5)
    assert not ours[~batch.attention_mask].any()


def test_gradients_are_those_of_the_padded_batch(encoder: Encoder) -> None:
    batch = batch_of(5, 11, 5, 8)
    weights = torch.randn(4, 11, encoder.hidden_size, generator=torch.Generator().manual_seed(1))
    weights[~batch.attention_mask] = 0.0
    found = []
    for states in (encoder(batch), padded(encoder, batch)):
        encoder.zero_grad()
        (states * weights).sum().backward()
        found.append({name: part.grad.clone() for name, part in encoder.named_parameters() if part.grad is not None})
    assert found[0].keys() == found[1].keys()
    for name, gradient in found[0].items():
        if name.endswith("key.bias"):  # it cancels in the softmax, so its gradient is nothing but rounding
            continue
        largest = float(found[1][name].abs().max()) + 1e-3
        torch.testing.assert_close(gradient / largest, found[1][name] / largest, atol=1e-4, rtol=0.0)


def test_bfloat16_gives_the_same_states_but_for_rounding(encoder: Encoder) -> None:
    batch = batch_of(5, 11, 5, 8)
    exact = encoder(batch)
    encoder.multiply_in_bfloat16()
    rounded = encoder(batch)
    assert rounded.dtype == torch.float32
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, atol=0.05, rtol=0.0)


def test_a_sentence_does_not_see_its_neighbours(encoder: Encoder) -> None:
    first = batch_of(6, 9)
    changed = TokenBatch(first.input_ids.clone(), first.attention_mask, first.type_ids, first.lengths)
    changed.input_ids[1, 3] = 61
    torch.testing.assert_close(encoder(first)[0], encoder(changed)[0], atol=0.0, rtol=0.0)
    assert not torch.equal(encoder(first)[1], encoder(changed)[1])


def test_each_token_has_one_place() -> None:
    lengths = torch.tensor([3, 1, 4, 1, 3])
    layout = Layout.of(lengths, 4)
    mask = torch.arange(4)[None, :] < lengths[:, None]
    assert sorted(layout.places.tolist()) == mask.flatten().nonzero().flatten().tolist()
    assert [(s.n_sequences, s.length) for s in layout.stretches] == [(2, 1), (2, 3), (1, 4)]


def test_attention_with_dropout_is_the_textbook_formula() -> None:
    """The factors of a stream of known seed, put into softmax(q k^T / sqrt(d)) v by hand."""
    stream = NoiseStream()
    module = torch.nn.Module()
    module.dropout = StreamedDropout(0.25, stream)
    generator = torch.Generator().manual_seed(2)
    inputs = [torch.randn(3, 5, 2, 8, generator=generator) for _ in range(3)]
    stream.restart(9)
    ours = _attend_equal(module, inputs, 0.25, None)
    stream.restart(9)
    factors = stream.factors(torch.Size([6, 5, 5]), 0.25).view(3, 2, 5, 5)
    weights = torch.einsum("nihd,njhd->nhij", inputs[0], inputs[1]).div(8**0.5).softmax(-1) * factors
    torch.testing.assert_close(ours, torch.einsum("nhij,njhd->nihd", weights, inputs[2]))


def test_only_known_architectures_are_laid_out(architecture_dirs: dict[str, Path]) -> None:
    found = {name: load_encoder(folder) for name, folder in architecture_dirs.items()}
    assert {name for name, each in found.items() if each._lays_out} == set(LAID_OUT)
    assert all((each.config._attn_implementation == ATTENTION_NAME) == each._lays_out for each in found.values())


def test_the_name_of_the_attention_stays_out_of_saved_configurations(encoder: Encoder, tmp_path: Path) -> None:
    encoder.model.save_pretrained(tmp_path)  # type: ignore[operator]
    assert ATTENTION_NAME not in (tmp_path / "config.json").read_text(encoding="utf-8")
