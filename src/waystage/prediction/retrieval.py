"""Sentence retrieval: the best match of each sentence among the sentences of the other language. Torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from waystage.data.examples import Candidate, Example, ParallelExample
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.metrics.metric import Prediction
from waystage.prediction.margin import Neighbourhood
from waystage.prediction.neighbours import nearest
from waystage.prediction.predicted import Predicted, PredictedTogether
from waystage.prediction.together import ByLanguage
from waystage.prediction.vectors import VectorEncoder
from waystage.study.study import RetrievalSettings


@dataclass(slots=True)
class SentenceRetriever:
    """An encoder whose sentence vectors are compared.

    Vectors of sentences that were seen before are kept: the source side is the same for every language.
    """

    encoder: VectorEncoder
    max_tokens: int
    _known: dict[tuple[str, bool], Tensor]

    @classmethod
    def of(
        cls, encoder: Encoder, tokenizer: SubwordTokenizer, settings: RetrievalSettings, max_tokens: int
    ) -> SentenceRetriever:
        """A retriever that has seen nothing."""
        return cls(VectorEncoder(encoder, tokenizer, settings), max_tokens, {})

    def retrieve(self, examples: Sequence[Example]) -> Predicted:
        """For each pair the id of the pair whose other side is the best match of its query.

        By default the direction is that of XTREME's Tatoeba script: English queries, the other language is searched.
        """
        pairs = [example for example in examples if isinstance(example, ParallelExample)]
        queries, candidates = self._sides(pairs)
        query_vectors, n_query_tokens = self.vectors(queries)
        candidate_vectors, n_candidate_tokens = self.vectors(candidates, are_candidates=True)
        if self.encoder.settings.uses_margin:
            best = Neighbourhood.of(query_vectors, candidate_vectors).with_margin().best_targets()
        else:
            best = nearest(query_vectors, candidate_vectors, 1)[1][:, 0].tolist()
        predictions: dict[str, Prediction] = {pair.id: pairs[found].id for pair, found in zip(pairs, best, strict=True)}
        return Predicted(predictions, n_query_tokens + n_candidate_tokens)

    def retrieve_together(self, examples: ByLanguage) -> PredictedTogether:
        """The same for several languages, each by itself; their sentences are encoded in one pass."""
        pairs = [pair for members in examples.values() for pair in members if isinstance(pair, ParallelExample)]
        queries, candidates = self._sides(pairs)
        n_tokens = self.vectors(queries)[1] + self.vectors(candidates, are_candidates=True)[1]
        predictions = {language: self.retrieve(members).predictions for language, members in examples.items()}
        return PredictedTogether(predictions, n_tokens)

    def _sides(self, pairs: Sequence[ParallelExample]) -> tuple[list[str], list[str]]:
        sides = [pair.source for pair in pairs], [pair.target for pair in pairs]
        return sides if self.encoder.settings.is_forward else (sides[1], sides[0])

    def vectors(self, sentences: Sequence[str], *, are_candidates: bool = False) -> tuple[Tensor, int]:
        """Normalised vectors ``[n_sentences, hidden]``, and the tokens read for those not seen before."""
        prefixes = self.encoder.settings.prefixes
        is_apart = are_candidates and prefixes[0] != prefixes[1]
        new = [sentence for sentence in dict.fromkeys(sentences) if (sentence, is_apart) not in self._known]
        n_before = self.encoder.n_text_tokens
        if is_apart:
            vectors = self.encoder.candidates([Candidate("", sentence, None) for sentence in new], self.max_tokens)
        else:
            vectors = self.encoder.queries(new, self.max_tokens)
        self._known |= {(sentence, is_apart): vector for sentence, vector in zip(new, vectors, strict=True)}
        known = [self._known[sentence, is_apart] for sentence in sentences]
        return torch.stack(known), self.encoder.n_text_tokens - n_before
