"""Token embeddings that are read from their file row by row."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from waystage.encoders.stored_rows import RowsOnDemand, StoredTable
from waystage.errors import DataError


@pytest.fixture
def table() -> torch.Tensor:
    return torch.randn(5000, 6, generator=torch.Generator().manual_seed(1))


def written(folder: Path, **tensors: torch.Tensor) -> Path:
    """A folder with a file that has something before and after the table."""
    named = {name.replace("__", "."): tensor for name, tensor in tensors.items()}
    save_file({"a": torch.ones(3), "z": torch.ones(4), **named}, folder / "model.safetensors")
    return folder


def stored(folder: Path, table: torch.Tensor) -> StoredTable:
    found = StoredTable.find(written(folder, bert__embeddings__word_embeddings__weight=table), table)
    assert found is not None
    return found


def test_rows_are_those_of_the_table(tmp_path: Path, table: torch.Tensor) -> None:
    ids = torch.tensor([4999, 0, 7, 7, 3])
    assert torch.equal(stored(tmp_path, table).read(ids), table[ids])


def test_more_and_more_rows_are_read_and_each_once(
    tmp_path: Path, table: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = stored(tmp_path, table)
    read: list[int] = []
    take = StoredTable.read

    def counted(self: StoredTable, ids: torch.Tensor) -> torch.Tensor:
        read.extend(ids.tolist())
        return take(self, ids)

    monkeypatch.setattr(StoredTable, "read", counted)
    rows = RowsOnDemand(source)
    generator = torch.Generator().manual_seed(2)
    for n in (3, 10, 900, 4000):
        ids = torch.randint(0, 5000, (2, n), generator=generator)
        assert torch.equal(rows(ids), table[ids])
    assert len(read) == len(set(read)) > 2000


def test_rows_that_stages_have_trained_stand_for_those_of_the_file(tmp_path: Path, table: torch.Tensor) -> None:
    trained, changed = torch.tensor([2, 40]), torch.full((2, 6), 9.0)
    expected = table.clone()
    expected[trained] = changed
    rows = RowsOnDemand(stored(tmp_path, table), trained, changed)
    ids = torch.tensor([[1, 2, 3], [40, 41, 2]])
    assert torch.equal(rows(ids), expected[ids])


def test_the_file_may_go_while_it_is_read(tmp_path: Path, table: torch.Tensor) -> None:
    """As a mapped file may: another process may throw away what it no longer needs."""
    source = stored(tmp_path, table)
    (tmp_path / "model.safetensors").unlink()
    assert torch.equal(source.read(torch.tensor([5])), table[[5]])


def test_a_table_that_is_not_as_in_memory_is_not_taken(tmp_path: Path, table: torch.Tensor) -> None:
    written(tmp_path, embeddings__word_embeddings__weight=table)
    other = table.clone()
    other[0] += 1
    assert StoredTable.find(tmp_path, table) is not None
    assert StoredTable.find(tmp_path, other) is None
    assert StoredTable.find(tmp_path, table[:100]) is None
    assert StoredTable.find(tmp_path, table.half()) is None
    written(tmp_path, embeddings__word_embeddings__weight=table.half())
    assert StoredTable.find(tmp_path, table.half().float()) is None


def test_a_file_that_has_become_shorter_is_named(tmp_path: Path, table: torch.Tensor) -> None:
    source = stored(tmp_path, table)
    os.truncate(tmp_path / "model.safetensors", 2000)
    with pytest.raises(DataError, match=r"model\.safetensors: has become shorter"):
        source.read(torch.tensor([4000]))
