"""What each training took, and how closely stages that were matched cost the same, from the store."""

from __future__ import annotations

from collections.abc import Sequence

from waystage.plan.budgets import StageBudget
from waystage.plan.nodes import Node, TrainJob
from waystage.plan.plan import Plan
from waystage.report.stage_costs import MatchedBudget, StageCost, Unit
from waystage.store.canonical import JsonObject
from waystage.store.store import Store
from waystage.study.study import CostUnit

_UNITS: dict[CostUnit, Unit] = {
    CostUnit.TOKENS: "tokens",
    CostUnit.EXAMPLES: "examples",
    CostUnit.FLOPS: "flops",
    CostUnit.SECONDS: "seconds",
}


def stage_costs(plan: Plan, store: Store) -> tuple[StageCost, ...]:
    """One entry a unique training, in the order of the plan; what was not measured is None."""
    names = _names(plan)
    return tuple(
        _cost(node, node.job, names[node.id], _about(store, node.id), plan.budgets.get(names[node.id][0]))
        for node in plan.nodes
        if isinstance(node.job, TrainJob)
    )


def matched_budgets(plan: Plan, costs: Sequence[StageCost]) -> tuple[MatchedBudget, ...]:
    """One entry a stage that was matched with another."""
    return tuple(
        MatchedBudget(
            stage=name,
            other=found.match.stage,
            unit=_UNITS[found.match.unit],
            planned=_planned(found, _UNITS[found.match.unit]),
            stage_amount=_mean(costs, name, _UNITS[found.match.unit]),
            other_amount=_mean(costs, found.match.stage, _UNITS[found.match.unit]),
        )
        for name, found in plan.budgets.items()
        if found.match is not None
    )


def _names(plan: Plan) -> dict[str, tuple[str, bool]]:
    """The stage, or the task of the target, that each training is of, and whether it is a target."""
    names: dict[str, tuple[str, bool]] = {}
    for cell in plan.cells:
        stages = plan.study.sequences[cell.sequence]
        names |= {node_id: (stage.name, False) for stage, node_id in zip(stages, cell.stage_ids, strict=False)}
        if len(cell.stage_ids) > len(stages):
            names[cell.stage_ids[-1]] = (cell.target.task.name, True)
    return names


def _cost(
    node: Node, job: TrainJob, name: tuple[str, bool], about: JsonObject, budget: StageBudget | None
) -> StageCost:
    is_counted = budget is not None and not name[1]
    return StageCost(
        id=node.id,
        label=node.label,
        name=name[0],
        is_target=name[1],
        seed=job.seed,
        n_steps=_whole(about, "n_steps"),
        n_examples=_whole(about, "n_examples"),
        n_tokens=_whole(about, "n_text_tokens"),
        estimated_tokens=budget.amount.n_tokens if budget is not None and is_counted else node.work.n_tokens,
        flops=_number(about, "flops"),
        estimated_flops=budget.amount.flops if budget is not None and is_counted else node.work.training_flops,
        seconds=_number(about, "training_seconds"),
        joules=_number(about, "joules"),
        batch_size=job.training.batch_size,
        micro_batch_size=_whole(about, "micro_batch_size") if about else job.training.micro_batch_size,
        wanted_micro_batch_size=job.training.micro_batch_size,
    )


def _about(store: Store, node_id: str) -> JsonObject:
    return store.open(node_id, verify=False).about if store.has(node_id) else {}


def _number(about: JsonObject, name: str) -> float | None:
    value = about.get(name)
    return float(value) if isinstance(value, int | float) else None


def _whole(about: JsonObject, name: str) -> int | None:
    value = _number(about, name)
    return None if value is None else round(value)


def _planned(found: StageBudget, unit: Unit) -> float:
    amounts = {"tokens": found.amount.n_tokens, "examples": found.amount.n_examples, "flops": found.amount.flops}
    return (found.seconds or 0.0) if unit == "seconds" else amounts[unit]


def _mean(costs: Sequence[StageCost], name: str, unit: Unit) -> float | None:
    """Mean over the trainings of a stage, with all seeds and after all other stages."""
    amounts = [cost.amount(unit) for cost in costs if cost.name == name and not cost.is_target]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) / len(known) if known and len(known) == len(amounts) else None
