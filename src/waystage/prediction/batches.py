"""Batches for prediction: sequences of similar length, bounded by tokens. Torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from waystage.encoders.collate import collate
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.tokenizer import TokenSequence

_CPU_BATCH_TOKENS = 1536
"""Keeps the activations of a layer in the cache: 6,000 tokens a second on two cores, where 8,192 gave 4,400."""
_GPU_BATCH_TOKENS = 16384


_FULL_BATCH_TOKENS = 320
"""From this size on, a larger batch gains less than it loses by padding."""
_MIN_SHARE_OF_LONGEST = 0.85


def length_batches(
    lengths: Sequence[int], max_batch_tokens: int, spares_padding: bool = True
) -> Iterator[NDArray[np.int64]]:
    """Indices of sequences, longest first, each batch at most ``max_batch_tokens`` positions with its padding.

    With ``spares_padding``, a batch that is large enough to be fast ends before sequences that would be padded by more
    than 15 %.

    >>> [batch.tolist() for batch in length_batches([2, 9, 3, 2], 10)]
    [[1], [2, 0, 3]]
    >>> lengths = [300, 400, 20]
    >>> [[batch.tolist() for batch in length_batches(lengths, 1536, spares)] for spares in (True, False)]
    [[[1], [0, 2]], [[1, 0, 2]]]
    """
    sizes = np.asarray(lengths, np.int64)
    order = np.argsort(-sizes, kind="stable")
    start = 0
    while start < len(order):
        longest = max(1, int(sizes[order[start]]))
        stop = start + max(1, max_batch_tokens // longest)
        if spares_padding:
            n_similar = int(np.count_nonzero(sizes[order[start:stop]] >= _MIN_SHARE_OF_LONGEST * longest))
            n_enough = -(-_FULL_BATCH_TOKENS // longest)
            stop = min(stop, start + max(n_similar, n_enough))
        batch = order[start:stop]
        yield batch
        start += len(batch)


def token_batches(
    encoder: Encoder, sequences: Sequence[TokenSequence], pad_id: int, device: torch.device
) -> Iterator[tuple[NDArray[np.int64], TokenBatch]]:
    """Padded batches for ``encoder``, with the indices of their sequences."""
    max_batch_tokens = _CPU_BATCH_TOKENS if device.type == "cpu" else _GPU_BATCH_TOKENS
    lengths = [len(sequence) for sequence in sequences]
    for indices in length_batches(lengths, max_batch_tokens, spares_padding=encoder.computes_padding):
        chosen = [sequences[index] for index in indices]
        yield indices, collate([s.ids for s in chosen], [s.type_ids for s in chosen], pad_id, device)
