"""Precision, recall and F1 of rows that count right, predicted and gold things."""

from __future__ import annotations

import numpy as np

from waystage.metrics.metric import FloatArray
from waystage.metrics.ratio import ratio


def f1_of_counts(sums: FloatArray) -> FloatArray:
    """2 x right / (predicted + gold), ``[..., 3]`` to ``[...]``; NaN where there is neither.

    >>> f1_of_counts(np.array([[1.0, 2.0, 1.0], [0.0, 0.0, 0.0]])).tolist()
    [0.6666666666666666, nan]
    """
    return ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def precision_of_counts(sums: FloatArray) -> FloatArray:
    """Right / predicted, ``[..., 3]`` to ``[...]``; 0 where nothing is predicted but something is to be found."""
    return _share(sums, 1)


def recall_of_counts(sums: FloatArray) -> FloatArray:
    """Right / gold, ``[..., 3]`` to ``[...]``; 0 where something is predicted but nothing is to be found."""
    return _share(sums, 2)


def _share(sums: FloatArray, column: int) -> FloatArray:
    share = ratio(sums[..., 0], sums[..., column])
    is_half_empty = (sums[..., column] == 0) & (sums[..., 1] + sums[..., 2] > 0)
    return np.where(is_half_empty, 0.0, share)
