"""Sentences and pairs of sentences: one label each, from one vector of the token states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from waystage.data.examples import Example, TextExample
from waystage.encoders.heads import ClassificationHead
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer, TokenSequence
from waystage.errors import DataError
from waystage.kinds.objective import Indices, MicroBatch, TokenObjective


def encode(tokenizer: SubwordTokenizer, examples: Sequence[Example], max_tokens: int) -> list[TokenSequence]:
    """One sequence an example."""
    texts = [example for example in examples if isinstance(example, TextExample)]
    return tokenizer.encode_texts([e.text for e in texts], [e.pair for e in texts], max_tokens)


def logits(encoder: Encoder, head: nn.Module, batch: TokenBatch, pooling: Pooling) -> Tensor:
    """Scores of labels ``[n_sequences, n_labels]``."""
    vectors = pooling.pool(encoder(batch), batch.attention_mask)
    scores: Tensor = head(vectors)
    return scores


class ClassificationObjective(TokenObjective):
    """Cross-entropy of the gold label."""

    def __init__(
        self,
        tokenizer: SubwordTokenizer,
        examples: Sequence[Example],
        labels: Sequence[str],
        max_tokens: int,
        pooling: Pooling = Pooling.MEAN,
    ) -> None:
        super().__init__(tokenizer, encode(tokenizer, examples, max_tokens))
        self.n_labels = len(labels)
        self.pooling = pooling
        self.example_ids = [example.id for example in examples]
        self._targets = gold_label_indices(examples, labels)

    def make_head(self, encoder: Encoder, dropout: float, generator: torch.Generator) -> nn.Module:
        """A classification head."""
        return ClassificationHead(encoder.hidden_size, self.n_labels, dropout, generator)

    def micro_batch(self, indices: Indices, seed: int, device: torch.device) -> MicroBatch:
        """Targets: ``[n_sequences]`` label indices."""
        targets = torch.from_numpy(self._targets[indices]).to(device)
        return MicroBatch(self.tokens(indices, device), targets, len(indices))

    def loss_sum(self, encoder: Encoder, head: nn.Module, batch: MicroBatch) -> Tensor:
        """Sum over sentences."""
        scores = logits(encoder, head, batch.tokens, self.pooling)
        return nn.functional.cross_entropy(scores, batch.targets, reduction="sum")


def gold_label_indices(examples: Sequence[Example], labels: Sequence[str]) -> Indices:
    """Index of each example's label.

    Raises:
        DataError: an example has no label, or one outside the label set.
    """
    index = {label: position for position, label in enumerate(labels)}
    values = []
    for example in examples:
        label = example.label if isinstance(example, TextExample) else None
        if label not in index:
            raise DataError(f"example {example.id}: label {label!r} is not one of {', '.join(labels)}")
        values.append(index[label])
    return np.array(values, np.int64)
