"""A few hundred broken files of each kind; ``benchmarks/fuzz.py`` tries ten thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.fuzz import Fuzz, describe
from tests.fixtures.fuzz_seeds import make

N_INPUTS = {"studies": 150, "data": 300, "stores": 120, "records": 80, "sealed": 80}


@pytest.mark.parametrize("kind", N_INPUTS)
def test_a_broken_file_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    tally = make(kind, tmp_path).run(range(N_INPUTS[kind]))
    assert [f"{found.number}: {describe(found.error)}" for found in tally.found] == []
    assert tally.n_inputs == N_INPUTS[kind]
    assert 0 < tally.n_accepted < tally.n_inputs


class Bad(Fuzz):
    """Reads its inputs badly."""

    def write(self, generator: object) -> None:
        pass

    def read(self) -> None:
        (self.folder.parent / "outside.txt").write_text("x")


def test_a_write_outside_is_found(tmp_path: Path) -> None:
    (found,) = Bad(tmp_path / "inside").run([7]).found
    assert describe(found.error).startswith("WriteOutside: open: ")
    assert not (tmp_path / "outside.txt").exists()
