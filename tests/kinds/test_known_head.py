"""Masked-LM heads that encoders come with: kept, equal to those of the transformers library, and passed on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.fixtures.corpora import masked_lm_objective
from tests.fixtures.encoders import SENTENCES, SIZES, write_tokenizer
from tests.training.builders import classification
from waystage.encoders.known_head import HeadOrigin
from waystage.encoders.model import Encoder, load_encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.encoders.trimming import trim_embeddings
from waystage.kinds.masked_lm import MaskedLmObjective, blocked_loss_sum
from waystage.kinds.pseudo_perplexity import language_losses
from waystage.study.pretraining import MaskedLm, Softmax
from waystage.study.study import Training
from waystage.training.checkpoint import apply_weights, copy_encoder
from waystage.training.loop import LoopSettings
from waystage.training.stage import StageInputs, run_stage

CPU = torch.device("cpu")
TRAINING = Training(steps=3, learning_rate=3e-3, batch_size=4, dropout=0.0)
TEXTS = {"de": SENTENCES[:5] * 8, "en": SENTENCES[5:] * 8}


def _bert(size: int) -> Any:
    from transformers import BertConfig, BertForMaskedLM

    return BertForMaskedLM(BertConfig(vocab_size=size, hidden_act="gelu_new", **SIZES))


def _xlm_r(size: int) -> Any:
    from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

    return XLMRobertaForMaskedLM(XLMRobertaConfig(vocab_size=size, type_vocab_size=1, **SIZES))


def _distilbert(size: int) -> Any:
    from transformers import DistilBertConfig, DistilBertForMaskedLM

    sizes = {"dim": 32, "n_layers": 3, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 80, "pad_token_id": 1}
    return DistilBertForMaskedLM(DistilBertConfig(vocab_size=size, **sizes))


def _modernbert(size: int) -> Any:
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    sizes = {**SIZES, "cls_token_id": 0, "sep_token_id": 2, "local_attention": 16, "norm_eps": 1e-3}
    return ModernBertForMaskedLM(ModernBertConfig(vocab_size=size, **sizes))


MODELS: dict[str, Callable[[int], Any]] = {
    "bert": _bert, "xlm-r": _xlm_r, "distilbert": _distilbert, "modernbert": _modernbert,
}  # fmt: skip


@pytest.fixture(scope="module")
def model_dirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Random encoders with their heads, as the transformers library saves them."""
    folder = tmp_path_factory.mktemp("with-heads")
    for name, make in MODELS.items():
        size = write_tokenizer(folder / name, "unigram")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            model = make(size)
            for parameter in model.parameters():
                torch.nn.init.normal_(parameter, mean=0.3 if parameter.ndim == 1 else 0.0, std=0.2)
        model.save_pretrained(folder / name)
    return {name: folder / name for name in MODELS}


def mean_loss(objective: MaskedLmObjective, encoder: Encoder, whole: bool) -> tuple[float, Any]:
    """Our mean loss on one batch before training, and the batch."""
    torch.manual_seed(1)
    vocabulary = objective.vocabulary()
    if not whole:
        trim_embeddings(encoder, vocabulary)
    objective.trim(vocabulary)
    head = objective.make_head(encoder, 0.0, torch.Generator().manual_seed(1))
    batch = objective.micro_batch(np.arange(4), 5, CPU)
    with torch.no_grad():
        return float(objective.loss_sum(encoder, head, batch)) / batch.n_terms, batch


@pytest.mark.parametrize("name", MODELS)
def test_the_loss_before_training_is_that_of_the_library(model_dirs: dict[str, Path], name: str) -> None:
    from transformers import AutoModelForMaskedLM

    encoder, tokenizer = load_encoder(model_dirs[name]), SubwordTokenizer(model_dirs[name])
    assert encoder.known_head is not None
    assert encoder.known_head.origin is HeadOrigin.ENCODER
    objective = masked_lm_objective(tokenizer, TEXTS, 40, 300, 2, MaskedLm(softmax=Softmax.FULL))
    ours, batch = mean_loss(objective, encoder, whole=True)
    labels = torch.full_like(batch.tokens.input_ids, -100)
    rows, positions, originals = batch.targets
    labels[rows, positions] = originals
    model = AutoModelForMaskedLM.from_pretrained(model_dirs[name]).eval()
    with torch.no_grad():
        theirs = model(
            input_ids=batch.tokens.input_ids, attention_mask=batch.tokens.attention_mask.long(), labels=labels
        ).loss
    assert ours == pytest.approx(float(theirs), abs=1e-5)


def test_the_perplexity_is_exp_of_the_loss_of_the_library(model_dirs: dict[str, Path]) -> None:
    from transformers import AutoModelForMaskedLM

    encoder, tokenizer = load_encoder(model_dirs["xlm-r"]), SubwordTokenizer(model_dirs["xlm-r"])
    objective = masked_lm_objective(tokenizer, TEXTS, 40, 300, 2, n_held_out=2)
    documents = objective._held_out
    assert {document.language for document in documents} == {"de", "en"}
    assert encoder.known_head is not None
    losses = language_losses(encoder, encoder.known_head, documents, tokenizer.pad_id)
    model = AutoModelForMaskedLM.from_pretrained(model_dirs["xlm-r"]).eval()
    for language, loss in losses.items():
        total, n_tokens = 0.0, 0
        for document in documents:
            if document.language == language:
                with torch.no_grad():
                    logits = model(input_ids=torch.from_numpy(document.ids.astype(np.int64))[None]).logits[0]
                each = torch.nn.functional.cross_entropy(
                    logits[document.positions], torch.from_numpy(document.originals), reduction="sum"
                )
                total, n_tokens = total + float(each), n_tokens + len(document.positions)
        assert loss.n_tokens == n_tokens > 0
        assert loss.pseudo_perplexity == pytest.approx(np.exp(total / n_tokens), rel=1e-5)


def test_blocks_change_no_loss_and_no_gradient(model_dirs: dict[str, Path]) -> None:
    encoder = load_encoder(model_dirs["bert"])
    assert encoder.known_head is not None
    head = encoder.known_head.module().train()
    table = encoder.token_embeddings.weight
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(17, 32, generator=generator, requires_grad=True)
    goals = torch.randint(len(table), (17,), generator=generator)
    results = []
    for block_logits in (1 << 30, 4 * len(table), 1):
        loss = blocked_loss_sum(head, states, table, goals, block_logits)
        results.append((loss, *torch.autograd.grad(loss, [states, table, *head.parameters()])))
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def train(pretrained: Encoder, objective: Any, target: Path, parent: Path | None = None) -> None:
    run_stage(StageInputs(pretrained, parent, None), objective, TRAINING, 5, LoopSettings(), target)


def test_a_chain_passes_its_head_on(model_dirs: dict[str, Path], tmp_path: Path) -> None:
    """From the encoder through continued, intermediate and continued stages; each starts where the last one ended."""
    pretrained, tokenizer = load_encoder(model_dirs["xlm-r"]), SubwordTokenizer(model_dirs["xlm-r"])
    objectives = [masked_lm_objective(tokenizer, TEXTS, 40, 300, seed, n_held_out=2) for seed in (1, 2)]
    train(pretrained, objectives[0], tmp_path / "first")
    train(pretrained, classification(tokenizer), tmp_path / "task", tmp_path / "first")
    train(pretrained, objectives[1], tmp_path / "second", tmp_path / "task")
    facts = [objective.observed for objective in objectives]
    assert facts[0] is not None
    assert facts[1] is not None
    assert [fact["head"] for fact in facts if fact] == ["that of the encoder", "that of the stage before"]
    first, task, second = (load_file(tmp_path / name) for name in ("first", "task", "second"))
    for name in ("dense.weight", "norm.bias", "bias"):
        assert torch.equal(first[f"lm_head.{name}"], task[f"lm_head.{name}"])
        assert not torch.equal(task[f"lm_head.{name}"], second[f"lm_head.{name}"])
    assert not any(name.startswith("head.") for name in first)
    # What the second stage saw before it trained is what the intermediate stage left.
    encoder = copy_encoder(pretrained, None)
    apply_weights(encoder, tmp_path / "task")
    assert encoder.known_head is not None
    losses = language_losses(encoder, encoder.known_head, objectives[1]._held_out, tokenizer.pad_id)
    for language, loss in losses.items():
        seen = facts[1]["languages"][language]
        assert seen["before"] == pytest.approx(loss.pseudo_perplexity, rel=1e-6)
        assert seen["n_tokens"] == loss.n_tokens
        assert seen["after"] != seen["before"]


def test_an_intermediate_stage_alone_keeps_no_copy_of_the_encoders_head(
    model_dirs: dict[str, Path], tmp_path: Path
) -> None:
    pretrained, tokenizer = load_encoder(model_dirs["bert"]), SubwordTokenizer(model_dirs["bert"])
    train(pretrained, classification(tokenizer), tmp_path / "task")
    assert not any(name.startswith("lm_head.") for name in load_file(tmp_path / "task"))


def test_a_new_head_has_nothing_before(pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    objective = masked_lm_objective(tokenizer, TEXTS, 40, 300, 1, n_held_out=2)
    train(pretrained, objective, tmp_path / "first")
    facts = objective.observed
    assert facts is not None
    assert (facts["head"], facts["softmax"]) == ("new", "whole vocabulary")
    assert "without a masked-LM head" in facts["before_missing_because"]
    assert all(fact["before"] is None and fact["after"] >= 1 for fact in facts["languages"].values())
    assert pretrained.known_head is None


def test_frozen_embeddings_are_observed_whole(model_dirs: dict[str, Path], tmp_path: Path) -> None:
    pretrained, tokenizer = load_encoder(model_dirs["bert"]), SubwordTokenizer(model_dirs["bert"])
    objective = masked_lm_objective(tokenizer, TEXTS, 40, 300, 1, n_held_out=2)
    training = Training(steps=1, learning_rate=1e-12, batch_size=4, dropout=0.0, freeze_embeddings=True)
    run_stage(StageInputs(pretrained, None, None), objective, training, 5, LoopSettings(), tmp_path / "first")
    facts = objective.observed
    assert facts is not None
    for fact in facts["languages"].values():
        assert fact["after"] == pytest.approx(fact["before"], rel=1e-5)


@pytest.mark.parametrize("change", ["untied", "bias-left-out"])
def test_a_head_of_another_form_is_not_kept(model_dirs: dict[str, Path], tmp_path: Path, change: str) -> None:
    import json
    import shutil

    folder = tmp_path / "encoder"
    shutil.copytree(model_dirs["xlm-r"], folder)
    if change == "untied":
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}), encoding="utf-8")
    else:
        tensors = load_file(folder / "model.safetensors")
        kept = {
            name: tensor for name, tensor in tensors.items() if not name.startswith("lm_head") or "bias" not in name
        }
        save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    assert load_encoder(folder).known_head is None
