"""Tags of words: the label sits on a word's first subword; long sentences are split and rejoined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from waystage.data.examples import Example, TaggedExample
from waystage.encoders.heads import TaggingHead
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.tokenizer import SubwordTokenizer, WordSequence
from waystage.errors import DataError
from waystage.kinds.objective import Indices, MicroBatch, TokenObjective


@dataclass(frozen=True, slots=True)
class SentencePart:
    """A part of a sentence that fits the encoder, and the sentence it belongs to (index into the examples)."""

    example_index: int
    words: WordSequence


def encode(tokenizer: SubwordTokenizer, examples: Sequence[Example], max_tokens: int) -> list[SentencePart]:
    """One or more parts an example, in order."""
    return [
        SentencePart(index, part)
        for index, example in enumerate(examples)
        if isinstance(example, TaggedExample) and example.words
        for part in tokenizer.encode_words(example.words, max_tokens)
    ]


def logits(encoder: Encoder, head: nn.Module, batch: TokenBatch, rows: Tensor, positions: Tensor) -> Tensor:
    """Scores of tags ``[n_words, n_labels]`` at the given first subwords (row and position in the batch)."""
    states = encoder(batch)[rows, positions]
    scores: Tensor = head(states)
    return scores


def first_subword_places(parts: Sequence[SentencePart]) -> tuple[Tensor, Tensor]:
    """Rows and positions ``[n_words]`` of all first subwords of a batch made of ``parts``."""
    rows = np.repeat(np.arange(len(parts)), [len(part.words.first_subwords) for part in parts])
    positions = np.concatenate([part.words.first_subwords for part in parts]).astype(np.int64)
    return torch.from_numpy(rows), torch.from_numpy(positions)


class TaggingObjective(TokenObjective):
    """Cross-entropy of the gold tag at each word's first subword."""

    def __init__(
        self, tokenizer: SubwordTokenizer, examples: Sequence[Example], labels: Sequence[str], max_tokens: int
    ) -> None:
        self.parts = encode(tokenizer, examples, max_tokens)
        super().__init__(tokenizer, [part.words.tokens for part in self.parts])
        self.n_labels = len(labels)
        self.example_ids = [examples[part.example_index].id for part in self.parts]
        self._targets = _gold_tags(self.parts, examples, labels)

    def make_head(self, encoder: Encoder, dropout: float, generator: torch.Generator) -> nn.Module:
        """A tagging head."""
        return TaggingHead(encoder.hidden_size, self.n_labels, dropout, generator)

    def micro_batch(self, indices: Indices, seed: int, device: torch.device) -> MicroBatch:
        """Targets: ``[3, n_words]``, the row, the position and the tag of each word."""
        parts = [self.parts[index] for index in indices]
        rows, positions = first_subword_places(parts)
        tags = torch.from_numpy(np.concatenate([self._targets[index] for index in indices]))
        targets = torch.stack([rows, positions, tags]).to(device)
        return MicroBatch(self.tokens(indices, device), targets, targets.shape[1])

    def loss_sum(self, encoder: Encoder, head: nn.Module, batch: MicroBatch) -> Tensor:
        """Sum over words."""
        rows, positions, tags = batch.targets
        scores = logits(encoder, head, batch.tokens, rows, positions)
        return nn.functional.cross_entropy(scores, tags, reduction="sum")


def _gold_tags(parts: Sequence[SentencePart], examples: Sequence[Example], labels: Sequence[str]) -> list[Indices]:
    index = {label: position for position, label in enumerate(labels)}
    targets = []
    for part in parts:
        example = examples[part.example_index]
        tags = example.tags if isinstance(example, TaggedExample) else None
        if tags is None:
            raise DataError(f"example {example.id}: its tags are withheld")
        start = part.words.first_word
        chosen = tags[start : start + len(part.words.first_subwords)]
        unknown = next((tag for tag in chosen if tag not in index), None)
        if unknown is not None:
            raise DataError(f"example {example.id}: tag {unknown!r} is not one of {', '.join(labels)}")
        targets.append(np.array([index[tag] for tag in chosen], np.int64))
    return targets
