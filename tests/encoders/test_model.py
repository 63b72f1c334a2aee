"""Loading: architectures, first layers, and what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.fixtures.encoders import ARCHITECTURES
from waystage.encoders.collate import collate
from waystage.encoders.model import Encoder, TokenBatch, load_encoder
from waystage.errors import DataError, StageError
from waystage.training.checkpoint import copy_encoder

CPU = torch.device("cpu")


def batch_of(*sequences: list[int]) -> TokenBatch:
    ids = [np.array(sequence, np.int32) for sequence in sequences]
    return collate(ids, [np.zeros_like(sequence) for sequence in ids], 1, CPU)


def states(encoder: Encoder, batch: TokenBatch, layer: int | None = None) -> torch.Tensor:
    with torch.inference_mode():
        return encoder(batch, layer)


@pytest.fixture(params=ARCHITECTURES)
def folder(request: pytest.FixtureRequest, architecture_dirs: dict[str, Path]) -> Path:
    return architecture_dirs[request.param]


@pytest.fixture
def copied(tiny_encoder_dir: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny_encoder_dir, tmp_path / "encoder")
    return tmp_path / "encoder"


def change_config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


BATCH = batch_of([0, 20, 21, 22, 23, 24, 2], [0, 30, 31, 2])


def test_first_layers_are_the_hidden_states_of_the_whole_encoder(folder: Path) -> None:
    whole, truncated = load_encoder(folder), load_encoder(folder, n_layers=2)
    assert (whole.n_layers, truncated.n_layers) == (3, 2)
    expected = states(whole, BATCH, 2)
    if "modernbert" in folder.name:
        # Its blocks normalise their inputs, so the encoder ends with one more norm, whatever its depth.
        with torch.inference_mode():
            expected = whole.model.final_norm(expected)
    torch.testing.assert_close(states(truncated, BATCH)[BATCH.attention_mask], expected[BATCH.attention_mask])


def test_a_truncated_copy_is_what_loading_truncates(folder: Path) -> None:
    whole = load_encoder(folder)
    copy = copy_encoder(whole, 2)
    assert copy.n_layers == 2
    assert whole.n_layers == 3
    found, expected = states(copy, BATCH), states(load_encoder(folder, n_layers=2), BATCH)
    torch.testing.assert_close(found[BATCH.attention_mask], expected[BATCH.attention_mask])


def test_padding_changes_nothing(folder: Path) -> None:
    encoder = load_encoder(folder)
    together = states(encoder, BATCH)[1, :4]
    alone = states(encoder, batch_of([0, 30, 31, 2]))[0]
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_layer_zero_is_the_embeddings(folder: Path) -> None:
    encoder = load_encoder(folder)
    single = batch_of([0, 20, 20, 2])
    embedded = states(encoder, single, 0)
    assert embedded.shape == (1, 4, 32)
    assert not torch.allclose(embedded, states(encoder, single, 1))


def test_weights_are_single_precision_and_in_evaluation_mode(copied: Path) -> None:
    half = {name: tensor.half() for name, tensor in load_file(copied / "model.safetensors").items()}
    save_file(half, copied / "model.safetensors", metadata={"format": "pt"})
    encoder = load_encoder(copied)
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}
    assert not encoder.training
    assert torch.equal(states(encoder, BATCH), states(encoder, BATCH))


@pytest.mark.parametrize("n_layers", [0, 4])
def test_more_layers_than_there_are(tiny_encoder_dir: Path, n_layers: int) -> None:
    with pytest.raises(DataError, match=f"{n_layers} layers were asked for, the encoder has 3"):
        load_encoder(tiny_encoder_dir, n_layers)


def test_code_of_an_encoder_is_refused(copied: Path) -> None:
    change_config(copied, auto_map={"AutoModel": "modeling.Evil"})
    (copied / "modeling.py").write_text("raise SystemExit('this code ran')")
    with pytest.raises(DataError, match="trust_remote_code"):
        load_encoder(copied)


def test_weights_that_do_not_fit_are_not_replaced_by_random_ones(copied: Path) -> None:
    tensors = load_file(copied / "model.safetensors")
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match=r"layer\.1\.output\.dense\.weight"):
        load_encoder(copied)


def test_an_unknown_architecture_is_a_mistake_of_the_data(copied: Path) -> None:
    change_config(copied, model_type="no-such-model")
    with pytest.raises(DataError, match="no-such-model"):
        load_encoder(copied)


def test_a_damaged_file_of_weights_is_a_mistake_of_the_data(copied: Path) -> None:
    content = (copied / "model.safetensors").read_bytes()
    (copied / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="cannot be loaded"):
        load_encoder(copied)


def test_an_encoder_with_a_decoder_is_refused(copied: Path) -> None:
    config = {"model_type": "t5", "d_model": 32, "num_layers": 3, "is_encoder_decoder": True}
    (copied / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match="decoder"):
        load_encoder(copied)


def test_the_choice_of_mask_does_not_matter_without_padding(folder: Path) -> None:
    encoder = load_encoder(folder)
    single = batch_of([0, 20, 21, 22, 2])
    with torch.inference_mode():
        explicit = encoder.model(input_ids=single.input_ids, attention_mask=torch.ones_like(single.input_ids))
    torch.testing.assert_close(states(encoder, single), explicit.last_hidden_state, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("architecture", "longest"), [("bert", 80), ("xlm-r", 78), ("modernbert", None)])
def test_more_tokens_than_positions_are_named(
    architecture_dirs: dict[str, Path], architecture: str, longest: int | None
) -> None:
    encoder = load_encoder(architecture_dirs[architecture])
    states(encoder, batch_of([5] * (longest or 200)))
    if longest is not None:
        with pytest.raises(StageError, match=f"{longest + 1} tokens.*{longest} positions"):
            states(encoder, batch_of([5] * (longest + 1)))


def test_given_positions_are_looked_up_where_there_is_a_table_of_them(folder: Path) -> None:
    """Positions that run on give what none give; two tokens at one position are told apart by nothing else."""
    encoder = load_encoder(folder)
    running = torch.arange(7).repeat(2, 1)
    plain, given = states(encoder, BATCH), states(encoder, replace(BATCH, positions=running))
    torch.testing.assert_close(given[BATCH.attention_mask], plain[BATCH.attention_mask])
    twice = batch_of([0, 20, 2, 2, 20, 2])
    reset = states(encoder, replace(twice, positions=torch.tensor([[0, 1, 2, 0, 1, 2]])))[0]
    is_same = torch.allclose(reset[1], reset[4], atol=1e-6)
    assert is_same == encoder.sets_positions
    if folder.name in ("bert", "xlm-r"):
        assert encoder.sets_positions
