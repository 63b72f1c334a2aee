"""What the training loop needs to know of a kind, and what they all share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from waystage.encoders.collate import collate
from waystage.encoders.known_head import KnownHead
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.reading import Reading
from waystage.encoders.tokenizer import SubwordTokenizer, TokenSequence
from waystage.encoders.trimming import TrimmedVocabulary
from waystage.store.canonical import JsonObject

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """Inputs and targets of one forward pass; ``n_terms`` is the number of summands of its loss.

    ``candidates`` are the other side of a dual encoder; ``member`` is the place of its objective in a mixture.
    """

    tokens: TokenBatch
    targets: Tensor
    n_terms: int
    candidates: TokenBatch | None = None
    member: int = 0

    @property
    def n_text_tokens(self) -> int:
        """Tokens that carry text."""
        return sum(batch.n_text_tokens for batch in self._batches)

    def n_computed_tokens(self, encoder: Encoder) -> int:
        """Positions that a forward pass computes: those of the padding too, where padding is computed."""
        if not encoder.computes_padding:
            return self.n_text_tokens
        return sum(batch.input_ids.numel() for batch in self._batches)

    @property
    def _batches(self) -> tuple[TokenBatch, ...]:
        return (self.tokens,) if self.candidates is None else (self.tokens, self.candidates)


@dataclass(frozen=True, slots=True)
class Strand:
    """Inputs of which a batch is made, apart from those of other strands.

    Attributes:
        lengths: tokens of each input, ``[n]``.
        share: share of the steps, in (0, 1]; those of all strands sum to 1.
        n_in_epoch: inputs that count as one pass; 0 where a pass over the training data does not depend on it.
    """

    lengths: NDArray[np.integer[Any]]
    share: float
    n_in_epoch: int


class Objective(ABC):
    """What is learned from: inputs, a head and a loss."""

    @property
    @abstractmethod
    def lengths(self) -> NDArray[np.integer[Any]]:
        """Tokens of each input, shape ``[n_inputs]``."""

    @property
    def strands(self) -> tuple[Strand, ...]:
        """What batches are made of; the inputs of a later one are numbered on from those of the one before."""
        return (Strand(self.lengths, 1.0, len(self.lengths)),)

    @property
    @abstractmethod
    def n_sequences(self) -> int:
        """Sequences that are read."""

    @abstractmethod
    def names(self, indices: Indices) -> list[str]:
        """What the user knows the inputs at ``indices`` by, each once."""

    @abstractmethod
    def reading(self) -> Reading:
        """What one pass reads."""

    def readings(self) -> tuple[Reading, ...]:
        """What one pass over each strand reads."""
        return (self.reading(),)

    @abstractmethod
    def vocabulary(self) -> TrimmedVocabulary:
        """The tokens that occur, and those that the objective itself puts in."""

    @abstractmethod
    def trim(self, vocabulary: TrimmedVocabulary) -> None:
        """Number tokens by their rows in a trimmed table from now on."""

    def observe(self, encoder: Encoder) -> None:  # noqa: B027
        """Measure what is to be known of the encoder; called before and after training, its whole vocabulary in place.

        Most objectives measure nothing.
        """

    @property
    def observed(self) -> JsonObject | None:
        """What was measured before and after training; None where nothing was."""
        return None

    def finished_head(self, encoder: Encoder, head: nn.Module) -> tuple[dict[str, Tensor], KnownHead | None]:
        """What a trained head leaves: the tensors of a task's head, and the masked-LM head known from now on."""
        return dict(head.state_dict()), encoder.known_head

    @abstractmethod
    def make_head(self, encoder: Encoder, dropout: float, generator: torch.Generator) -> nn.Module:
        """A new head, initialised from ``generator``."""

    @abstractmethod
    def micro_batch(self, indices: Indices, seed: int, device: torch.device) -> MicroBatch:
        """Inputs and targets of some inputs of one strand; ``seed`` decides anything random about them."""

    @abstractmethod
    def loss_sum(self, encoder: Encoder, head: nn.Module, batch: MicroBatch) -> Tensor:
        """Sum of the loss over the terms of a batch (a scalar); its gradient trains encoder and head."""


class TokenObjective(Objective):
    """A training set in token form, with its head and its loss.

    Attributes:
        sequences: the inputs.
        pad_id: id of the padding token, in the same numbering as ``sequences``.
        example_ids: ids of the examples that indices stand for, one an index; empty where nothing has ids.
    """

    def __init__(self, tokenizer: SubwordTokenizer, sequences: Sequence[TokenSequence]) -> None:
        self.sequences: Sequence[TokenSequence] = sequences
        self.pad_id = tokenizer.pad_id
        self._extra_ids: list[int] = [tokenizer.pad_id]
        self.example_ids: Sequence[str] = ()

    @property
    def n_sequences(self) -> int:
        """Sequences that are read."""
        return len(self.sequences)

    @property
    def lengths(self) -> NDArray[np.integer[Any]]:
        """Tokens of each sequence, shape ``[n_sequences]``."""
        return np.array([len(sequence) for sequence in self.sequences], np.int64)

    def names(self, indices: Indices) -> list[str]:
        """What the user knows the examples at ``indices`` by, each once."""
        ids = self.example_ids
        return list(dict.fromkeys(ids[index] if ids else f"sequence {index}" for index in indices.tolist()))

    def reading(self) -> Reading:
        """What one pass reads."""
        lengths, of_sequences = self.lengths, np.array([len(sequence) for sequence in self.sequences], np.int64)
        return Reading(len(lengths), int(lengths.sum()), int((of_sequences**2).sum()))

    def vocabulary(self) -> TrimmedVocabulary:
        """The tokens that occur, and those that the objective itself puts in."""
        occurring = [sequence.ids.astype(np.int64) for sequence in self.sequences]
        return TrimmedVocabulary.of(np.concatenate([np.array(self._extra_ids, np.int64), *occurring]))

    def trim(self, vocabulary: TrimmedVocabulary) -> None:
        """Number tokens by their rows in a trimmed table from now on."""
        self.sequences = [
            TokenSequence(vocabulary.rows(sequence.ids.astype(np.int64)).astype(np.int32), sequence.type_ids)
            for sequence in self.sequences
        ]
        self.pad_id = int(vocabulary.rows(np.array([self.pad_id], np.int64))[0])

    def tokens(self, indices: Indices, device: torch.device) -> TokenBatch:
        """The sequences at ``indices`` as a padded batch."""
        chosen = [self.sequences[index] for index in indices]
        return collate([s.ids for s in chosen], [s.type_ids for s in chosen], self.pad_id, device)
