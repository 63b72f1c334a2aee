"""Which objective each step learns, and what a mixture of objectives is made of."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from tests.fixtures.corpora import masked_lm_objective, translation_lm_objective
from tests.fixtures.encoders import SENTENCES
from tests.training.builders import TEXTS, classification, mixture, tagging
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.kinds.classification import ClassificationObjective
from waystage.kinds.mixture import Member, Mixture
from waystage.kinds.objective import Strand
from waystage.study.mixing import Sampling
from waystage.study.study import Training
from waystage.training.loop import LoopSettings
from waystage.training.mixing import MixedOrder, make_order, steps_of_strands, strands_of_steps
from waystage.training.schedule import BatchOrder, count_steps
from waystage.training.stage import StageInputs, run_stage

SEEDS = st.integers(0, 2**32 - 1)
SHARES = st.lists(st.integers(1, 50), min_size=2, max_size=6).map(lambda parts: [n / sum(parts) for n in parts])
TRAINING = Training(steps=12, learning_rate=3e-3, batch_size=4, dropout=0.0)


@given(SHARES, st.integers(0, 400), SEEDS)
def test_each_strand_has_its_share_at_any_time(shares: list[float], n_steps: int, seed: int) -> None:
    chosen = strands_of_steps(shares, n_steps, seed)
    assert len(chosen) == n_steps
    counts = np.bincount(chosen, minlength=len(shares))
    for count, share in zip(counts, shares, strict=True):
        assert abs(count - share * n_steps) <= 1 + share * len(shares)


@given(SHARES, st.integers(0, 200), st.integers(0, 300), SEEDS)
def test_more_steps_begin_with_the_same_ones(shares: list[float], few: int, more: int, seed: int) -> None:
    assert np.array_equal(strands_of_steps(shares, few + more, seed)[:few], strands_of_steps(shares, few, seed))


def test_the_order_of_strands_follows_from_the_seed() -> None:
    first, again, other = (strands_of_steps([0.5, 0.3, 0.2], 60, seed).tolist() for seed in (1, 1, 2))
    assert first == again != other


def strands_of(*sizes: int) -> tuple[Strand, ...]:
    lengths = [np.arange(1, size + 1) for size in sizes]
    shares = Sampling().shares(sizes, [None] * len(sizes))
    return tuple(Strand(own, share, len(own)) for own, share in zip(lengths, shares, strict=True))


@given(st.integers(0, 50), SEEDS)
def test_an_order_can_be_entered_at_any_step(start: int, seed: int) -> None:
    order = make_order(strands_of(7, 20, 3), 4, seed)
    whole = list(islice(order.batches(0), start + 20))
    assert all(np.array_equal(*both) for both in zip(whole[start:], islice(order.batches(start), 20), strict=True))


def test_a_batch_is_of_one_strand_and_passes_have_every_input_once() -> None:
    order = make_order(strands_of(8, 20), 4, seed=1)
    assert isinstance(order, MixedOrder)
    batches = list(islice(order.batches(0), 7 * 4))
    firsts = [batch for batch in batches if (batch < 8).all()]
    others = [batch for batch in batches if (batch >= 8).all()]
    assert len(firsts) + len(others) == len(batches)
    for group, size, n_batches in ((firsts, 8, 2), (others, 20, 5)):
        inputs = np.concatenate(group[:n_batches])
        assert sorted(inputs.tolist()) == list(range(inputs.min(), inputs.min() + size))


def test_one_strand_has_the_order_that_it_has_alone() -> None:
    lengths = np.arange(1, 30)
    order = make_order((Strand(lengths, 1.0, len(lengths)),), 4, seed=3)
    assert isinstance(order, BatchOrder)


def test_an_epoch_is_a_pass_over_what_counts() -> None:
    """100 and 60 inputs, at most 80 of which count, and a fifth of the steps for text."""
    sampling = Sampling(cap=80)
    shares = sampling.shares([100, 60, 0], [None, None, 0.2])
    lengths = [np.full(n, 5) for n in (100, 60, 1000)]
    strands = [Strand(own, share, n) for own, share, n in zip(lengths, shares, (80, 60, 0), strict=True)]
    order = make_order(strands, 10, seed=1)
    assert order.n_steps_per_epoch == round((8 + 6) / 0.8)
    n_steps = count_steps(order, Training(epochs=2.0, batch_size=10))
    assert steps_of_strands(strands, n_steps, seed=1) == pytest.approx([16, 12, 7], abs=1)
    # Every batch has 50 tokens.
    assert count_steps(order, Training(tokens=501, batch_size=10)) == 11


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.floats(0.01, 0.9), st.integers(1, 10**5))
def test_shares_sum_to_one_and_grow_with_size(counts: list[int], rate: float, cap: int) -> None:
    for sampling in (Sampling(), Sampling(cap), Sampling(cap, 4.0)):
        *shares, of_text = sampling.shares([*counts, 0], [*[None] * len(counts), rate])
        assert of_text == rate
        assert sum(shares) + rate == pytest.approx(1)
        by_size = [share for _, share in sorted(zip(counts, shares, strict=True))]
        assert by_size == sorted(by_size)


def test_a_high_temperature_makes_shares_alike() -> None:
    plain, warm = (Sampling(temperature=t).shares([10, 1000], [None, None]) for t in (1, 100))
    assert plain == pytest.approx([10 / 1010, 1000 / 1010])
    assert warm == pytest.approx([0.5, 0.5], abs=0.02)


def trained(pretrained: Encoder, objective: Mixture | ClassificationObjective, target: Path) -> dict[str, torch.Tensor]:
    run_stage(StageInputs(pretrained, None, 2), objective, TRAINING, 5, LoopSettings(), target)
    return load_file(target)


def test_a_mixture_of_one_is_that_one(pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    alone = ClassificationObjective(tokenizer, TEXTS, ("first", "second", "third"), 40)
    mixed = Mixture([Member(classification(tokenizer), 1.0, len(TEXTS), 0)])
    ours, theirs = trained(pretrained, mixed, tmp_path / "mixed"), trained(pretrained, alone, tmp_path / "alone")
    assert {name.replace("head.0.", "head."): None for name in ours}.keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name.replace("head.0.", "head.")]) for name, tensor in ours.items())


def test_objectives_with_one_number_share_a_head(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    heads = {}
    for numbers in ((0, 1), (0, 0)):
        members = [Member(classification(tokenizer), 0.5, len(TEXTS), number) for number in numbers]
        weights = trained(pretrained, Mixture(members), tmp_path / str(numbers))
        heads[numbers] = {name.split(".")[1] for name in weights if name.startswith("head.")}
    assert heads == {(0, 1): {"0", "1"}, (0, 0): {"0"}}


def test_text_in_a_mixture_leaves_a_masked_lm_head(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    weights = trained(pretrained, mixture(tokenizer), tmp_path / "weights")  # type: ignore[arg-type]
    assert len([name for name in weights if name.startswith("lm_head.")]) == 5
    assert {name.split(".")[1] for name in weights if name.startswith("head.")} == {"0", "1"}


def test_a_head_that_rests_does_not_move(pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path) -> None:
    """Nothing moves a head on the steps of another objective: no weight decay, and no moment."""
    heads = []
    for n_steps in (1, 5):
        shares = (0.9999, 0.0001)
        made = [classification(tokenizer), tagging(tokenizer)]
        members = [Member(made[at], shares[at], len(made[at].lengths), at) for at in (0, 1)]
        assert steps_of_strands(Mixture(members).strands, n_steps, seed=5) == [n_steps, 0]
        training = Training(steps=n_steps, learning_rate=3e-3, batch_size=4, weight_decay=0.1)
        run_stage(StageInputs(pretrained, None, 2), Mixture(members), training, 5, LoopSettings(), tmp_path / "w")
        heads.append(load_file(tmp_path / "w"))
    rested = [name for name in heads[0] if name.startswith("head.1.")]
    moved = [name for name in heads[0] if name.startswith("head.0.")]
    assert rested
    assert moved
    assert all(torch.equal(heads[0][name], heads[1][name]) for name in rested)
    assert not any(torch.equal(heads[0][name], heads[1][name]) for name in moved)


def test_held_out_text_of_every_member_is_measured(
    pretrained: Encoder, tokenizer: SubwordTokenizer, tmp_path: Path
) -> None:
    texts = {"de": SENTENCES * 3, "en": [text.upper() for text in SENTENCES * 3]}
    pairs = {"de+en": list(zip(SENTENCES * 3, texts["en"], strict=True))}
    raw = masked_lm_objective(tokenizer, texts, 24, 400, seed=3, n_held_out=2)
    parallel = translation_lm_objective(tokenizer, pairs, (40, 400), seed=3, n_held_out=2)
    mixed = Mixture([Member(raw, 0.5, 0, 0), Member(parallel, 0.5, 0, 0)])
    assert mixed.observed is None
    run_stage(StageInputs(pretrained, None, 2), mixed, TRAINING, 5, LoopSettings(), tmp_path / "w")
    observed = mixed.observed
    assert observed is not None
    assert list(observed["languages"]) == ["de", "de+en", "en"]
    assert observed["positions"] == "reset"
    assert (observed["head"], observed["languages"]["de+en"]["before"]) == ("new", None)
