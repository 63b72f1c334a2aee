"""Predictions: order, batching, parts of sentences, and the direction of retrieval."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.encoders import SENTENCES
from tests.training.builders import LABELS, TAGGED, TEXTS
from waystage.data.examples import ParallelExample, TaggedExample
from waystage.encoders.heads import ClassificationHead, TaggingHead
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.errors import DataError
from waystage.prediction import batches
from waystage.prediction.batches import length_batches
from waystage.prediction.files import read_predictions, write_predictions
from waystage.prediction.labels import LabelPredictor
from waystage.prediction.retrieval import SentenceRetriever
from waystage.study.study import RetrievalSettings

PAIRS = [ParallelExample(str(i), SENTENCES[i], SENTENCES[(i + 2) % 9]) for i in range(9)]


def predictor(pretrained: Encoder, tokenizer: SubwordTokenizer, head: type, max_tokens: int = 32) -> LabelPredictor:
    made = head(pretrained.hidden_size, len(LABELS), 0.0, torch.Generator().manual_seed(2)).eval()
    # The usual small initial weights predict one label everywhere.
    for parameter in made.parameters():
        parameter.data.mul_(50)
    return LabelPredictor(pretrained, made, tokenizer, LABELS, max_tokens)


@pytest.fixture(params=[8, 40, 4096])
def small_batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_CPU_BATCH_TOKENS", request.param)


@pytest.mark.usefixtures("small_batches")
def test_labels_keep_the_order_and_do_not_depend_on_batches(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    classifier = predictor(pretrained, tokenizer, ClassificationHead)
    # Sentence vectors of a random encoder lie close together: what sets them apart is their distance to the mean.
    vectors, _ = SentenceRetriever.of(pretrained, tokenizer, RetrievalSettings(), 32).vectors(SENTENCES)
    n_hidden = pretrained.hidden_size**0.5
    classifier.head.dense.bias.data = -classifier.head.dense.weight.data @ vectors.mean(dim=0) * n_hidden
    found = classifier.classify(TEXTS)
    alone = [classifier.classify([example]).predictions[example.id] for example in TEXTS]
    assert list(found.predictions) == [example.id for example in TEXTS]
    assert list(found.predictions.values()) == alone
    assert len(set(alone)) > 1


@pytest.mark.usefixtures("small_batches")
def test_tags_keep_the_order_and_do_not_depend_on_batches(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    tagger = predictor(pretrained, tokenizer, TaggingHead, max_tokens=12)
    found = tagger.tag(TAGGED)
    alone = [tagger.tag([example]).predictions[example.id] for example in TAGGED]
    assert list(found.predictions) == [example.id for example in TAGGED]
    assert list(found.predictions.values()) == alone
    assert [len(tags) for tags in alone] == [len(example.words) for example in TAGGED]
    assert len({tag for tags in alone for tag in tags}) > 1


def test_a_sentence_without_words_has_no_tags(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    tagger = predictor(pretrained, tokenizer, TaggingHead)
    examples = [TaggedExample("none", (), ()), TAGGED[0]]
    assert tagger.tag(examples).predictions["none"] == ()
    assert tagger.tag(examples[:1]).predictions == {"none": ()}


def test_what_sounds_alike_is_found(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    twins = [ParallelExample(str(i), sentence, sentence) for i, sentence in enumerate(SENTENCES)]
    found = SentenceRetriever.of(pretrained, tokenizer, RetrievalSettings(), 32).retrieve(twins)
    assert found.predictions == {pair.id: pair.id for pair in twins}


def test_english_queries_search_the_other_language(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    """Every source is the first target, so each query finds that one; the other way round they would not."""
    pairs = [ParallelExample(str(i), SENTENCES[0], SENTENCES[i]) for i in range(5)]
    found = SentenceRetriever.of(pretrained, tokenizer, RetrievalSettings(), 32).retrieve(pairs)
    assert found.predictions == {pair.id: "0" for pair in pairs}


@pytest.mark.usefixtures("small_batches")
def test_retrieval_does_not_depend_on_batches_or_memory(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    settings = RetrievalSettings(layer=2, pooling="cls", text_prefix="query: ")
    fresh = SentenceRetriever.of(pretrained, tokenizer, settings, 32)
    whole = fresh.retrieve(PAIRS)
    assert list(whole.predictions) == [pair.id for pair in PAIRS]
    assert fresh.retrieve(PAIRS).predictions == whole.predictions
    assert fresh.retrieve(PAIRS).n_text_tokens == 0
    vectors, _ = fresh.vectors([pair.source for pair in PAIRS])
    for index, pair in enumerate(PAIRS):
        alone, _ = SentenceRetriever.of(pretrained, tokenizer, settings, 32).vectors([pair.source])
        torch.testing.assert_close(alone[0], vectors[index], atol=1e-5, rtol=1e-5)


def test_layer_pooling_and_prefix_count(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    choices = [
        RetrievalSettings(),
        RetrievalSettings(layer=1),
        RetrievalSettings(pooling="cls"),
        RetrievalSettings(text_prefix="query: "),
    ]
    vectors = [SentenceRetriever.of(pretrained, tokenizer, choice, 32).vectors(SENTENCES[:1])[0] for choice in choices]
    last, _ = SentenceRetriever.of(pretrained, tokenizer, RetrievalSettings(layer=3), 32).vectors(SENTENCES[:1])
    assert torch.equal(vectors[0], last)
    for index, vector in enumerate(vectors):
        assert float(vector.norm()) == pytest.approx(1.0, abs=1e-5)
        assert not any(torch.allclose(vector, other, atol=1e-3) for other in vectors[:index])


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 200))
def test_batches_hold_every_sequence_once_and_are_bounded(lengths: list[int], bound: int) -> None:
    found = list(length_batches(lengths, bound))
    assert sorted(int(index) for batch in found for index in batch) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) == 1 or max(lengths[index] for index in batch) * len(batch) <= bound


@given(
    st.dictionaries(st.text(min_size=1), st.one_of(st.text(), st.lists(st.text(), max_size=4).map(tuple)), max_size=6)
)
def test_predictions_on_disk_are_the_same(tmp_path_factory: pytest.TempPathFactory, predictions: dict) -> None:
    path = tmp_path_factory.mktemp("predictions") / "test-de.jsonl"
    write_predictions(path, predictions)
    assert read_predictions(path) == predictions
    assert list(read_predictions(path)) == list(predictions)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "malformed"),
        ('{"id": "1"}', "malformed"),
        ("[]", "malformed"),
        ('{"id": "1", "prediction": "a"}\n{"id": "1", "prediction": "b"}', "stands twice"),
    ],
)
def test_malformed_predictions(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "test-de.jsonl"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_predictions(path)
