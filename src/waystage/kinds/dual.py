"""Retrieval: texts become normalised vectors; queries are learned to lie close to the candidates that are right. Torch.

One encoder reads both sides (shared weights). The loss is that of XTREME-R's baseline (``third_party/bert.py`` of
google-research/xtreme): the softmax over the candidates of a micro-batch of inner product times a learned scale.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from waystage.data.examples import Candidate, Example, MatchExample
from waystage.encoders.heads import ScaleHead
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer, TokenSequence
from waystage.errors import DataError
from waystage.kinds.objective import Indices, MicroBatch, TokenObjective
from waystage.study.study import RetrievalSettings, Training


def vectors(encoder: Encoder, batch: TokenBatch, settings: RetrievalSettings) -> Tensor:
    """Vectors ``[n_sequences, hidden]`` of length 1."""
    states = encoder(batch, settings.layer)
    return nn.functional.normalize(Pooling(settings.pooling).pool(states, batch.attention_mask))


def encode_queries(
    tokenizer: SubwordTokenizer, queries: Sequence[str], settings: RetrievalSettings, max_tokens: int
) -> list[TokenSequence]:
    """A sequence a query."""
    prefix, _ = settings.prefixes
    return tokenizer.encode_texts([prefix + query for query in queries], [None] * len(queries), max_tokens)


def encode_candidates(
    tokenizer: SubwordTokenizer, candidates: Sequence[Candidate], settings: RetrievalSettings, max_tokens: int
) -> list[TokenSequence]:
    """A sequence a candidate: its text, as a pair with its context where it has one."""
    _, prefix = settings.prefixes
    texts = [prefix + candidate.candidate for candidate in candidates]
    return tokenizer.encode_texts(texts, [candidate.context for candidate in candidates], max_tokens)


class DualObjective(TokenObjective):
    """Cross-entropy of a query's own candidate among those of its micro-batch. An index is that of an example.

    A candidate with the same text as the query's own is not counted against it: two questions may have one answer.
    """

    def __init__(
        self,
        tokenizer: SubwordTokenizer,
        examples: Sequence[Example],
        settings: RetrievalSettings,
        training: Training,
    ) -> None:
        matches = _matches(examples)
        candidates = [Candidate(match.id, match.match, match.context) for match in matches]
        max_query_tokens = training.max_question_tokens or training.max_tokens
        queries = encode_queries(tokenizer, [match.query for match in matches], settings, max_query_tokens)
        both = [*queries, *encode_candidates(tokenizer, candidates, settings, training.max_tokens)]
        super().__init__(tokenizer, both)
        self._settings = settings
        self._n_examples = len(matches)
        self.example_ids = [match.id for match in matches]
        numbers: dict[tuple[str, str | None], int] = {}
        texts = [numbers.setdefault((c.candidate, c.context), len(numbers)) for c in candidates]
        self._texts = np.array(texts, np.int64)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each query and its candidate together, shape ``[n_examples]``."""
        lengths = super().lengths
        return lengths[: self._n_examples] + lengths[self._n_examples :]

    def make_head(self, encoder: Encoder, dropout: float, generator: torch.Generator) -> nn.Module:
        """The learned scale."""
        return ScaleHead(encoder.hidden_size, 0, dropout, generator)

    def micro_batch(self, indices: Indices, seed: int, device: torch.device) -> MicroBatch:
        """Targets: ``[n_examples]``, equal numbers for equal candidates."""
        candidates = self.tokens(indices + self._n_examples, device)
        texts = torch.from_numpy(self._texts[indices]).to(device)
        return MicroBatch(self.tokens(indices, device), texts, len(indices), candidates)

    def loss_sum(self, encoder: Encoder, head: nn.Module, batch: MicroBatch) -> Tensor:
        """Sum over queries."""
        if batch.candidates is None:
            raise RuntimeError("a batch of a dual encoder has no candidates")
        queries = vectors(encoder, batch.tokens, self._settings)
        candidates = vectors(encoder, batch.candidates, self._settings)
        own = torch.arange(len(queries), device=queries.device)
        is_twin = (batch.targets[:, None] == batch.targets[None, :]) & (own[:, None] != own[None, :])
        logits = head(queries @ candidates.T).masked_fill(is_twin, float("-inf"))
        return nn.functional.cross_entropy(logits, own, reduction="sum")


def _matches(examples: Sequence[Example]) -> list[MatchExample]:
    matches = [example for example in examples if isinstance(example, MatchExample)]
    if len(matches) < 2:
        raise DataError("a dual encoder learns from the candidates of other queries: it needs at least 2 examples")
    return matches
