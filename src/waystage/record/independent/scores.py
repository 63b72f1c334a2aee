"""Scores of summed statistics, by the name of the metric. Written from docs/compare.md and the metrics' references."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Scorer = Callable[[FloatArray, tuple[str, ...]], FloatArray]


def score(metric: str, columns: tuple[str, ...], sums: FloatArray) -> FloatArray:
    """Scores in [0, 1], ``[..., n_columns]`` to ``[...]``; NaN where nothing was counted.

    Raises:
        KeyError: no metric of that name is known here.

    >>> score("span-f1", ("right", "predicted", "gold"), np.array([2.0, 4.0, 4.0])).item()
    0.5
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return scorer(metric)(np.asarray(sums, dtype=np.float64), columns)


def scorer(metric: str) -> Scorer:
    """The function behind a metric's name; KeyError where none is known."""
    name = metric.split("@")[0]
    return _SCORERS[name]


def _mean(sums: FloatArray, columns: tuple[str, ...]) -> FloatArray:
    """The first column over the last, the count."""
    return np.asarray(sums[..., 0] / sums[..., -1])


def _mean_of(*names: str) -> Scorer:
    def mean(sums: FloatArray, columns: tuple[str, ...]) -> FloatArray:
        shares = [sums[..., columns.index(name)] / sums[..., columns.index("n")] for name in names]
        return np.asarray(np.mean(shares, axis=0))

    return mean


def _f1(sums: FloatArray, columns: tuple[str, ...]) -> FloatArray:
    """Right over the mean of predicted and gold (van Rijsbergen 1979: harmonic mean of precision and recall)."""
    right, predicted, gold = (sums[..., place] for place in range(3))
    return np.asarray(right / ((predicted + gold) / 2))


def _macro_f1(sums: FloatArray, columns: tuple[str, ...]) -> FloatArray:
    """The mean over classes that gold or predictions have of right over the mean of the two counts."""
    classes = [name.removeprefix("tp:") for name in columns if name.startswith("tp:")]
    parts = {kind: sums[..., [columns.index(f"{kind}:{own}") for own in classes]] for kind in ("tp", "fp", "fn")}
    counted = parts["tp"] + (parts["fp"] + parts["fn"]) / 2
    occurs = counted > 0
    own_f1 = np.where(occurs, parts["tp"] / np.where(occurs, counted, 1.0), 0.0)
    return np.asarray(own_f1.sum(axis=-1) / occurs.sum(axis=-1))


_ANSWERS: dict[str, Scorer] = {
    "exact-match": _mean_of("exact_match"),
    "answer-f1": _mean_of("f1"),
    "answer-f1-em": _mean_of("f1", "exact_match"),
}
_SCORERS: dict[str, Scorer] = {
    "accuracy": _mean,
    "retrieval-accuracy": _mean,
    "token-accuracy": _mean,
    "reciprocal-rank": _mean,
    "map": _mean,
    "span-f1": _f1,
    "pair-f1": _f1,
    "macro-f1": _macro_f1,
    **_ANSWERS,
    **{f"mlqa-{name.removeprefix('answer-')}": own for name, own in _ANSWERS.items()},
}
