"""What each stage took, and whether stages that were matched cost the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from waystage.report import wording
from waystage.report.stage_costs import CLOSE, MatchedBudget, StageCost, Unit

_UNIT_WORDS: dict[Unit, str] = {
    "tokens": "tokens",
    "examples": "examples",
    "flops": "operations",
    "seconds": "seconds",
}


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage or target: means over its trainings; None where one of them is not known."""

    name: str
    is_target: bool
    n_trainings: int
    n_tokens: float | None
    estimated_tokens: float
    flops: float | None
    seconds: float | None
    joules: float | None
    memory: str | None


def stage_rows(costs: Sequence[StageCost]) -> tuple[StageRow, ...]:
    """Stages first, in the order of the plan, then targets."""
    keys = dict.fromkeys((cost.is_target, cost.name) for cost in costs)
    return tuple(
        _row([cost for cost in costs if (cost.is_target, cost.name) == key])
        for key in sorted(keys, key=lambda key: key[0])
    )


def match_sentences(matches: Sequence[MatchedBudget]) -> tuple[str, ...]:
    """One sentence a match: what both took, and whether that is the same."""
    return tuple(map(_sentence, matches))


def _row(own: Sequence[StageCost]) -> StageRow:
    def mean(value: Callable[[StageCost], float | None]) -> float | None:
        known = [found for cost in own if (found := value(cost)) is not None]
        return fmean(known) if len(known) == len(own) else None

    return StageRow(
        name=own[0].name,
        is_target=own[0].is_target,
        n_trainings=len(own),
        n_tokens=mean(lambda cost: cost.n_tokens),
        estimated_tokens=fmean(cost.estimated_tokens for cost in own),
        flops=mean(lambda cost: cost.flops),
        seconds=mean(lambda cost: cost.seconds),
        joules=mean(lambda cost: cost.joules),
        memory=_memory_note(own),
    )


def _memory_note(own: Sequence[StageCost]) -> str | None:
    halved = [cost for cost in own if cost.micro_batch_size != cost.wanted_micro_batch_size]
    if not halved:
        return None
    sizes = ", ".join(sorted({str(cost.micro_batch_size) for cost in halved}))
    return f"memory did not suffice: micro-batches of {sizes} in {wording.counted(len(halved), 'training')}"


def _sentence(match: MatchedBudget) -> str:
    unit = _UNIT_WORDS[match.unit]
    start = f"{match.stage} was to take as many {unit} as {match.other}"
    if match.ratio is None or match.stage_amount is None or match.other_amount is None:
        return f"{start}; what both took is not known."
    amounts = f"{_shown(match.stage_amount, match.unit)} against {_shown(match.other_amount, match.unit)}"
    off = f"{abs(match.ratio - 1):.1%} {'more' if match.ratio > 1 else 'less'}"
    if match.is_close:
        return f"{start}: it took {amounts}, {off}."
    return f"{start}, but took {amounts}, {off}: they differ by more than {CLOSE:.0%} and are not matched."


def _shown(amount: float, unit: Unit) -> str:
    match unit:
        case "flops":
            return wording.operations(amount)
        case "seconds":
            return wording.duration(amount)
        case _:
            return wording.count(round(amount))
