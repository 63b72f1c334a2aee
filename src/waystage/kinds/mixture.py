"""Several objectives in one stage: each step takes a batch of one of them. Torch.

One encoder learns from all. An objective has a head of its own, or shares one: tasks with one label set may, and masked
and translation language modelling always do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from waystage.encoders.known_head import KnownHead
from waystage.encoders.model import Encoder
from waystage.encoders.reading import Reading
from waystage.encoders.trimming import TrimmedVocabulary
from waystage.kinds.objective import Indices, MicroBatch, Objective, Strand
from waystage.store.canonical import JsonObject


@dataclass(frozen=True, slots=True)
class Member:
    """One of the objectives.

    Attributes:
        share: share of the steps that take a batch of it, in (0, 1].
        n_in_epoch: inputs of it that count as one pass; 0 for text that is mixed in.
        head: number of its head, from 0; members with the same number share one.
    """

    objective: Objective
    share: float
    n_in_epoch: int
    head: int


class Mixture(Objective):
    """Batches of several objectives, never of two at once.

    Args:
        members: at least one; their shares sum to 1, and their heads are numbered without a gap in the order of the
            first member that has each.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)
        first: dict[int, Objective] = {}
        for member in self.members:
            first.setdefault(member.head, member.objective)
        self._of_heads = tuple(first[number] for number in range(len(first)))
        sizes = [len(member.objective.lengths) for member in self.members]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])

    @property
    def lengths(self) -> NDArray[np.integer[Any]]:
        """Tokens of each input, those of the first member first, ``[n_inputs]``."""
        return np.concatenate([member.objective.lengths for member in self.members])

    @property
    def strands(self) -> tuple[Strand, ...]:
        """One a member."""
        return tuple(Strand(member.objective.lengths, member.share, member.n_in_epoch) for member in self.members)

    @property
    def n_sequences(self) -> int:
        """Sequences of all members."""
        return sum(member.objective.n_sequences for member in self.members)

    def names(self, indices: Indices) -> list[str]:
        """What the user knows the inputs at ``indices`` by, which are of one member."""
        place = self._place_of(indices)
        return self.members[place].objective.names(indices - self._starts[place])

    def reading(self) -> Reading:
        """What one pass over the inputs of all members reads."""
        read = self.readings()
        return Reading(
            sum(own.n_examples for own in read),
            sum(own.n_tokens for own in read),
            sum(own.n_pairs for own in read),
            max(own.n_rows for own in read),
        )

    def readings(self) -> tuple[Reading, ...]:
        """What one pass over the inputs of each member reads."""
        return tuple(member.objective.reading() for member in self.members)

    def vocabulary(self) -> TrimmedVocabulary:
        """The tokens of all members: where the softmax runs over those that occur, it runs over these."""
        found = [member.objective.vocabulary().token_ids for member in self.members]
        return TrimmedVocabulary.of(np.concatenate(found))

    def trim(self, vocabulary: TrimmedVocabulary) -> None:
        """Number tokens by their rows in a trimmed table from now on."""
        for member in self.members:
            member.objective.trim(vocabulary)

    def observe(self, encoder: Encoder) -> None:
        """Measure what each member measures."""
        for member in self.members:
            member.objective.observe(encoder)

    @property
    def observed(self) -> JsonObject | None:
        """What was measured before and after training, on the text of all members together."""
        found = [observed for member in self.members if (observed := member.objective.observed) is not None]
        if not found:
            return None
        languages = {name: facts for observed in found for name, facts in observed["languages"].items()}
        facts = {name: fact for observed in found for name, fact in observed.items()}
        return {**facts, "languages": dict(sorted(languages.items()))}

    def make_head(self, encoder: Encoder, dropout: float, generator: torch.Generator) -> nn.Module:
        """A list of heads."""
        return nn.ModuleList([objective.make_head(encoder, dropout, generator) for objective in self._of_heads])

    def finished_head(self, encoder: Encoder, head: nn.Module) -> tuple[dict[str, Tensor], KnownHead | None]:
        """The tensors of all heads, each name after the number of its head; and the masked-LM head, if one was here."""
        tensors: dict[str, Tensor] = {}
        known = encoder.known_head
        for number, objective in enumerate(self._of_heads):
            own, left = objective.finished_head(encoder, _heads(head)[number])
            tensors |= {f"{number}.{name}": tensor for name, tensor in own.items()}
            known = left if left is not encoder.known_head else known
        return tensors, known

    def micro_batch(self, indices: Indices, seed: int, device: torch.device) -> MicroBatch:
        """Inputs and targets of some inputs of one member."""
        place = self._place_of(indices)
        batch = self.members[place].objective.micro_batch(indices - self._starts[place], seed, device)
        return replace(batch, member=place)

    def _place_of(self, indices: Indices) -> int:
        return int(np.searchsorted(self._starts, indices[0], side="right")) - 1

    def loss_sum(self, encoder: Encoder, head: nn.Module, batch: MicroBatch) -> Tensor:
        """Sum of the loss of the member that the batch is of."""
        member = self.members[batch.member]
        return member.objective.loss_sum(encoder, _heads(head)[member.head], batch)


def _heads(head: nn.Module) -> nn.ModuleList:
    if not isinstance(head, nn.ModuleList):
        raise TypeError("the head of a mixture is a list of heads")
    return head
