"""A finished stage put into an encoder: copied where it is trained on, beside the table where it only predicts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.encoders.test_attention import batch_of
from waystage.encoders import trimming
from waystage.encoders.model import Encoder
from waystage.encoders.trimming import read_beside_table
from waystage.training.checkpoint import apply_weights, copy_encoder, save_weights

ROW_IDS = torch.tensor([2, 7, 30])


@pytest.fixture
def weights(pretrained: Encoder, tmp_path: Path) -> Path:
    """A stage that has trained three rows and a layer."""
    table = pretrained.token_embeddings.weight.detach().clone()
    table[ROW_IDS] += 1.0
    name, tensor = next(each for each in pretrained.model.named_parameters() if "layer.0" in each[0])
    save_weights(tmp_path / "weights", {name: tensor.detach() + 0.1}, {}, None, (ROW_IDS, table))
    return tmp_path / "weights"


@pytest.mark.parametrize("is_stored", [True, False])
def test_an_encoder_that_only_predicts_reads_the_same_rows(
    pretrained: Encoder, weights: Path, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    assert pretrained.stored_table is not None
    if not is_stored:
        monkeypatch.setattr(pretrained, "stored_table", None)
    copied, beside = copy_encoder(pretrained, None), copy_encoder(pretrained, None)
    apply_weights(copied, weights)
    apply_weights(beside, weights, read_beside_table)
    batch = batch_of(9, 4, 17)
    assert set(ROW_IDS.tolist()) & set(batch.input_ids.flatten().tolist())
    with torch.inference_mode():
        assert torch.equal(copied(batch), beside(batch))
        assert not torch.equal(beside(batch), pretrained(batch))


@pytest.mark.parametrize("is_stored", [True, False])
def test_such_an_encoder_has_no_table_of_its_own(
    pretrained: Encoder, weights: Path, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    if not is_stored:
        monkeypatch.setattr(pretrained, "stored_table", None)
    table = pretrained.token_embeddings.weight
    before = table.detach().clone()
    encoder = copy_encoder(pretrained, None)
    apply_weights(encoder, weights, read_beside_table)
    tables = [part for part in (*encoder.parameters(), *encoder.buffers()) if part.shape == table.shape]
    assert [part.data_ptr() for part in tables] == ([] if is_stored else [table.data_ptr()])
    assert torch.equal(table, before)


def test_on_a_gpu_its_table_is_there_too(pretrained: Encoder, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "computing_device", lambda: torch.device("cuda"))
    encoder = copy_encoder(pretrained, None)
    apply_weights(encoder, weights, read_beside_table)
    encoder.to("meta")
    assert pretrained.token_embeddings.weight.device.type == "cpu"
    assert {part.device.type for part in (*encoder.parameters(), *encoder.buffers())} == {"meta"}


def test_a_copy_has_a_parameter_of_its_own_over_the_same_memory(pretrained: Encoder) -> None:
    """``Module.to`` moves a parameter to a GPU in place: one that two encoders share would take the other along."""
    copied, table = copy_encoder(pretrained, None).token_embeddings.weight, pretrained.token_embeddings.weight
    assert copied is not table
    assert copied.data_ptr() == table.data_ptr()
