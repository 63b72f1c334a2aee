"""Pseudo-perplexity of held-out text (after Salazar et al. 2020): what an encoder forgets while it learns. Torch.

15 % of the tokens of each document are replaced by the mask token and predicted, all at once; the same ones at any time
and in any study. The value is exp of the mean cross-entropy over these tokens, with a softmax over the whole
vocabulary, whatever the softmax of training was. Salazar et al. mask one token at a time, which takes a forward pass a
token; with more tokens masked at once, values are higher, and comparable with each other alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from waystage.encoders.collate import collate_sequences
from waystage.encoders.known_head import HeadOrigin, KnownHead
from waystage.encoders.model import Encoder, computing_device
from waystage.encoders.tokenizer import SubwordTokenizer, TokenSequence
from waystage.seeds import derive_seed
from waystage.store.canonical import JsonObject

HELD_OUT_MASK_RATE = 0.15
_BATCH_TOKENS = 4096
# Logits that are in memory at a time.
_BLOCK_LOGITS = 1 << 24


@dataclass(frozen=True, slots=True)
class HeldOutDocument:
    """A document with some of its tokens masked.

    Shapes:
        sequence: special tokens included, masks put in.
        positions: ``[n_masked]``, at least one.
        originals: ``[n_masked]``, the tokens at ``positions``.
    """

    language: str
    sequence: TokenSequence
    positions: NDArray[np.int64]
    originals: NDArray[np.int64]

    @property
    def ids(self) -> NDArray[np.int32]:
        """The tokens, ``[n_tokens]``."""
        return self.sequence.ids


@dataclass(frozen=True, slots=True)
class LanguageLoss:
    """Summed cross-entropy (in nats) of the masked tokens of a language; ``n_tokens`` is at least 1."""

    n_documents: int
    n_tokens: int
    loss_sum: float

    @property
    def pseudo_perplexity(self) -> float:
        """At least 1."""
        return math.exp(self.loss_sum / self.n_tokens)


def mask_documents(
    tokenizer: SubwordTokenizer, documents: Mapping[str, Sequence[NDArray[np.int32]]], max_tokens: int
) -> list[HeldOutDocument]:
    """Documents (token ids without special tokens) as they are predicted, cut to ``max_tokens``.

    What is masked follows from the place of a document and its length alone.
    """
    prefix, suffix = tokenizer.prefix_ids, tokenizer.suffix_ids
    room = max_tokens - len(prefix) - len(suffix)
    framed = {
        language: [np.concatenate([prefix, document[:room], suffix]).astype(np.int32) for document in of_language]
        for language, of_language in documents.items()
    }
    sequences = {
        language: [TokenSequence(ids, np.zeros_like(ids)) for ids in of_language]
        for language, of_language in framed.items()
    }
    return mask_sequences(tokenizer, sequences)


def mask_sequences(
    tokenizer: SubwordTokenizer, sequences: Mapping[str, Sequence[TokenSequence]]
) -> list[HeldOutDocument]:
    """Sequences as they are predicted; see :func:`mask_documents`."""
    mask_id, special_ids = tokenizer.special_id("mask_token"), sorted(tokenizer.special_ids)
    masked = []
    for language, of_language in sorted(sequences.items()):
        for number, sequence in enumerate(of_language):
            ids = sequence.ids.copy()
            eligible = np.flatnonzero(~np.isin(ids, special_ids))
            if not len(eligible):
                continue
            rng = np.random.Generator(np.random.PCG64(derive_seed(0, "held-out", language, number)))
            n_masked = max(1, round(HELD_OUT_MASK_RATE * len(eligible)))
            positions = np.sort(rng.choice(eligible, size=n_masked, replace=False))
            originals = ids[positions].astype(np.int64)
            ids[positions] = mask_id
            masked.append(HeldOutDocument(language, replace(sequence, ids=ids), positions, originals))
    return masked


def language_losses(
    encoder: Encoder, head: KnownHead, documents: Sequence[HeldOutDocument], pad_id: int
) -> dict[str, LanguageLoss]:
    """Losses of each language under ``encoder`` (with its whole table of token embeddings) and ``head``."""
    device = computing_device()
    encoder.to(device)
    module = head.module().to(device)
    losses: dict[str, LanguageLoss] = {}
    encoder.eval()
    with torch.inference_mode():
        for batch in _batches(documents):
            tokens = collate_sequences([d.sequence for d in batch], pad_id, device)
            states = encoder(tokens)
            rows = np.repeat(np.arange(len(batch)), [len(d.positions) for d in batch])
            places = np.concatenate([d.positions for d in batch])
            targets = torch.from_numpy(np.concatenate([d.originals for d in batch])).to(device)
            each = cross_entropies(module, states[rows, places], encoder.token_embeddings.weight, targets)
            sums = np.bincount(rows, each.cpu().numpy().astype(np.float64), minlength=len(batch))
            for document, loss_sum in zip(batch, sums.tolist(), strict=True):
                known = losses.get(document.language, LanguageLoss(0, 0, 0.0))
                n_tokens = known.n_tokens + len(document.positions)
                losses[document.language] = LanguageLoss(known.n_documents + 1, n_tokens, known.loss_sum + loss_sum)
    encoder.to("cpu")
    return losses


def cross_entropies(head: torch.nn.Module, states: Tensor, embeddings: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy at each position, ``[n]``, with logits of a few positions in memory at a time.

    Args:
        head: gives logits from states and embeddings.
        states: ``[n, hidden_size]``.
        embeddings: ``[n_tokens, hidden_size]``.
        targets: ``[n]``, rows of ``embeddings``.
    """
    size = max(1, _BLOCK_LOGITS // len(embeddings))
    return torch.cat(
        [
            torch.nn.functional.cross_entropy(head(part, embeddings), goal, reduction="none")
            for part, goal in zip(torch.split(states, size), torch.split(targets, size), strict=True)
        ]
    )


def _batches(documents: Sequence[HeldOutDocument]) -> Iterator[list[HeldOutDocument]]:
    """Documents of similar length, as many as fit into a batch of so many padded tokens."""
    batch: list[HeldOutDocument] = []
    for document in sorted(documents, key=lambda d: len(d.ids)):
        if batch and (len(batch) + 1) * len(document.ids) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(document)
    if batch:
        yield batch


def perplexity_facts(
    origin: HeadOrigin, before: Mapping[str, LanguageLoss] | None, after: Mapping[str, LanguageLoss]
) -> JsonObject:
    """What a stage's artefact says of its held-out text; ``before`` is None where there was no head to predict with."""
    languages = {
        language: {
            "n_documents": loss.n_documents,
            "n_tokens": loss.n_tokens,
            "before": None if before is None else before[language].pseudo_perplexity,
            "after": loss.pseudo_perplexity,
        }
        for language, loss in sorted(after.items())
    }
    reason = None if before is not None else "the encoder came without a masked-LM head, so nothing could be predicted"
    return {
        "head": str(origin),
        "before_missing_because": reason,
        "softmax": "whole vocabulary",
        "mask_rate": HELD_OUT_MASK_RATE,
        "languages": languages,
    }
