"""Ranking, mining and sentence retrieval with the tiny encoder: what may not change what is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.fixtures.encoders import SENTENCES
from waystage.data.examples import Candidate, ParallelExample, QueryExample
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.metrics.pair_f1 import PairF1
from waystage.metrics.ranking import AveragePrecision
from waystage.metrics.registry import score_examples
from waystage.prediction.mining import Collection, mine
from waystage.prediction.ranking import rank
from waystage.prediction.retrieval import SentenceRetriever
from waystage.prediction.vectors import VectorEncoder
from waystage.study.study import RetrievalSettings

SETTINGS = RetrievalSettings()
POOL = [Candidate(f"c{n}", sentence, None) for n, sentence in enumerate(SENTENCES)]
QUERIES = [QueryExample(f"q{n}", sentence, (f"c{n}",)) for n, sentence in enumerate(SENTENCES)]


@pytest.fixture
def vectors(pretrained: Encoder, tokenizer: SubwordTokenizer) -> VectorEncoder:
    return VectorEncoder(pretrained, tokenizer, SETTINGS)


def test_copies_are_ranked_first_and_score_1(vectors: VectorEncoder) -> None:
    by_language = {"de": QUERIES[:4], "en": QUERIES[4:]}
    seen: list[int] = []
    vectors.on_texts = seen.append
    found = rank(vectors, by_language, [POOL[:5], POOL[5:]], (32, 32))
    assert sorted(seen) == seen
    assert seen[-1] == vectors.n_texts == 18
    assert found.n_text_tokens == vectors.n_text_tokens > 0
    for language, queries in by_language.items():
        scored = score_examples(AveragePrecision(), queries, found.predictions[language])
        assert scored.statistics[:, 0].tolist() == [1.0] * len(queries)
    assert all(len(ranking) == 9 for ranking in found.predictions["de"].values())


def test_order_and_blocks_of_candidates_change_no_ranking(vectors: VectorEncoder) -> None:
    whole = rank(vectors, {"en": QUERIES}, [POOL], (32, 32)).predictions
    assert rank(vectors, {"en": QUERIES}, [[c] for c in POOL], (32, 32)).predictions == whole
    assert rank(vectors, {"en": QUERIES}, [POOL[::-1]], (32, 32)).predictions == whole


def test_context_and_prefix_of_a_candidate_are_read(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    plain = VectorEncoder(pretrained, tokenizer, SETTINGS)
    prefixed = VectorEncoder(pretrained, tokenizer, replace(SETTINGS, candidate_prefix="the "))
    with_context = [replace(candidate, context="good morning") for candidate in POOL]
    vectors = [plain.candidates(POOL, 32), plain.candidates(with_context, 32), prefixed.candidates(POOL, 32)]
    assert not any(torch.allclose(a, b) for a, b in ((vectors[0], vectors[1]), (vectors[0], vectors[2])))
    assert torch.equal(prefixed.queries(SENTENCES, 32), plain.queries(SENTENCES, 32))
    assert plain.candidates(POOL[:1], 8).shape == (1, pretrained.hidden_size)


def test_sentences_that_stand_twice_are_not_paired(vectors: VectorEncoder) -> None:
    targets = [*POOL[:6], Candidate("again", SENTENCES[0], None)]
    sources = [QueryExample(f"s{n}", SENTENCES[n], (f"c{n}",) if n < 6 else ()) for n in range(9)]
    collection = Collection(sources, targets)
    found = mine(vectors, "de", collection, collection, 32)
    predictions = found.predictions["de"]
    assert list(predictions) == [source.id for source in sources]
    assert predictions["s0"] == ()
    assert [predictions[f"s{n}"] for n in range(1, 6)] == [(f"c{n}",) for n in range(1, 6)]
    assert found.thresholds["de"].value is not None
    statistics = score_examples(PairF1(), sources, predictions).statistics.sum(axis=0)
    assert statistics[0] == 5
    # Without a pair that is right nothing tells where to stop, so nothing is taken.
    nothing = Collection([replace(source, answers=()) for source in sources], targets)
    assert set(mine(vectors, "de", nothing, collection, 32).predictions["de"].values()) == {()}


PAIRS = [ParallelExample(str(n), SENTENCES[n], SENTENCES[n]) for n in range(9)]


@pytest.mark.parametrize("score", ["cosine", "margin"])
@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_retrieval_finds_copies_by_every_score_in_both_directions(
    pretrained: Encoder, tokenizer: SubwordTokenizer, score: str, direction: str
) -> None:
    settings = RetrievalSettings(score=score, direction=direction)
    found = SentenceRetriever.of(pretrained, tokenizer, settings, 32).retrieve(PAIRS)
    assert found.predictions == {pair.id: pair.id for pair in PAIRS}


def test_backward_is_forward_with_the_sides_exchanged(pretrained: Encoder, tokenizer: SubwordTokenizer) -> None:
    pairs = [ParallelExample(str(n), SENTENCES[n], SENTENCES[(n * 5 + 2) % 9][:20]) for n in range(9)]
    exchanged = [ParallelExample(pair.id, pair.target, pair.source) for pair in pairs]
    for prefix in (None, "the "):
        settings = RetrievalSettings(candidate_prefix=prefix)
        backward = SentenceRetriever.of(pretrained, tokenizer, replace(settings, direction="backward"), 32)
        forward = SentenceRetriever.of(pretrained, tokenizer, settings, 32)
        assert backward.retrieve(pairs).predictions == forward.retrieve(exchanged).predictions
