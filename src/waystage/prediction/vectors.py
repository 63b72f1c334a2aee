"""Texts to normalised vectors, batch by batch. Torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from waystage.data.examples import Candidate
from waystage.encoders.model import Encoder
from waystage.encoders.tokenizer import SubwordTokenizer, TokenSequence
from waystage.kinds import dual
from waystage.prediction.batches import token_batches
from waystage.study.study import RetrievalSettings


@dataclass(slots=True)
class VectorEncoder:
    """An encoder whose vectors are compared.

    Attributes:
        on_texts: told after each batch how many texts were read so far; what it raises stops the work.
        n_texts: texts read so far.
        n_text_tokens: their tokens.
    """

    encoder: Encoder
    tokenizer: SubwordTokenizer
    settings: RetrievalSettings
    on_texts: Callable[[int], None] = lambda n_texts: None
    n_texts: int = 0
    n_text_tokens: int = 0

    def queries(self, texts: Sequence[str], max_tokens: int) -> Tensor:
        """Vectors ``[n_texts, hidden]`` of queries."""
        return self._vectors(dual.encode_queries(self.tokenizer, texts, self.settings, max_tokens))

    def candidates(self, candidates: Sequence[Candidate], max_tokens: int) -> Tensor:
        """Vectors ``[n_candidates, hidden]`` of candidates."""
        return self._vectors(dual.encode_candidates(self.tokenizer, candidates, self.settings, max_tokens))

    def _vectors(self, sequences: Sequence[TokenSequence]) -> Tensor:
        device = next(self.encoder.parameters()).device
        vectors = torch.empty(len(sequences), self.encoder.hidden_size)
        with torch.inference_mode():
            for indices, batch in token_batches(self.encoder, sequences, self.tokenizer.pad_id, device):
                vectors[torch.from_numpy(indices)] = dual.vectors(self.encoder, batch, self.settings).cpu()
                self.n_texts += len(indices)
                self.n_text_tokens += batch.n_text_tokens
                self.on_texts(self.n_texts)
        return vectors
