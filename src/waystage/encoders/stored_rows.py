"""Token embeddings read from their file row by row, for prediction. Torch.

A multilingual table has a quarter of a million rows, and a test set needs some thousands of them. Looked up in a mapped
file, each brings its neighbours into memory, until most of the table is there; read by its place, it comes alone.
"""

from __future__ import annotations

import json
import os
import weakref
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from waystage.errors import DataError

_LENGTH_SIZE = 8
_FIRST_CAPACITY = 1024


class StoredTable:
    """A float32 table ``[n_rows, hidden_size]`` inside a safetensors file, which stays open as long as this lives.

    Args:
        path: the file.
        start: byte at which the table begins.
        shape: of the table.
    """

    def __init__(self, path: Path, start: int, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._path, self._start = path, start
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)

    def __deepcopy__(self, memo: object) -> StoredTable:
        """The same: it only reads."""
        return self

    @classmethod
    def find(cls, folder: Path, table: Tensor) -> StoredTable | None:
        """``table`` in a transformers folder; None where it does not stand there as it is in memory."""
        for path in sorted(folder.glob("*.safetensors")):
            with path.open("rb") as file:
                n_header = int.from_bytes(file.read(_LENGTH_SIZE), "little")
                header = json.loads(file.read(n_header))
            for name, about in sorted(header.items()):
                if name.endswith("word_embeddings.weight") and about["dtype"] == "F32":
                    start = _LENGTH_SIZE + n_header + about["data_offsets"][0]
                    stored = cls(path, start, tuple(about["shape"]))
                    if stored._is(table):
                        return stored
        return None

    def _is(self, table: Tensor) -> bool:
        if table.dtype != torch.float32 or tuple(table.shape) != self.shape:
            return False
        some = torch.arange(0, self.shape[0], max(1, self.shape[0] // 8))
        return torch.equal(self.read(some), table.detach()[some])

    def read(self, token_ids: Tensor) -> Tensor:
        """Rows ``[n, hidden_size]`` of token ids ``[n]``.

        Raises:
            DataError: the file has been cut short.
        """
        size = self.shape[1] * 4
        read = b"".join(os.pread(self._descriptor, size, self._start + row * size) for row in token_ids.tolist())
        if len(read) != len(token_ids) * size:
            raise DataError(f"{self._path}: has become shorter while the encoder was in use")
        return torch.from_numpy(np.frombuffer(read, np.dtype("<f4")).reshape(-1, self.shape[1]).copy())


class RowsOnDemand(nn.Module):
    """Token embeddings of the rows that have been asked for, and of those that stages have trained. CPU only.

    Args:
        stored: the table that the encoder came with.
        token_ids: of trained rows, ``[n_rows]``, if there are any.
        rows: trained, ``[n_rows, hidden_size]``.
    """

    def __init__(self, stored: StoredTable, token_ids: Tensor | None = None, rows: Tensor | None = None) -> None:
        super().__init__()
        self._stored = stored
        self._row_of = torch.full((stored.shape[0],), -1, dtype=torch.int32)
        self._rows = torch.empty(0, stored.shape[1])
        self._n_rows = 0
        if token_ids is not None and rows is not None:
            self._add(token_ids, rows)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Vectors ``[..., hidden_size]`` of token ids."""
        unknown = torch.unique(input_ids[self._row_of[input_ids] < 0])
        if len(unknown):
            self._add(unknown, self._stored.read(unknown))
        return nn.functional.embedding(self._row_of[input_ids], self._rows)

    def _add(self, token_ids: Tensor, rows: Tensor) -> None:
        n_rows = self._n_rows + len(rows)
        if n_rows > len(self._rows):
            larger = torch.empty(max(n_rows, 2 * self._n_rows, _FIRST_CAPACITY), self._rows.shape[1])
            larger[: self._n_rows] = self._rows[: self._n_rows]
            self._rows = larger
        self._rows[self._n_rows : n_rows] = rows
        self._row_of[token_ids] = torch.arange(self._n_rows, n_rows, dtype=torch.int32)
        self._n_rows = n_rows
