"""Cost against score: which sequences nothing beats on both, and what a point gained costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from waystage.comparison.best import is_shown
from waystage.comparison.claims import CostGain
from waystage.comparison.results import MeanScore, SequenceCost

POINT = 0.01
NO_GAIN = "no gain over the baseline is shown"
IS_BASELINE = "the baseline"


def cost_gains(costs: Sequence[SequenceCost], scores: Mapping[str, MeanScore], baseline: str) -> tuple[CostGain, ...]:
    """One entry a sequence that has a cost and a score, in the order of the costs."""
    known = [cost for cost in costs if cost.sequence in scores]
    reached = [scores[cost.sequence].score for cost in known]
    by_seconds = on_front([cost.seconds for cost in known], reached)
    by_flops = on_front([cost.flops for cost in known], reached)
    base = next((cost for cost in known if cost.sequence == baseline), None)
    return tuple(
        _gain(cost, base, scores[cost.sequence], front)
        for cost, *front in zip(known, by_seconds, by_flops, strict=True)
    )


def on_front(costs: Sequence[float | None], scores: Sequence[float]) -> list[bool | None]:
    """For each, whether no other has at least its score for at most its cost, one of the two better.

    None for a cost that is not known; such a one beats nothing either.

    >>> on_front([1.0, 2.0, 3.0, None], [0.5, 0.4, 0.6, 0.9])
    [True, False, True, None]
    """
    known = [(cost, score) for cost, score in zip(costs, scores, strict=True) if cost is not None]

    def is_beaten(cost: float, score: float) -> bool:
        return any(c <= cost and s >= score and (c < cost or s > score) for c, s in known)

    return [None if cost is None else not is_beaten(cost, score) for cost, score in zip(costs, scores, strict=True)]


def _gain(cost: SequenceCost, base: SequenceCost | None, score: MeanScore, front: Sequence[bool | None]) -> CostGain:
    own = score.difference
    is_gain = own is not None and own.value > 0 and is_shown(own)
    gained = own.value / POINT if own is not None and is_gain else None
    note = None if is_gain else IS_BASELINE if own is None else NO_GAIN

    def per_point(value: float | None, reference: float | None) -> float | None:
        return None if gained is None or value is None or reference is None else (value - reference) / gained

    return CostGain(
        sequence=cost.sequence,
        score=score.score,
        seconds=cost.seconds,
        flops=cost.flops,
        on_front_by_seconds=front[0],
        on_front_by_flops=front[1],
        seconds_per_point=per_point(cost.seconds, base.seconds if base else None),
        flops_per_point=per_point(cost.flops, base.flops if base else None),
        note=note,
    )
