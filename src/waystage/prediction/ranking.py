"""Dual encoders: the best candidates of each query, from pools of any size. Torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from waystage.data.examples import Candidate, QueryExample
from waystage.metrics.metric import Prediction
from waystage.metrics.ranking import N_BEST
from waystage.prediction.neighbours import BestOfBlocks
from waystage.prediction.predicted import PredictedTogether
from waystage.prediction.together import ByLanguage
from waystage.prediction.vectors import VectorEncoder


def rank(
    encoder: VectorEncoder,
    examples: ByLanguage,
    pool: Iterable[Sequence[Candidate]],
    max_tokens: tuple[int, int],
) -> PredictedTogether:
    """For each query of every language the ids of the ``N_BEST`` candidates with the largest inner products.

    Args:
        encoder: makes the vectors.
        examples: queries by language.
        pool: all candidates, in blocks; a block is forgotten when the next one comes.
        max_tokens: longest query and longest candidate.
    """
    queries = [e for members in examples.values() for e in members if isinstance(e, QueryExample)]
    best = BestOfBlocks(encoder.queries([query.query for query in queries], max_tokens[0]), N_BEST)
    ids: list[str] = []
    for block in pool:
        best.add(encoder.candidates(block, max_tokens[1]))
        ids += [candidate.id for candidate in block]
    rankings = iter(_named(best.numbers, ids))
    predictions: dict[str, dict[str, Prediction]] = {
        language: {example.id: next(rankings) for example in members} for language, members in examples.items()
    }
    return PredictedTogether(predictions, encoder.n_text_tokens)


def _named(numbers: torch.Tensor, ids: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return (tuple(ids[number] for number in row) for row in numbers.tolist())
