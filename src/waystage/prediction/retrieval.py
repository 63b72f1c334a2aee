"""Sentence retrieval: the nearest neighbour by cosine among the sentences of the other language. Torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from waystage.data.examples import Example, ParallelExample
from waystage.encoders.model import Encoder
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.metrics.metric import Prediction
from waystage.prediction.batches import token_batches
from waystage.prediction.predicted import Predicted, PredictedTogether
from waystage.prediction.together import ByLanguage
from waystage.study.study import RetrievalSettings

_BLOCK = 1024


@dataclass(slots=True)
class SentenceRetriever:
    """An encoder whose sentence vectors are compared.

    Vectors of sentences that were seen before are kept: the source side is the same for every language.
    """

    encoder: Encoder
    tokenizer: SubwordTokenizer
    settings: RetrievalSettings
    max_tokens: int
    _known: dict[str, Tensor]

    @classmethod
    def of(
        cls, encoder: Encoder, tokenizer: SubwordTokenizer, settings: RetrievalSettings, max_tokens: int
    ) -> SentenceRetriever:
        """A retriever that has seen nothing."""
        return cls(encoder, tokenizer, settings, max_tokens, {})

    def retrieve(self, examples: Sequence[Example]) -> Predicted:
        """For each source sentence (the query) the id of the nearest target sentence (the index).

        The direction is that of XTREME's Tatoeba script: English queries, the other language is searched.
        """
        pairs = [example for example in examples if isinstance(example, ParallelExample)]
        queries, n_query_tokens = self.vectors([pair.source for pair in pairs])
        index, n_index_tokens = self.vectors([pair.target for pair in pairs])
        nearest = nearest_neighbours(queries, index)
        predictions: dict[str, Prediction] = {
            pair.id: pairs[best].id for pair, best in zip(pairs, nearest.tolist(), strict=True)
        }
        return Predicted(predictions, n_query_tokens + n_index_tokens)

    def retrieve_together(self, examples: ByLanguage) -> PredictedTogether:
        """The same for several languages, each by itself; their sentences are encoded in one pass."""
        pairs = [pair for members in examples.values() for pair in members if isinstance(pair, ParallelExample)]
        _, n_tokens = self.vectors([sentence for pair in pairs for sentence in (pair.source, pair.target)])
        predictions = {language: self.retrieve(members).predictions for language, members in examples.items()}
        return PredictedTogether(predictions, n_tokens)

    def vectors(self, sentences: Sequence[str]) -> tuple[Tensor, int]:
        """Normalised vectors ``[n_sentences, hidden]``, and the tokens read for those not seen before."""
        new = [sentence for sentence in dict.fromkeys(sentences) if sentence not in self._known]
        texts = [self.settings.text_prefix + sentence for sentence in new]
        sequences = self.tokenizer.encode_texts(texts, [None] * len(texts), self.max_tokens) if texts else []
        device = next(self.encoder.parameters()).device
        pooling = Pooling(self.settings.pooling)
        with torch.inference_mode():
            for indices, batch in token_batches(sequences, self.tokenizer.pad_id, device):
                states = self.encoder(batch, self.settings.layer)
                pooled = torch.nn.functional.normalize(pooling.pool(states, batch.attention_mask)).cpu()
                self._known |= {new[index]: vector for index, vector in zip(indices.tolist(), pooled, strict=True)}
        return torch.stack([self._known[sentence] for sentence in sentences]), sum(map(len, sequences))


def nearest_neighbours(queries: Tensor, index: Tensor) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Row of ``index`` with the largest inner product for each query, the first among equals.

    Args:
        queries: ``[n_queries, hidden]``.
        index: ``[n_candidates, hidden]``.

    >>> nearest_neighbours(torch.eye(2), torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])).tolist()
    [1, 0]
    """
    best = [(queries[at : at + _BLOCK] @ index.T).argmax(dim=1) for at in range(0, len(queries), _BLOCK)]
    result: np.ndarray[tuple[int], np.dtype[np.int64]] = torch.cat(best).numpy()
    return result
