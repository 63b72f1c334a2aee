"""The dual encoder: its loss, and what it learns by heart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from waystage.data.examples import Candidate, Example, MatchExample, QueryExample
from waystage.encoders.heads import ScaleHead
from waystage.encoders.model import Encoder, load_encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import DataError
from waystage.kinds.dual import DualObjective
from waystage.kinds.registry import OBJECTIVES, rebuild_head
from waystage.prediction.ranking import rank
from waystage.prediction.vectors import VectorEncoder
from waystage.study.study import RetrievalSettings, Training
from waystage.tasks.kinds import ENTITY_RETRIEVAL, QUESTION_ANSWER_RETRIEVAL
from waystage.training.checkpoint import WEIGHTS_NAME, apply_weights, copy_encoder
from waystage.training.loop import LoopSettings, TrainingCost
from waystage.training.stage import StageInputs, run_stage

from .conftest import ANSWERS, CONTEXTS

CPU = torch.device("cpu")
MEAN = RetrievalSettings(pooling="mean")
TRAINING = Training(
    steps=60,
    learning_rate=2e-3,
    batch_size=6,
    max_tokens=40,
    max_question_tokens=12,
    dropout=0.0,
)
MATCHES = [
    MatchExample(language, ANSWERS[language][1], ANSWERS[language][0], context)
    for language, context in CONTEXTS.items()
]


@pytest.fixture(scope="module")
def script_encoder(script_encoder_dir: Path) -> Encoder:
    return load_encoder(script_encoder_dir)


@pytest.fixture(scope="module")
def script_tokenizer(script_encoder_dir: Path) -> SubwordTokenizer:
    return SubwordTokenizer(script_encoder_dir)


def make(tokenizer: SubwordTokenizer, matches: list[MatchExample]) -> DualObjective:
    return DualObjective(tokenizer, list[Example](matches), MEAN, TRAINING)


def loss(objective: DualObjective, encoder: Encoder, indices: list[int]) -> float:
    head = objective.make_head(encoder, 0.0, torch.Generator())
    with torch.inference_mode():
        return float(objective.loss_sum(encoder.eval(), head, objective.micro_batch(np.array(indices), 1, CPU)))


def test_the_scale_starts_at_100_and_is_learned() -> None:
    head = ScaleHead(8, 0, 0.0, torch.Generator())
    assert head(torch.tensor([0.5])).tolist() == [50.0]
    assert [name for name, parameter in head.named_parameters() if parameter.requires_grad] == ["scale"]


def test_loss_is_the_softmax_over_the_candidates_of_a_micro_batch(
    script_encoder: Encoder, script_tokenizer: SubwordTokenizer
) -> None:
    objective = make(script_tokenizer, MATCHES)
    encoder = VectorEncoder(script_encoder.eval(), script_tokenizer, MEAN)
    queries = encoder.queries([match.query for match in MATCHES], 12)
    candidates = encoder.candidates([Candidate("", match.match, match.context) for match in MATCHES], 40)
    logits = 100 * queries @ candidates.T
    expected = -torch.log_softmax(logits, dim=1).diagonal()
    assert loss(objective, script_encoder, [0, 1, 2, 3, 4, 5]) == pytest.approx(float(expected.sum()), rel=1e-3)
    assert loss(objective, script_encoder, [5, 3, 1, 0, 2, 4]) == pytest.approx(float(expected.sum()), rel=1e-3)
    assert loss(objective, script_encoder, [2]) == 0.0


def test_an_equal_candidate_is_not_counted_against_a_query(
    script_encoder: Encoder, script_tokenizer: SubwordTokenizer
) -> None:
    twin = replace(MATCHES[0], id="twin", query="1871")
    objective = make(script_tokenizer, [*MATCHES[:2], twin])
    apart = loss(objective, script_encoder, [0, 1])
    with_twin = loss(objective, script_encoder, [0, 1, 2])
    other_context = make(script_tokenizer, [*MATCHES[:2], replace(twin, context="another")])
    alone = loss(objective, script_encoder, [1, 2])
    assert loss(objective, script_encoder, [0, 2]) == 0.0
    # The second query alone has both copies against it; the loss of the others is what it is without a copy.
    assert with_twin > max(apart, alone)
    assert loss(other_context, script_encoder, [0, 2]) > 0.0


def test_lengths_count_both_sides_and_nothing_is_longer_than_it_may_be(
    script_encoder: Encoder, script_tokenizer: SubwordTokenizer
) -> None:
    objective = make(script_tokenizer, MATCHES)
    assert len(objective.lengths) == len(MATCHES)
    batch = objective.micro_batch(np.arange(6), 1, CPU)
    assert batch.candidates is not None
    assert batch.tokens.input_ids.shape[1] <= 12
    assert batch.candidates.input_ids.shape[1] <= 40
    assert batch.n_text_tokens == int(objective.lengths.sum())
    assert batch.n_computed_tokens(script_encoder) >= batch.n_text_tokens
    assert batch.n_terms == 6


@pytest.mark.parametrize("kind", [QUESTION_ANSWER_RETRIEVAL, ENTITY_RETRIEVAL], ids=lambda kind: kind.name)
@pytest.mark.parametrize("settings", [MEAN, RetrievalSettings(layer=1, pooling="cls")], ids=["mean", "layer"])
def test_what_is_learned_by_heart_is_found(
    kind: object, settings: RetrievalSettings, script_encoder_dir: Path, tmp_path: Path
) -> None:
    pretrained, tokenizer = load_encoder(script_encoder_dir), SubwordTokenizer(script_encoder_dir)

    def learn(name: str) -> TrainingCost:
        objective = OBJECTIVES[kind](tokenizer, MATCHES, (), TRAINING, settings)  # type: ignore[index]
        inputs = StageInputs(pretrained, None, None)
        return run_stage(inputs, objective, TRAINING, 1, LoopSettings(), tmp_path / name)

    cost = learn(WEIGHTS_NAME)
    learn("again.safetensors")
    assert (tmp_path / WEIGHTS_NAME).read_bytes() == (tmp_path / "again.safetensors").read_bytes()
    assert cost.n_steps == 60
    encoder = copy_encoder(pretrained, None)
    head = rebuild_head(kind, encoder, 0, apply_weights(encoder, tmp_path / WEIGHTS_NAME))  # type: ignore[arg-type]
    assert isinstance(head, ScaleHead)
    assert head.scale.item() != 100.0
    pool = [Candidate(match.id, match.match, match.context) for match in MATCHES]
    queries = [QueryExample(match.id, match.query, (match.id,)) for match in MATCHES]
    found = rank(VectorEncoder(encoder.eval(), tokenizer, settings), {"en": queries}, [pool], (12, 40)).predictions
    assert {query: ranking[0] for query, ranking in found["en"].items()} == {m.id: m.id for m in MATCHES}


def test_one_example_is_nothing_to_learn_from(script_tokenizer: SubwordTokenizer) -> None:
    with pytest.raises(DataError, match="at least 2 examples"):
        make(script_tokenizer, MATCHES[:1])
