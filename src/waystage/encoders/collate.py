"""Sequences to a padded batch. Torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from waystage.encoders.model import TokenBatch
from waystage.encoders.tokenizer import TokenSequence


def collate(
    ids: Sequence[NDArray[np.int32]],
    type_ids: Sequence[NDArray[np.int32]],
    pad_id: int,
    device: torch.device,
    positions: Sequence[NDArray[np.int32] | None] | None = None,
) -> TokenBatch:
    """A batch of sequences, padded on the right to the longest; ``positions`` where some do not run on.

    >>> batch = collate([np.array([5, 6]), np.array([7])], [np.zeros(2), np.zeros(1)], 1, torch.device("cpu"))
    >>> batch.input_ids.tolist(), batch.n_text_tokens
    ([[5, 6], [7, 1]], 3)
    """
    lengths = np.array([len(sequence) for sequence in ids], np.int64)
    shape = (len(ids), int(lengths.max()))
    input_ids, types = np.full(shape, pad_id, np.int64), np.zeros(shape, np.int64)
    for row, (sequence, segments) in enumerate(zip(ids, type_ids, strict=True)):
        input_ids[row, : len(sequence)] = sequence
        types[row, : len(segments)] = segments
    mask = np.arange(shape[1])[None, :] < lengths[:, None]
    return TokenBatch(
        torch.from_numpy(input_ids).to(device),
        torch.from_numpy(mask).to(device),
        torch.from_numpy(types).to(device),
        torch.from_numpy(lengths).to(device),
        _positions(positions, shape, device),
    )


def collate_sequences(sequences: Sequence[TokenSequence], pad_id: int, device: torch.device) -> TokenBatch:
    """A batch of sequences, with the positions that they say."""
    types, positions = [s.type_ids for s in sequences], [s.positions for s in sequences]
    return collate([s.ids for s in sequences], types, pad_id, device, positions)


def _positions(
    positions: Sequence[NDArray[np.int32] | None] | None, shape: tuple[int, int], device: torch.device
) -> Tensor | None:
    if positions is None or all(given is None for given in positions):
        return None
    rows = np.tile(np.arange(shape[1], dtype=np.int64), (shape[0], 1))
    for row, given in zip(rows, positions, strict=True):
        if given is not None:
            row[: len(given)] = given
            row[len(given) :] = 0
    return torch.from_numpy(rows).to(device)
