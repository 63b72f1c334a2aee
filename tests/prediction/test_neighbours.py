"""Exact search: what blocks and ties may not change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from waystage.prediction import neighbours
from waystage.prediction.neighbours import BestOfBlocks, nearest

# Whole numbers: sums are exact whatever the order, and many scores are equal.
MATRICES = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        st.lists(st.lists(st.integers(-2, 2), min_size=width, max_size=width), min_size=1, max_size=9),
        st.lists(st.lists(st.integers(-2, 2), min_size=width, max_size=width), min_size=1, max_size=40),
    )
)


def reference(queries: NDArray[np.float32], candidates: NDArray[np.float32], n_best: int) -> list[list[int]]:
    scores = queries @ candidates.T
    return [sorted(range(len(row)), key=lambda column: (-row[column], column))[:n_best] for row in scores]


@given(MATRICES, st.integers(1, 7), st.integers(1, 5), st.integers(1, 12))
def test_blocks_and_ties_change_nothing(
    matrices: tuple[list[list[int]], list[list[int]]], n_best: int, query_block: int, candidate_block: int
) -> None:
    queries, candidates = (np.array(matrix, np.float32) for matrix in matrices)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "_QUERY_BLOCK", query_block)
        patch.setattr(neighbours, "_CANDIDATE_BLOCK", candidate_block)
        scores, numbers = nearest(torch.from_numpy(queries), torch.from_numpy(candidates), n_best)
        streamed = BestOfBlocks(torch.from_numpy(queries), n_best)
        for start in range(0, len(candidates), 3):
            streamed.add(torch.from_numpy(candidates[start : start + 3]))
    assert numbers.tolist() == reference(queries, candidates, n_best)
    assert streamed.numbers.tolist() == numbers.tolist()
    assert streamed.n_candidates == len(candidates)
    assert torch.equal(scores, torch.from_numpy(queries @ candidates.T).gather(1, numbers))


def test_permuting_the_candidates_permutes_what_is_found() -> None:
    generator = torch.Generator().manual_seed(3)
    queries, candidates = torch.randn(20, 8, generator=generator), torch.randn(500, 8, generator=generator)
    order = torch.randperm(500, generator=generator)
    scores, numbers = nearest(queries, candidates, 20)
    permuted_scores, permuted = nearest(queries, candidates[order], 20)
    assert torch.equal(order[permuted], numbers)
    torch.testing.assert_close(permuted_scores, scores)
