"""Mining against a plain reference, written from the paper and from XTREME's script."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from waystage.prediction.margin import Neighbourhood, Pair, fit_threshold

FloatMatrix = NDArray[np.float32]


def unit_vectors(n_vectors: int, seed: int) -> FloatMatrix:
    vectors = np.random.Generator(np.random.PCG64(seed)).normal(size=(n_vectors, 6)) + 0.5
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def reference_pairs(sources: FloatMatrix, targets: FloatMatrix) -> list[tuple[int, int, float]]:
    """Ratio margin over 4 neighbours, the best of each side, then greedily the best pairs of all."""
    cosines = (sources @ targets.T).astype(np.float64)
    k = 4
    near_targets = [sorted(range(len(targets)), key=lambda j, i=i: -cosines[i, j])[:k] for i in range(len(sources))]
    near_sources = [sorted(range(len(sources)), key=lambda i, j=j: -cosines[i, j])[:k] for j in range(len(targets))]
    of_source = [np.mean([cosines[i, j] for j in near]) for i, near in enumerate(near_targets)]
    of_target = [np.mean([cosines[i, j] for i in near]) for j, near in enumerate(near_sources)]

    def margin(i: int, j: int) -> float:
        return float(cosines[i, j] / ((of_source[i] + of_target[j]) / 2))

    found = [max((margin(i, j), i, j) for j in near) for i, near in enumerate(near_targets)]
    found += [max((margin(i, j), i, j) for i in near) for j, near in enumerate(near_sources)]
    pairs, seen_sources, seen_targets = [], set(), set()
    for score, i, j in sorted(found, key=lambda item: -item[0]):
        if score > 0 and i not in seen_sources and j not in seen_targets:
            seen_sources.add(i)
            seen_targets.add(j)
            pairs.append((i, j, score))
    return pairs


@pytest.mark.parametrize(("n_sources", "n_targets", "seed"), [(60, 45, 1), (30, 90, 2), (3, 2, 3), (1, 1, 4)])
def test_pairs_are_those_of_the_reference(n_sources: int, n_targets: int, seed: int) -> None:
    sources, targets = unit_vectors(n_sources, seed), unit_vectors(n_targets, seed + 100)
    neighbourhood = Neighbourhood.of(torch.from_numpy(sources), torch.from_numpy(targets)).with_margin()
    found = sorted(neighbourhood.pairs())
    expected = sorted(reference_pairs(sources, targets))
    assert [pair[:2] for pair in found] == [pair[:2] for pair in expected]
    assert [pair.score for pair in found] == pytest.approx([score for *_, score in expected], rel=1e-5)


def test_a_perfect_encoder_pairs_every_sentence_with_its_own_copy() -> None:
    vectors = torch.from_numpy(unit_vectors(50, 5))
    order = torch.randperm(50, generator=torch.Generator().manual_seed(1))
    neighbourhood = Neighbourhood.of(vectors, vectors[order])
    for compared in (neighbourhood, neighbourhood.with_margin()):
        assert {(pair.source, int(order[pair.target])) for pair in compared.pairs()} == {(i, i) for i in range(50)}
        assert [int(order[target]) for target in compared.best_targets()] == list(range(50))


def test_the_margin_finds_what_a_hub_hides() -> None:
    # Every source is nearest to the last target, which lies in the middle of them all.
    sources = torch.eye(6) + 0.5
    targets = torch.cat([torch.eye(6) + 0.02, torch.ones(1, 6)])
    neighbourhood = Neighbourhood.of(*(torch.nn.functional.normalize(side) for side in (sources, targets)))
    assert neighbourhood.best_targets() == [6] * 6
    assert neighbourhood.with_margin().best_targets() == list(range(6))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0.5, 1.0, 1.25, 2.0, 3.0])), max_size=10),
    st.sets(st.integers(0, 9), max_size=6),
)
def test_no_threshold_gives_a_better_f1_than_the_fitted_one(scored: list[tuple[int, float]], gold: set[int]) -> None:
    pairs = [Pair(source, source, score) for source, score in dict(scored).items()]
    right = {(source, source) for source in gold}
    fitted = fit_threshold(pairs, right)

    def f1(threshold: float | None) -> float:
        taken = {pair[:2] for pair in pairs if threshold is not None and pair.score >= threshold}
        return 2 * len(taken & right) / (len(taken) + len(right)) if taken & right else 0.0

    best = max([f1(pair.score) for pair in pairs], default=0.0)
    distinct = len({pair.score for pair in pairs}) == len(pairs)
    # Among equal scores the fit may count a part of them, as the script does.
    assert f1(fitted.value) == pytest.approx(best) if distinct else fitted.f1 >= best - 1e-12
    assert (fitted.value is None) == (best == 0.0)
