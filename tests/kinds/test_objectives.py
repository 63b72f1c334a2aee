"""What a batch means for each kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.builders import LABELS, OBJECTIVES, TAGGED, TEXTS
from waystage.data.examples import Example, MultipleChoiceExample, TaggedExample, TextExample
from waystage.encoders.model import Encoder
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import DataError
from waystage.kinds.classification import ClassificationObjective
from waystage.kinds.masked_lm import MaskedLmObjective
from waystage.kinds.objective import Objective
from waystage.kinds.registry import OBJECTIVES as OBJECTIVES_OF_KIND
from waystage.kinds.tagging import TaggingObjective
from waystage.prediction.decoders import DECODERS
from waystage.prediction.labels import LabelPredictor
from waystage.study.study import Training
from waystage.tasks.kinds import MULTIPLE_CHOICE, PAIR_CLASSIFICATION, Kind
from waystage.training.checkpoint import copy_encoder
from waystage.training.trainable import set_dropout

CPU = torch.device("cpu")


def losses(objective: Objective, encoder: Encoder, head: torch.nn.Module, *groups: list[int]) -> tuple[float, int]:
    """Summed loss and number of terms over some micro-batches."""
    total, n_terms = 0.0, 0
    with torch.inference_mode():
        for group in groups:
            batch = objective.micro_batch(np.array(group), 1, CPU)
            total += float(objective.loss_sum(encoder, head, batch))
            n_terms += batch.n_terms
    return total, n_terms


@pytest.mark.parametrize("kind", ["classification", "tagging"])
def test_padding_and_order_change_no_loss(pretrained: Encoder, tokenizer: SubwordTokenizer, kind: str) -> None:
    objective = OBJECTIVES[kind](tokenizer)
    encoder = copy_encoder(pretrained, None)
    head = objective.make_head(encoder, 0.1, torch.Generator().manual_seed(1)).eval()
    together, n_together = losses(objective, encoder, head, [0, 1, 2, 3, 4, 5])
    apart, n_apart = losses(objective, encoder, head, *[[index] for index in range(6)])
    shuffled, n_shuffled = losses(objective, encoder, head, [4, 2, 5, 0, 3, 1])
    assert n_together == n_apart == n_shuffled
    assert together == pytest.approx(apart, rel=1e-5)
    assert together == pytest.approx(shuffled, rel=1e-5)


def test_gradients_of_micro_batches_add_up(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    objective = OBJECTIVES["tagging"](tokenizer)
    gradients = []
    for groups in ([[0, 1, 2, 3]], [[0], [1, 2], [3]]):
        encoder = copy_encoder(pretrained, 2)
        encoder.model.requires_grad_(True)
        set_dropout(encoder, 0.0)
        head = objective.make_head(encoder, 0.0, torch.Generator().manual_seed(1))
        for group in groups:
            objective.loss_sum(encoder, head, objective.micro_batch(np.array(group), 1, CPU)).backward()
        gradients.append({n: p.grad.clone() for n, p in encoder.model.named_parameters() if p.grad is not None})
        encoder.token_embeddings.weight.grad = None  # the table is shared between copies
    whole, split = gradients
    assert whole.keys() == split.keys()
    for name, gradient in whole.items():
        scale = max(1.0, float(gradient.abs().max()))
        assert float((gradient - split[name]).abs().max()) < 1e-5 * scale, name


def test_tags_sit_on_the_words_of_their_part(tokenizer: SubwordTokenizer) -> None:
    """Parts of a long sentence hold its tags, in order and once."""
    objective = TaggingObjective(tokenizer, TAGGED, LABELS, 12)
    assert len(objective.sequences) > len(TAGGED)
    found: dict[int, list[str]] = {}
    for index, part in enumerate(objective.parts):
        batch = objective.micro_batch(np.array([index]), 0, CPU)
        rows, positions, tags = batch.targets
        assert rows.tolist() == [0] * len(rows)
        assert positions.tolist() == part.words.first_subwords.tolist()
        found.setdefault(part.example_index, []).extend(LABELS[tag] for tag in tags)
    assert [tuple(found[index]) for index in range(len(TAGGED))] == [example.tags for example in TAGGED]


@pytest.mark.parametrize("label", ["fourth", None])
def test_labels_outside_the_set_are_refused(tokenizer: SubwordTokenizer, label: str | None) -> None:
    with pytest.raises(DataError, match="example 7: label"):
        ClassificationObjective(tokenizer, [TEXTS[0], TextExample("7", "a", None, label)], LABELS, 16)


@pytest.mark.parametrize("tags", [("first", "fourth"), None])
def test_tags_outside_the_set_are_refused(tokenizer: SubwordTokenizer, tags: tuple[str, ...] | None) -> None:
    with pytest.raises(DataError, match=r"example 7: (tag 'fourth'|its tags are withheld)"):
        TaggingObjective(tokenizer, [TaggedExample("7", ("a", "b"), tags)], LABELS, 16)


def test_trimming_changes_no_loss(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    from waystage.encoders.trimming import trim_embeddings

    objective = OBJECTIVES["classification"](tokenizer)
    encoder = copy_encoder(pretrained, None)
    head = objective.make_head(encoder, 0.1, torch.Generator().manual_seed(1)).eval()
    before = losses(objective, encoder, head, [0, 1, 2, 3])
    vocabulary = objective.vocabulary()
    trim_embeddings(encoder, vocabulary)
    objective.trim(vocabulary)
    assert encoder.token_embeddings.num_embeddings == len(vocabulary.token_ids)
    assert losses(objective, encoder, head, [0, 1, 2, 3]) == pytest.approx(before, rel=1e-6)


@pytest.mark.parametrize("kind", [PAIR_CLASSIFICATION, MULTIPLE_CHOICE])
def test_a_head_learns_and_predicts_from_the_same_vector(
    pretrained: Encoder, tokenizer: SubwordTokenizer, kind: Kind
) -> None:
    """What training and prediction give to the head is the vector that was asked for, and no other."""
    choices = [MultipleChoiceExample(e.id, e.text, ("this", "or that"), 0) for e in TEXTS]
    examples: list[Example] = list(choices if kind is MULTIPLE_CHOICE else TEXTS)
    seen: list[torch.Tensor] = []
    head = OBJECTIVES_OF_KIND[kind](tokenizer, examples, LABELS, Training()).make_head(
        pretrained, 0.0, torch.Generator().manual_seed(1)
    )
    head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    vectors = {}
    for pooling in Pooling:
        objective = OBJECTIVES_OF_KIND[kind](tokenizer, examples, LABELS, Training(pooling=pooling.value))
        batch = objective.micro_batch(np.array([0]), 1, CPU)
        with torch.inference_mode():
            objective.loss_sum(pretrained, head, batch)
            expected = pooling.pool(pretrained(batch.tokens), batch.tokens.attention_mask)
        DECODERS[kind](LabelPredictor(pretrained, head, tokenizer, LABELS, 128, None, pooling), examples[:1])
        vectors[pooling] = expected
        for found in seen:
            torch.testing.assert_close(found.sort(dim=0).values, expected.sort(dim=0).values)
        assert len(seen) == 2
        seen.clear()
    assert not torch.allclose(vectors[Pooling.MEAN], vectors[Pooling.CLS])


def test_masked_lm_is_trimmed_before_use(tokenizer: SubwordTokenizer) -> None:
    objective = OBJECTIVES["masked-lm"](tokenizer)
    assert isinstance(objective, MaskedLmObjective)
    with pytest.raises(RuntimeError, match="trimmed"):
        objective.micro_batch(np.array([0]), 1, CPU)
