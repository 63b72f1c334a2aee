"""Mining: which sentences of two collections are translations of each other. Torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from waystage.data.examples import Candidate, Example, QueryExample
from waystage.metrics.metric import Prediction
from waystage.prediction.margin import Neighbourhood, Pair, fit_threshold
from waystage.prediction.predicted import PredictedTogether
from waystage.prediction.vectors import VectorEncoder


@dataclass(frozen=True, slots=True)
class Collection:
    """Sentences of a language, with the ids of their translations, and those that they may be translations of."""

    sources: Sequence[QueryExample]
    targets: Sequence[Candidate]

    @classmethod
    def of(cls, examples: Iterable[Example], blocks: Iterable[Sequence[Candidate]]) -> Collection:
        """The collection of a split and its pool."""
        sources = [example for example in examples if isinstance(example, QueryExample)]
        return cls(sources, [candidate for block in blocks for candidate in block])


def mine(
    encoder: VectorEncoder, language: str, validation: Collection, test: Collection, max_tokens: int
) -> PredictedTogether:
    """Fit the threshold on one collection and pair the sentences of another with it.

    A prediction is the id that a source sentence is paired with, or nothing.
    """
    n_before = encoder.n_text_tokens
    pairs = _pairs(encoder, validation, max_tokens)
    row_of = {candidate.id: row for row, candidate in enumerate(validation.targets)}
    gold = [
        (row, row_of[answer])
        for row, source in enumerate(validation.sources)
        for answer in source.answers or ()
        if answer in row_of
    ]
    threshold = fit_threshold(pairs, gold)
    predictions: dict[str, Prediction] = {source.id: () for source in test.sources}
    for pair in _pairs(encoder, test, max_tokens):
        if threshold.value is not None and pair.score >= threshold.value:
            predictions[test.sources[pair.source].id] = (test.targets[pair.target].id,)
    return PredictedTogether({language: predictions}, encoder.n_text_tokens - n_before, {language: threshold})


def _pairs(encoder: VectorEncoder, collection: Collection, max_tokens: int) -> list[Pair]:
    """Pairs of rows of a collection.

    A sentence that stands in a collection several times takes part once, and its pair is dropped in the end: which of
    its ids is meant cannot be told. That is what the benchmark's script does.
    """
    sources, targets = (
        [source.query for source in collection.sources],
        [target.candidate for target in collection.targets],
    )
    unique_sources, unique_targets = list(dict.fromkeys(sources)), list(dict.fromkeys(targets))
    neighbourhood = Neighbourhood.of(
        encoder.queries(unique_sources, max_tokens),
        encoder.candidates([Candidate("", text, None) for text in unique_targets], max_tokens),
    )
    if encoder.settings.uses_margin:
        neighbourhood = neighbourhood.with_margin()
    source_rows, target_rows = _only_rows(sources), _only_rows(targets)
    return [
        Pair(source_rows[unique_sources[pair.source]], target_rows[unique_targets[pair.target]], pair.score)
        for pair in neighbourhood.pairs()
        if unique_sources[pair.source] in source_rows and unique_targets[pair.target] in target_rows
    ]


def _only_rows(texts: Sequence[str]) -> dict[str, int]:
    """Rows of the texts that stand once."""
    counts = Counter(texts)
    return {text: row for row, text in enumerate(texts) if counts[text] == 1}
