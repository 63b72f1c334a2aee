"""Masked language modelling (Devlin et al. 2019): predict 15 % of the tokens, 80/10/10. Torch.

Logits are computed at the masked positions only, which is exact. The softmax of training runs over the whole vocabulary
(exact), or over the tokens that occur in the documents that were drawn, plus special tokens: other tokens are never a
target, so what is learned differs from the full softmax only in that they are not pushed down. The record names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from waystage.encoders.collate import collate_sequences
from waystage.encoders.heads import MaskedLanguageModelHead
from waystage.encoders.known_head import HeadOrigin, KnownHead, continued
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.reading import Reading
from waystage.encoders.tokenizer import SubwordTokenizer
from waystage.encoders.trimming import TrimmedVocabulary
from waystage.kinds.masking import choose_positions, choose_words, corrupt
from waystage.kinds.objective import Indices, MicroBatch, TokenObjective
from waystage.kinds.packing import Drawn
from waystage.kinds.pseudo_perplexity import (
    HeldOutDocument,
    LanguageLoss,
    language_losses,
    perplexity_facts,
)
from waystage.store.canonical import JsonObject
from waystage.study.pretraining import Masking, MaskUnit, Softmax

# Logits that are in memory at a time where the softmax is over the whole vocabulary.
_BLOCK_LOGITS = 1 << 25


@dataclass(frozen=True, slots=True)
class Observation:
    """Losses on held-out text under an encoder with the head that it had then; None where it had none."""

    origin: HeadOrigin
    losses: Mapping[str, LanguageLoss] | None


class MaskedLmObjective(TokenObjective):
    """Cross-entropy of the original token at the positions chosen for prediction.

    Args:
        tokenizer: of the encoder.
        sequences: what is read.
        settings: how it is masked and predicted.
        table_size: rows of the encoder's whole table of token embeddings.
        held_out: documents that are looked at before and after training.

    """

    sequences: Drawn

    def __init__(
        self,
        tokenizer: SubwordTokenizer,
        sequences: Drawn,
        settings: Masking,
        table_size: int,
        held_out: Sequence[HeldOutDocument] = (),
    ) -> None:
        super().__init__(tokenizer, sequences)
        self.settings = settings
        self.table_size = table_size
        self._observations: list[Observation] = []
        self._held_out = held_out
        self._whole_pad_id = tokenizer.pad_id
        self.mask_id = tokenizer.special_id("mask_token")
        self._special_ids = np.array(sorted({*tokenizer.special_ids, self.mask_id, tokenizer.pad_id}), np.int64)
        self._n_tokens = tokenizer.vocabulary_size
        self._starts_word = tokenizer.starts_word if settings.mask is MaskUnit.WORDS else None
        self._ordinary_ids: NDArray[np.int64] = np.array([], np.int64)
        self._vocabulary: TrimmedVocabulary | None = None
        self._row_of: NDArray[np.int64] = np.array([], np.int64)

    @property
    def lengths(self) -> NDArray[np.integer[Any]]:
        """Tokens of each sequence, shape ``[n_sequences]``."""
        return self.sequences.lengths

    def names(self, indices: Indices) -> list[str]:
        """The language and the number of the document that each sequence starts in."""
        return list(dict.fromkeys(self.sequences.name(int(index)) for index in indices))

    def reading(self) -> Reading:
        """What one pass reads, and over how many tokens the softmax runs."""
        lengths = self.lengths.astype(np.int64)
        n_rows = len((self._vocabulary or self.vocabulary()).token_ids)
        return Reading(len(lengths), int(lengths.sum()), int((lengths**2).sum()), n_rows)

    def vocabulary(self) -> TrimmedVocabulary:
        """The tokens over which the softmax runs."""
        if self.settings.softmax is Softmax.FULL:
            return TrimmedVocabulary(np.arange(self.table_size))
        occurring = self.sequences.occurring(self.table_size)
        return TrimmedVocabulary.of(np.concatenate([self._special_ids, occurring]))

    def trim(self, vocabulary: TrimmedVocabulary) -> None:
        """Number tokens by rows; random replacements come from the ordinary tokens of the trimmed table."""
        self._vocabulary = vocabulary
        self._row_of = np.full(self.table_size, -1, np.int64)
        self._row_of[vocabulary.token_ids] = np.arange(len(vocabulary.token_ids))
        self.pad_id = int(self._row_of[self.pad_id])
        self.mask_id = int(self._row_of[self.mask_id])
        if self._starts_word is not None:
            is_token = vocabulary.token_ids < len(self._starts_word)
            starts = np.zeros(len(is_token), bool)
            starts[is_token] = self._starts_word[vocabulary.token_ids[is_token]]
            self._starts_word = starts
        is_ordinary = ~np.isin(vocabulary.token_ids, self._special_ids) & (vocabulary.token_ids < self._n_tokens)
        self._special_ids = self._row_of[self._special_ids]
        self._ordinary_ids = np.flatnonzero(is_ordinary)

    def tokens(self, indices: Indices, device: torch.device) -> TokenBatch:
        """The sequences at ``indices`` as a padded batch, read from disk."""
        if self._vocabulary is None:
            raise RuntimeError("a masked-LM objective must be trimmed before it is used")
        chosen = [self.sequences[int(index)] for index in indices]
        numbered = [replace(sequence, ids=self._row_of[sequence.ids].astype(np.int32)) for sequence in chosen]
        if any((sequence.ids < 0).any() for sequence in numbered):
            raise KeyError("a token id is not in the trimmed vocabulary")
        return collate_sequences(numbered, self.pad_id, device)

    def make_head(self, encoder: Encoder, dropout: float, generator: torch.Generator) -> nn.Module:
        """The head that is known of the encoder, else a new one; tied to the (trimmed) token embeddings."""
        if self._vocabulary is None:
            raise RuntimeError("a masked-LM objective must be trimmed before it has a head")
        if encoder.known_head is not None:
            return encoder.known_head.module(torch.from_numpy(self._vocabulary.token_ids))
        n_tokens = encoder.token_embeddings.num_embeddings
        return MaskedLanguageModelHead(encoder.hidden_size, n_tokens, encoder.norm_eps, generator)

    def finished_head(self, encoder: Encoder, head: nn.Module) -> tuple[dict[str, Tensor], KnownHead | None]:
        """The head over the whole vocabulary: tokens outside the softmax keep the bias that they had, else 0."""
        if self._vocabulary is None:
            raise RuntimeError("a masked-LM objective must be trimmed before it has a head")
        tensors = {name: tensor.detach().cpu().clone() for name, tensor in head.state_dict().items()}
        earlier = encoder.known_head
        bias = torch.zeros(self.table_size) if earlier is None else earlier.tensors["bias"].clone()
        bias[torch.from_numpy(self._vocabulary.token_ids)] = tensors["bias"]
        return {}, continued(earlier, tensors | {"bias": bias}, encoder.norm_eps)

    def observe(self, encoder: Encoder) -> None:
        """Losses on the held-out documents, where a masked-LM head is known."""
        head = encoder.known_head
        if head is None:
            self._observations.append(Observation(HeadOrigin.NEW, None))
        else:
            losses = language_losses(encoder, head, self._held_out, self._whole_pad_id)
            self._observations.append(Observation(head.origin, losses))

    @property
    def observed(self) -> JsonObject | None:
        """Pseudo-perplexity of each language before and after training."""
        if len(self._observations) != 2:
            return None
        before, after = self._observations
        return perplexity_facts(before.origin, before.losses, after.losses or {})

    def micro_batch(self, indices: Indices, seed: int, device: torch.device) -> MicroBatch:
        """Targets: ``[3, n_masked]``, the row, the position and the original token of each predicted position."""
        tokens = self.tokens(indices, torch.device("cpu"))
        ids = tokens.input_ids.numpy()
        rng = np.random.Generator(np.random.PCG64(seed))
        eligible = tokens.attention_mask.numpy() & ~np.isin(ids, self._special_ids)
        if self._starts_word is None:
            chosen = choose_positions(eligible, self.settings.mask_rate, rng)
        else:
            chosen = choose_words(eligible, self._starts_word[ids], self.settings.mask_rate, rng)
        rows, positions = np.nonzero(chosen)
        targets = torch.from_numpy(np.stack([rows, positions, ids[rows, positions]]))
        ids[rows, positions] = corrupt(ids[rows, positions], self.mask_id, self._ordinary_ids, rng)
        batch = MicroBatch(tokens, targets, targets.shape[1])
        if device.type == "cpu":
            return batch
        return MicroBatch(tokens.to(device), targets.to(device), batch.n_terms)

    def loss_sum(self, encoder: Encoder, head: nn.Module, batch: MicroBatch) -> Tensor:
        """Sum over predicted positions."""
        rows, positions, originals = batch.targets
        states = encoder(batch.tokens)[rows, positions]
        return blocked_loss_sum(head, states, encoder.token_embeddings.weight, originals)


def blocked_loss_sum(
    head: nn.Module, states: Tensor, embeddings: Tensor, originals: Tensor, block_logits: int = _BLOCK_LOGITS
) -> Tensor:
    """Summed cross-entropy; where there are more logits than ``block_logits``, in blocks that are computed again.

    Args:
        head: gives logits from states and embeddings.
        states: ``[n, hidden_size]``.
        embeddings: ``[n_tokens, hidden_size]``.
        originals: ``[n]``, rows of ``embeddings``.
        block_logits: largest number of logits in memory.
    """

    def loss_of(part: Tensor, goal: Tensor) -> Tensor:
        return nn.functional.cross_entropy(head(part, embeddings), goal, reduction="sum")

    size = max(1, block_logits // len(embeddings))
    if len(states) <= size:
        return loss_of(states, originals)
    parts = zip(torch.split(states, size), torch.split(originals, size), strict=True)
    return torch.stack([checkpoint(loss_of, part, goal, use_reentrant=False) for part, goal in parts]).sum()
