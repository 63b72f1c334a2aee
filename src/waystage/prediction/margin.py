"""Margin scores and mining of translations (Artetxe and Schwenk 2019). Torch.

As ``third_party/utils_retrieve.py`` of google-research/xtreme does it for BUCC: k = 4 neighbours in both directions,
the ratio margin, "max" retrieval, and a threshold that is fitted on pairs whose gold is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from waystage.prediction.neighbours import nearest
from waystage.prediction.predicted import Threshold

N_NEIGHBOURS = 4


class Pair(NamedTuple):
    """A pair of rows and its score."""

    source: int
    target: int
    score: float


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The nearest targets of each source, and the nearest sources of each target.

    Shapes:
        forward_scores, forward: ``[n_sources, k]``, cosines and rows of targets.
        backward_scores, backward: ``[n_targets, k]``, cosines and rows of sources.
    """

    forward_scores: Tensor
    forward: Tensor
    backward_scores: Tensor
    backward: Tensor

    @classmethod
    def of(cls, sources: Tensor, targets: Tensor) -> Neighbourhood:
        """Exact neighbours among vectors of length 1, ``[n_sources, hidden]`` and ``[n_targets, hidden]``."""
        forward_scores, forward = nearest(sources, targets, N_NEIGHBOURS)
        backward_scores, backward = nearest(targets, sources, N_NEIGHBOURS)
        return cls(forward_scores, forward, backward_scores, backward)

    def with_margin(self) -> Neighbourhood:
        """The same with each cosine over the mean of the two means of neighbours' cosines (the ratio margin)."""
        of_source = self.forward_scores.mean(dim=1)
        of_target = self.backward_scores.mean(dim=1)
        forward_scores = self.forward_scores / ((of_source[:, None] + of_target[self.forward]) / 2)
        backward_scores = self.backward_scores / ((of_target[:, None] + of_source[self.backward]) / 2)
        return Neighbourhood(forward_scores, self.forward, backward_scores, self.backward)

    def best_targets(self) -> list[int]:
        """The best target of each source, among equals the nearest."""
        return _best(self.forward_scores, self.forward)[1].tolist()

    def pairs(self) -> list[Pair]:
        """Each source and each target in at most one pair, best pairs first ("max" retrieval); scores above 0."""
        forward_scores, targets = _best(self.forward_scores, self.forward)
        backward_scores, sources = _best(self.backward_scores, self.backward)
        of_sources = torch.cat([torch.arange(len(targets)), sources]).tolist()
        of_targets = torch.cat([targets, torch.arange(len(sources))]).tolist()
        scores, order = torch.cat([forward_scores, backward_scores]).sort(descending=True, stable=True)
        seen_sources, seen_targets, pairs = set[int](), set[int](), list[Pair]()
        for row, score in zip(order.tolist(), scores.tolist(), strict=True):
            source, target = of_sources[row], of_targets[row]
            if score <= 0.0 or source in seen_sources or target in seen_targets:
                continue
            seen_sources.add(source)
            seen_targets.add(target)
            pairs.append(Pair(source, target, score))
        return pairs


def fit_threshold(pairs: Sequence[Pair], gold: Iterable[tuple[int, int]]) -> Threshold:
    """The threshold with the best F1, half way between the last pair that is taken and the first that is not.

    >>> fit_threshold([Pair(0, 0, 1.5), Pair(1, 2, 1.0)], [(0, 0)])
    Threshold(value=1.25, f1=1.0)
    """
    right = set(gold)
    ordered = sorted(pairs, key=lambda pair: -pair.score)
    best, n_right = Threshold(None, 0.0), 0
    for n_taken, pair in enumerate(ordered, start=1):
        n_right += (pair.source, pair.target) in right
        f1 = 2 * n_right / (n_taken + len(right)) if right else 0.0
        if f1 > best.f1:
            following = ordered[n_taken].score if n_taken < len(ordered) else pair.score
            best = Threshold((pair.score + following) / 2, f1)
    return best


def _best(scores: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """The best score of each row of ``scores`` and the row of the other side that has it, among equals the first."""
    best, place = scores.sort(dim=1, descending=True, stable=True)
    return best[:, 0], rows.gather(1, place[:, :1])[:, 0]
