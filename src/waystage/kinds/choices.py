"""Multiple choice: each choice is read together with the text, and gets one score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from waystage.data.examples import Example, MultipleChoiceExample
from waystage.encoders.heads import MultipleChoiceHead
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.pooling import Pooling
from waystage.encoders.tokenizer import SubwordTokenizer, TokenSequence
from waystage.errors import DataError
from waystage.kinds import classification
from waystage.kinds.objective import Indices, MicroBatch, TokenObjective


def encode(tokenizer: SubwordTokenizer, examples: Sequence[Example], max_tokens: int) -> list[TokenSequence]:
    """One sequence a choice, those of an example one after the other."""
    pairs = [
        (example.text, choice)
        for example in examples
        if isinstance(example, MultipleChoiceExample)
        for choice in example.choices
    ]
    return tokenizer.encode_texts([text for text, _ in pairs], [choice for _, choice in pairs], max_tokens)


def first_sequences(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Index of the first sequence of each example, and the number of sequences: ``[n_examples + 1]``."""
    counts = [len(example.choices) for example in examples if isinstance(example, MultipleChoiceExample)]
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def logits(encoder: Encoder, head: nn.Module, batch: TokenBatch, pooling: Pooling) -> Tensor:
    """Scores of choices ``[n_sequences]``."""
    return classification.logits(encoder, head, batch, pooling).squeeze(1)


class MultipleChoiceObjective(TokenObjective):
    """Cross-entropy of the right choice among those of its example. An index is that of an example."""

    def __init__(
        self,
        tokenizer: SubwordTokenizer,
        examples: Sequence[Example],
        labels: Sequence[str],
        max_tokens: int,
        pooling: Pooling = Pooling.MEAN,
    ) -> None:
        super().__init__(tokenizer, encode(tokenizer, examples, max_tokens))
        self.pooling = pooling
        self._first = first_sequences(examples)
        self.example_ids = [example.id for example in examples]
        self._answers = _gold_answers(examples)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each example, all choices together, shape ``[n_examples]``."""
        n_tokens = np.concatenate([[0], np.cumsum(super().lengths)])
        lengths: NDArray[np.int64] = np.diff(n_tokens[self._first])
        return lengths

    def make_head(self, encoder: Encoder, dropout: float, generator: torch.Generator) -> nn.Module:
        """A head with one score."""
        return MultipleChoiceHead(encoder.hidden_size, 1, dropout, generator)

    def micro_batch(self, indices: Indices, seed: int, device: torch.device) -> MicroBatch:
        """Targets: ``[n_examples, 1 + most_choices]``, the right choice and the rows of all (-1: no such choice)."""
        counts = np.diff(self._first)[indices]
        is_choice = np.arange(counts.max())[None, :] < counts[:, None]
        rows = np.where(is_choice, np.cumsum(is_choice.ravel()).reshape(is_choice.shape) - 1, -1)
        targets = torch.from_numpy(np.concatenate([self._answers[indices, None], rows], axis=1)).to(device)
        sequences = np.concatenate([np.arange(self._first[index], self._first[index + 1]) for index in indices])
        return MicroBatch(self.tokens(sequences, device), targets, len(indices))

    def loss_sum(self, encoder: Encoder, head: nn.Module, batch: MicroBatch) -> Tensor:
        """Sum over examples."""
        answers, rows = batch.targets[:, 0], batch.targets[:, 1:]
        of_sequences = logits(encoder, head, batch.tokens, self.pooling)
        scores = of_sequences[rows.clamp(min=0)].masked_fill(rows < 0, float("-inf"))
        return nn.functional.cross_entropy(scores, answers, reduction="sum")


def _gold_answers(examples: Sequence[Example]) -> Indices:
    answers = []
    for example in examples:
        answer = example.answer if isinstance(example, MultipleChoiceExample) else None
        if answer is None:
            raise DataError(f"example {example.id}: its right choice is withheld")
        answers.append(answer)
    return np.array(answers, np.int64)
