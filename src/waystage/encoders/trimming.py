"""Embedding tables cut to the rows that occur, and written back afterwards. Torch.

A multilingual vocabulary is most of a small encoder's parameters, and a training set touches few of its rows. Training
only those gives the same result as training all of them with AdamW without weight decay on embeddings (a row without a
gradient does not move), and spares the optimiser two copies of the whole table.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from waystage.encoders.model import Encoder, computing_device
from waystage.encoders.stored_rows import RowsOnDemand


@dataclass(frozen=True, slots=True)
class TrimmedVocabulary:
    """The token ids that occur, ascending, shape ``[n_rows]``; a token's row is its place in this list."""

    token_ids: NDArray[np.int64]

    @classmethod
    def of(cls, token_ids: NDArray[np.int64]) -> TrimmedVocabulary:
        """The vocabulary of all given ids, repeated or not.

        >>> TrimmedVocabulary.of(np.array([7, 3, 7])).token_ids.tolist()
        [3, 7]
        """
        return cls(np.unique(token_ids))

    def rows(self, token_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of each token id.

        Raises:
            KeyError: an id is not in the vocabulary.
        """
        rows = np.searchsorted(self.token_ids, token_ids)
        known = rows < len(self.token_ids)
        if not known.all() or not np.array_equal(self.token_ids[rows], token_ids):
            raise KeyError("a token id is not in the trimmed vocabulary")
        return rows


def trim_embeddings(encoder: Encoder, vocabulary: TrimmedVocabulary) -> nn.Embedding:
    """Put a table with only the rows of ``vocabulary`` into ``encoder`` and return the full table."""
    full = encoder.token_embeddings
    rows = full.weight.detach()[torch.from_numpy(vocabulary.token_ids)].clone()
    # No padding index: padded positions are masked everywhere, so they get no gradient anyway.
    trimmed = nn.Embedding(rows.shape[0], rows.shape[1], _weight=rows)
    trimmed.weight.requires_grad_(full.weight.requires_grad)
    encoder.replace_token_embeddings(trimmed)
    return full


class _WholeTable(nn.Module):
    """Looks tokens up in a trimmed table where it has them, and in the full table otherwise."""

    def __init__(self, trimmed: nn.Embedding, full: Tensor, vocabulary: TrimmedVocabulary) -> None:
        super().__init__()
        device = trimmed.weight.device
        self.trimmed = trimmed
        row_of = torch.full((len(full),), -1, dtype=torch.int64, device=device)
        token_ids = torch.from_numpy(vocabulary.token_ids).to(device)
        row_of[token_ids] = torch.arange(len(token_ids), device=device)
        self.full: Tensor
        self.row_of: Tensor
        self.register_buffer("full", full.to(device), persistent=False)
        self.register_buffer("row_of", row_of, persistent=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        rows = self.row_of[input_ids]
        vectors = self.trimmed(rows.clamp(min=0))
        return torch.where((rows < 0).unsqueeze(-1), nn.functional.embedding(input_ids, self.full), vectors)


@contextmanager
def whole_vocabulary(encoder: Encoder, full: Tensor, vocabulary: TrimmedVocabulary) -> Iterator[None]:
    """Let an encoder with a trimmed table read any text, as it will when its rows are written back.

    Args:
        encoder: has the table of ``vocabulary``; it is given back as it was.
        full: the table before it was trimmed, ``[vocabulary_size, hidden]``.
        vocabulary: whose rows the trimmed table holds.
    """
    trimmed = encoder.token_embeddings
    encoder.replace_token_embeddings(_WholeTable(trimmed, full.detach(), vocabulary))
    try:
        yield
    finally:
        encoder.replace_token_embeddings(trimmed)


def read_beside_table(encoder: Encoder, token_ids: Tensor | None = None, rows: Tensor | None = None) -> None:
    """Let an encoder that only predicts read ``rows`` for these ids, and the table that it came with for others.

    On a CPU that table is left in its file, if it stands in one.

    Args:
        encoder: must not be trained, nor its table be asked for, afterwards.
        token_ids: ``[n_rows]``, ascending; None: no stage has trained any.
        rows: ``[n_rows, hidden_size]``.
    """
    if encoder.stored_table is not None and computing_device().type == "cpu":
        encoder.replace_token_embeddings(RowsOnDemand(encoder.stored_table, token_ids, rows))
        return
    if token_ids is None or rows is None:
        return
    vocabulary = TrimmedVocabulary(token_ids.numpy())
    trimmed = nn.Embedding(rows.shape[0], rows.shape[1], _weight=rows).requires_grad_(False)
    encoder.replace_token_embeddings(_WholeTable(trimmed, encoder.token_embeddings.weight.detach(), vocabulary))


def write_rows(table: Tensor, vocabulary: TrimmedVocabulary, rows: Tensor) -> None:
    """Write trained rows ``[n_rows, hidden]`` into a full table ``[vocabulary_size, hidden]``, in place."""
    with torch.no_grad():
        table[torch.from_numpy(vocabulary.token_ids)] = rows.to(table.device, table.dtype)
