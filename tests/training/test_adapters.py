"""Low-rank adapters as a stage's way of training."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.training.builders import OBJECTIVES
from tests.training.test_loop import TRAINING, run
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import Interrupted, StageError
from waystage.study.study import Lora
from waystage.training.checkpoint import apply_weights, copy_encoder, trained_rows
from waystage.training.loop import LoopSettings

ADAPTED = replace(TRAINING, lora=Lora(rank=2, alpha=4.0))
MATRIX = "encoder.layer.0.attention.self.query.weight"


def trained(pretrained: Encoder, path: Path) -> dict[str, torch.Tensor]:
    encoder = copy_encoder(pretrained, 2)
    apply_weights(encoder, path)
    return {name: parameter.detach() for name, parameter in encoder.model.named_parameters()}


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_an_update_has_the_rank_and_nothing_else_changes(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path, kind: str
) -> None:
    run(pretrained, OBJECTIVES[kind](tokenizer), ADAPTED, tmp_path / "weights")
    assert len(trained_rows(tmp_path / "weights")) == 0
    changed = 0
    for name, after in trained(pretrained, tmp_path / "weights").items():
        update = (after - pretrained.model.get_parameter(name).detach()).double()
        if "embeddings" in name or update.ndim < 2:
            assert not update.any(), name
        else:
            changed += 1
            assert update.any(), name
            singular = torch.linalg.svdvals(update)
            assert float(singular[2]) < 1e-4 * float(singular[0]), name
    assert changed == 2 * 6


def test_a_file_of_adapters_has_the_tensors_of_any_stage(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    frozen = replace(TRAINING, freeze_embeddings=True)
    run(pretrained, OBJECTIVES["tagging"](tokenizer), ADAPTED, tmp_path / "adapted")
    run(pretrained, OBJECTIVES["tagging"](tokenizer), frozen, tmp_path / "plain")
    shapes = [{name: tensor.shape for name, tensor in load_file(tmp_path / n).items()} for n in ("adapted", "plain")]
    assert shapes[0] == shapes[1]


def test_only_named_layers_are_adapted(pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    training = replace(TRAINING, lora=Lora(modules=("query", "value")))
    run(pretrained, OBJECTIVES["tagging"](tokenizer), training, tmp_path / "weights")
    for name, after in trained(pretrained, tmp_path / "weights").items():
        is_adapted = name.endswith(("query.weight", "value.weight"))
        assert torch.equal(after, pretrained.model.get_parameter(name)) is not is_adapted, name


def test_a_killed_stage_goes_on_to_the_same_bytes(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    run(pretrained, OBJECTIVES["tagging"](tokenizer), ADAPTED, tmp_path / "whole")
    asked = iter([False, False, True])
    stopping = LoopSettings(tmp_path / "work", should_stop=lambda: next(asked, False))
    with pytest.raises(Interrupted):
        run(pretrained, OBJECTIVES["tagging"](tokenizer), ADAPTED, tmp_path / "again", stopping)
    run(pretrained, OBJECTIVES["tagging"](tokenizer), ADAPTED, tmp_path / "again", LoopSettings(tmp_path / "work"))
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "again").read_bytes()


def test_adapters_are_functions_of_the_seed(pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    for at, (name, seed) in enumerate((("one", 5), ("again", 5), ("other", 6))):
        torch.manual_seed(at)
        run(pretrained, OBJECTIVES["tagging"](tokenizer), ADAPTED, tmp_path / name, seed=seed)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "again").read_bytes()
    ours, theirs = load_file(tmp_path / "one"), load_file(tmp_path / "other")
    assert not torch.equal(ours[f"encoder.{MATRIX}"], theirs[f"encoder.{MATRIX}"])


def test_a_layer_that_is_not_there_is_named(pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    training = replace(TRAINING, lora=Lora(modules=("q_proj",)))
    with pytest.raises(StageError, match="none of q_proj is a linear layer; dense, key, query, value are"):
        run(pretrained, OBJECTIVES["tagging"](tokenizer), training, tmp_path / "weights")


def test_without_peft_the_extra_is_named(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(StageError, match="pip install 'waystage\\[lora\\]'"):
        run(pretrained, OBJECTIVES["tagging"](tokenizer), ADAPTED, tmp_path / "weights")
