"""p values corrected for a family of claims."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm (1979): the k-th smallest counts as often as there are claims left, and never below the one before.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, floor = [0.0] * len(p_values), 0.0
    for settled, place in enumerate(sorted(range(len(p_values)), key=lambda own: p_values[own])):
        floor = max(floor, min(1.0, (len(p_values) - settled) * p_values[place]))
        adjusted[place] = floor
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg (1995), as scipy computes it.

    >>> [round(own, 3) for own in benjamini_hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    from scipy.stats import false_discovery_control

    return [float(own) for own in false_discovery_control(list(p_values))] if p_values else []
