"""What each sequence cost: measured where its stages ran, shared stages counted in full."""

from __future__ import annotations

from waystage.comparison.results import SequenceCost
from waystage.plan.plan import Plan
from waystage.store.canonical import JsonObject
from waystage.store.store import Store


def sequence_costs(plan: Plan, store: Store) -> tuple[SequenceCost, ...]:
    """Training of a sequence's stages and of its targets, summed over seeds; prediction is left out."""
    return tuple(_cost(plan, store, name) for name in plan.study.sequences)


def _cost(plan: Plan, store: Store, sequence: str) -> SequenceCost:
    ids = {stage for cell in plan.cells if cell.sequence == sequence for stage in cell.stage_ids}
    abouts = [store.open(stage, verify=False).about for stage in sorted(ids) if store.has(stage)]
    seconds = [_number(about, "training_seconds") for about in abouts]
    tokens = [_number(about, "n_text_tokens") for about in abouts]
    flops = [_number(about, "flops") for about in abouts]
    is_whole = len(abouts) == len(ids)
    return SequenceCost(
        sequence=sequence,
        seconds=_sum(seconds) if is_whole else None,
        n_tokens=_whole(_sum(tokens)) if is_whole else None,
        flops=_sum(flops) if is_whole else None,
        n_stages=len(ids),
    )


def _number(about: JsonObject, name: str) -> float | None:
    value = about.get(name)
    return float(value) if isinstance(value, int | float) else None


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
