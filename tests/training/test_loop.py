"""Laws of the training loop."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.training.builders import OBJECTIVES, masked_lm
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.encoders.trimming import TrimmedVocabulary
from waystage.errors import Interrupted, StageError
from waystage.kinds.objective import Objective
from waystage.study.study import Precision, Training
from waystage.training.checkpoint import apply_weights, copy_encoder, trained_rows
from waystage.training.loop import LoopSettings, TrainingCost
from waystage.training.stage import StageInputs, run_stage

TRAINING = Training(steps=7, learning_rate=3e-3, batch_size=4, warmup_fraction=0.2)
EXACT = replace(TRAINING, dropout=0.0)


@pytest.fixture(params=OBJECTIVES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(
    pretrained: Encoder,
    objective: Objective,
    training: Training,
    target: Path,
    settings: LoopSettings | None = None,
    parent: Path | None = None,
    seed: int = 5,
) -> TrainingCost:
    return run_stage(StageInputs(pretrained, parent, 2), objective, training, seed, settings or LoopSettings(), target)


def distance(first: Path, second: Path) -> float:
    """Largest difference between two files of weights with the same tensors.

    The bias of attention keys cancels in the softmax: its gradient is nothing but rounding, which AdamW blows up.
    """
    ours, theirs = load_file(first), load_file(second)
    assert ours.keys() == theirs.keys()
    names = [name for name in ours if not name.endswith("key.bias")]
    return max(float((ours[name].double() - theirs[name].double()).abs().max()) for name in names)


def test_the_same_run_gives_the_same_bytes(
    pretrained: Encoder, tokenizer: SubwordTokenizer, kind: str, tmp_path: Path
) -> None:
    before = {name: tensor.clone() for name, tensor in pretrained.state_dict().items()}
    for name in ("one", "two"):
        torch.manual_seed(len(name) + ord(name[0]))
        run(pretrained, OBJECTIVES[kind](tokenizer), TRAINING, tmp_path / name)
    run(pretrained, OBJECTIVES[kind](tokenizer), TRAINING, tmp_path / "other", seed=6)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").read_bytes() != (tmp_path / "other").read_bytes()
    assert all(torch.equal(tensor, before[name]) for name, tensor in pretrained.state_dict().items())


@pytest.mark.parametrize("stops", [(1,), (3,), (6,), (1, 2, 3, 4, 5, 6)])
def test_a_resumed_stage_ends_with_the_same_bytes(
    pretrained: Encoder, tokenizer: SubwordTokenizer, kind: str, tmp_path: Path, stops: tuple[int, ...]
) -> None:
    whole = run(pretrained, OBJECTIVES[kind](tokenizer), TRAINING, tmp_path / "whole")
    done = [0]
    for stop in stops:
        settings = LoopSettings(
            tmp_path / "work",
            on_step=lambda step, _: done.__setitem__(0, step),
            should_stop=lambda stop=stop: done[0] >= stop,
        )
        with pytest.raises(Interrupted):
            run(pretrained, OBJECTIVES[kind](tokenizer), TRAINING, tmp_path / "resumed", settings)
        assert not (tmp_path / "resumed").exists()
    steps: list[int] = []
    settings = LoopSettings(tmp_path / "work", on_step=lambda step, _: steps.append(step))
    resumed = run(pretrained, OBJECTIVES[kind](tokenizer), TRAINING, tmp_path / "resumed", settings)
    assert steps == list(range(stops[-1] + 1, 8))
    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "whole").read_bytes()
    assert replace(resumed, seconds=0.0) == replace(whole, seconds=0.0)


@pytest.mark.parametrize("content", [b"", b"half a file", bytes(100)])
def test_a_broken_checkpoint_counts_for_nothing(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / f"checkpoint-{sha256(content).hexdigest()}.safetensors").write_bytes(content)
    run(pretrained, OBJECTIVES["tagging"](tokenizer), TRAINING, tmp_path / "whole")
    run(pretrained, OBJECTIVES["tagging"](tokenizer), TRAINING, tmp_path / "again", LoopSettings(tmp_path / "work"))
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "again").read_bytes()


@pytest.mark.parametrize("place", [0.5, 0.9, 0.999])
def test_a_checkpoint_with_a_changed_bit_counts_for_nothing(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path, place: float
) -> None:
    """Also where it would load: a weight or a moment is as good as any other to safetensors."""
    objective, asked = OBJECTIVES["tagging"](tokenizer), iter(range(100))
    settings = LoopSettings(tmp_path / "work", should_stop=lambda: next(asked) == 3)
    with pytest.raises(Interrupted):
        run(pretrained, objective, TRAINING, tmp_path / "again", settings)
    (path,) = (tmp_path / "work").iterdir()
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 64
    path.write_bytes(content)
    run(pretrained, objective, TRAINING, tmp_path / "whole")
    run(pretrained, objective, TRAINING, tmp_path / "again", LoopSettings(tmp_path / "work"))
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "again").read_bytes()


def test_a_checkpoint_of_another_stage_counts_for_nothing(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    settings = LoopSettings(tmp_path / "work", checkpoint_seconds=0.0)
    run(pretrained, OBJECTIVES["classification"](tokenizer), TRAINING, tmp_path / "other", settings)
    run(pretrained, OBJECTIVES["tagging"](tokenizer), TRAINING, tmp_path / "whole")
    run(pretrained, OBJECTIVES["tagging"](tokenizer), TRAINING, tmp_path / "again", settings)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "again").read_bytes()


@pytest.mark.parametrize("size", [1, 3])
def test_micro_batches_equal_a_whole_batch(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path, size: int
) -> None:
    """Also where sentences differ in their number of words: the mean is over words, not over micro-batches."""
    for kind in ("classification", "tagging"):
        whole = run(pretrained, OBJECTIVES[kind](tokenizer), EXACT, tmp_path / "whole")
        split = run(pretrained, OBJECTIVES[kind](tokenizer), replace(EXACT, micro_batch_size=size), tmp_path / "split")
        assert split.mean_loss == pytest.approx(whole.mean_loss, rel=1e-5)
        assert distance(tmp_path / "whole", tmp_path / "split") < 2e-4


def test_bfloat16_learns_the_same_but_for_rounding(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    full = run(pretrained, OBJECTIVES["tagging"](tokenizer), EXACT, tmp_path / "full")
    lower = replace(EXACT, precision=Precision.BFLOAT16)
    half = run(pretrained, OBJECTIVES["tagging"](tokenizer), lower, tmp_path / "half")
    assert half.mean_loss == pytest.approx(full.mean_loss, rel=0.05)
    assert distance(tmp_path / "full", tmp_path / "half") > 0
    assert {tensor.dtype for tensor in load_file(tmp_path / "half").values()} == {torch.float32, torch.int64}


def test_training_only_the_rows_that_occur_equals_training_all(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("classification", "tagging"):
        trimmed = OBJECTIVES[kind](tokenizer)
        run(pretrained, trimmed, EXACT, tmp_path / f"{kind}-trimmed")
        whole = TrimmedVocabulary(np.arange(pretrained.token_embeddings.num_embeddings))
        dense = OBJECTIVES[kind](tokenizer)
        monkeypatch.setattr(dense, "vocabulary", lambda whole=whole: whole)
        run(pretrained, dense, EXACT, tmp_path / f"{kind}-dense")
        tables, heads = [], []
        for name in ("trimmed", "dense"):
            encoder = copy_encoder(pretrained, 2)
            heads.append(apply_weights(encoder, tmp_path / f"{kind}-{name}"))
            tables.append({n: p.detach() for n, p in encoder.model.named_parameters()})
        assert len(trained_rows(tmp_path / f"{kind}-trimmed")) < len(trained_rows(tmp_path / f"{kind}-dense"))
        for ours, theirs in (tables, heads):
            assert ours.keys() == theirs.keys()
            for name, tensor in ours.items():
                torch.testing.assert_close(tensor, theirs[name], atol=1e-6, rtol=1e-6)


def test_rows_that_do_not_occur_stay(pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    objective = OBJECTIVES["classification"](tokenizer)
    occurring = objective.vocabulary().token_ids
    run(pretrained, objective, replace(TRAINING, weight_decay=0.1), tmp_path / "weights")
    encoder = copy_encoder(pretrained, 2)
    apply_weights(encoder, tmp_path / "weights")
    changed = (encoder.token_embeddings.weight != pretrained.token_embeddings.weight).any(dim=1).nonzero().flatten()
    assert set(changed.tolist()) <= set(occurring.tolist())
    assert len(changed) >= len(occurring) - 1  # all but the padding


def test_frozen_embeddings_stay(pretrained: Encoder, tokenizer: SubwordTokenizer, kind: str, tmp_path: Path) -> None:
    before = pretrained.token_embeddings.weight.detach().clone()
    run(pretrained, OBJECTIVES[kind](tokenizer), replace(TRAINING, freeze_embeddings=True), tmp_path / "weights")
    assert len(trained_rows(tmp_path / "weights")) == 0
    encoder = copy_encoder(pretrained, 2)
    apply_weights(encoder, tmp_path / "weights")
    assert torch.equal(encoder.token_embeddings.weight, before)
    weights = [
        model.get_parameter("encoder.layer.0.output.dense.weight") for model in (encoder.model, pretrained.model)
    ]
    assert not torch.equal(*weights)


def test_weights_of_a_chain_are_cumulative(pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    """Rows that only the first stage trained are still there after a second one that trained others or none."""
    run(pretrained, masked_lm(tokenizer), TRAINING, tmp_path / "first")
    rows = trained_rows(tmp_path / "first")
    for name, frozen in (("frozen", True), ("trained", False)):
        training = replace(TRAINING, freeze_embeddings=frozen)
        run(pretrained, OBJECTIVES["tagging"](tokenizer), training, tmp_path / name, parent=tmp_path / "first")
        assert set(rows.tolist()) <= set(trained_rows(tmp_path / name).tolist())
    first, last = copy_encoder(pretrained, 2), copy_encoder(pretrained, 2)
    apply_weights(first, tmp_path / "first")
    apply_weights(last, tmp_path / "frozen")
    assert torch.equal(first.token_embeddings.weight, last.token_embeddings.weight)


def test_training_learns(pretrained: Encoder, tokenizer: SubwordTokenizer, kind: str, tmp_path: Path) -> None:
    training = replace(EXACT, steps=120)
    costs = [run(pretrained, OBJECTIVES[kind](tokenizer), replace(training, steps=n), tmp_path / "w") for n in (4, 120)]
    assert costs[1].mean_loss < 0.9 * costs[0].mean_loss


def test_dropout_of_a_study_overrides_that_of_the_encoder(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    """Without dropout, the first loss is that of the evaluation mode and does not depend on the seed of dropout."""
    losses = {}
    for rate in (None, 0.0, 0.1, 0.5):
        training = replace(TRAINING, steps=1, dropout=rate)
        losses[rate] = run(pretrained, OBJECTIVES["classification"](tokenizer), training, tmp_path / "w").mean_loss
    assert losses[None] == losses[0.1]  # what the encoder's own configuration says
    assert len(set(losses.values())) == 3


def test_a_loss_that_is_not_finite_names_step_and_examples(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    with pytest.raises(StageError, match=r"the loss is (nan|inf) at step \d+, on the examples \d+(, \d+)*;"):
        run(pretrained, OBJECTIVES["tagging"](tokenizer), replace(EXACT, learning_rate=1e38, steps=20), tmp_path / "w")
    assert not (tmp_path / "w").exists()


def test_a_gradient_that_is_not_finite_is_not_applied(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step of a stage has no loss after it that would show the damage."""
    objective = OBJECTIVES["classification"](tokenizer)
    make_loss = objective.loss_sum

    def steep(*arguments: object) -> torch.Tensor:
        loss = make_loss(*arguments)  # type: ignore[arg-type]
        return loss + (loss - loss.detach()).abs().sqrt()

    monkeypatch.setattr(objective, "loss_sum", steep)
    with pytest.raises(StageError, match="gradient"):
        run(pretrained, objective, replace(EXACT, steps=1), tmp_path / "w")


@pytest.mark.parametrize("lays_out", [True, False])
def test_costs_count_text_and_the_padding_that_is_computed(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lays_out: bool
) -> None:
    objective = OBJECTIVES["classification"](tokenizer)
    n_tokens = int(objective.lengths.sum())
    monkeypatch.setattr(Encoder, "computes_padding", not lays_out)
    cost = run(pretrained, objective, replace(TRAINING, steps=None, epochs=1.0), tmp_path / "w")
    assert cost.n_text_tokens == n_tokens
    if lays_out:
        assert cost.n_computed_tokens == n_tokens
    else:
        assert n_tokens < cost.n_computed_tokens < 2 * n_tokens
