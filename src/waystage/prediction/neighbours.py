"""Exact nearest neighbours by inner product, in blocks: memory is bounded whatever the number of candidates. Torch."""

from __future__ import annotations

import torch
from torch import Tensor

_QUERY_BLOCK = 1024
_CANDIDATE_BLOCK = 4096


class BestOfBlocks:
    """The best candidates of each query among blocks that come one after the other.

    Candidates are numbered in the order in which they come; of equal scores the lower number is better. Neither the
    candidates nor the scores of all of them are ever in memory.

    Args:
        queries: ``[n_queries, hidden]``.
        n_best: how many are kept; fewer where there are fewer candidates.

    >>> best = BestOfBlocks(torch.eye(2), 1)
    >>> best.add(torch.tensor([[0.0, 0.5], [1.0, 0.0]]))
    >>> best.add(torch.tensor([[1.0, 0.75]]))
    >>> best.numbers.flatten().tolist(), best.scores.flatten().tolist()
    ([1, 2], [1.0, 0.75])
    """

    def __init__(self, queries: Tensor, n_best: int) -> None:
        self._queries = queries
        self._n_best = n_best
        self.n_candidates = 0
        self.scores = torch.empty(len(queries), 0)
        """Scores of the best, ``[n_queries, at most n_best]``, descending."""
        self.numbers = torch.empty(len(queries), 0, dtype=torch.int64)
        """Their numbers, of the same shape."""

    def add(self, candidates: Tensor) -> None:
        """Look at more candidates, ``[n_candidates, hidden]``."""
        for start in range(0, len(candidates), _CANDIDATE_BLOCK):
            self._add_block(candidates[start : start + _CANDIDATE_BLOCK])

    def _add_block(self, candidates: Tensor) -> None:
        found = [
            _best_of(self._queries[start : start + _QUERY_BLOCK] @ candidates.T, self._n_best)
            for start in range(0, len(self._queries), _QUERY_BLOCK)
        ]
        scores = torch.cat([self.scores, *([torch.cat([values for values, _ in found])] if found else [])], dim=1)
        numbers = torch.cat([columns for _, columns in found]) + self.n_candidates if found else self.numbers
        numbers = torch.cat([self.numbers, numbers], dim=1)
        # What was found before has lower numbers and stands first, so a stable sort keeps it before its equals.
        self.scores, order = scores.sort(dim=1, descending=True, stable=True)
        self.scores = self.scores[:, : self._n_best]
        self.numbers = numbers.gather(1, order)[:, : self._n_best]
        self.n_candidates += len(candidates)


def nearest(queries: Tensor, candidates: Tensor, n_best: int) -> tuple[Tensor, Tensor]:
    """Scores and rows of the best candidates, each ``[n_queries, at most n_best]``."""
    best = BestOfBlocks(queries, n_best)
    best.add(candidates)
    return best.scores, best.numbers


def _best_of(scores: Tensor, n_best: int) -> tuple[Tensor, Tensor]:
    """The largest scores of each row and their columns, of equal ones the first."""
    n_best = min(n_best, scores.shape[1])
    values, columns = scores.topk(n_best, dim=1)
    # Which of the scores that are equal to the last one topk takes is left open.
    is_open = (scores >= values[:, -1:]).sum(dim=1) > n_best
    for row in is_open.nonzero().flatten().tolist():
        ordered, order = scores[row].sort(descending=True, stable=True)
        values[row], columns[row] = ordered[:n_best], order[:n_best]
    columns, order = columns.sort(dim=1)
    values, by_score = values.gather(1, order).sort(dim=1, descending=True, stable=True)
    return values, columns.gather(1, by_score)
