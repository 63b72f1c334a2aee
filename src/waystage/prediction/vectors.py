"""Texts to normalised vectors, batch by batch. Torch."""

from __future__ import annotations

from collections.abc import Sequence
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
    """An encoder whose vectors are compared; ``n_text_tokens`` counts what it has read."""

    encoder: Encoder
    tokenizer: SubwordTokenizer
    settings: RetrievalSettings
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
            for indices, batch in token_batches(sequences, self.tokenizer.pad_id, device):
                vectors[torch.from_numpy(indices)] = dual.vectors(self.encoder, batch, self.settings).cpu()
        self.n_text_tokens += sum(map(len, sequences))
        return vectors
