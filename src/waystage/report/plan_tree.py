"""The plan as an indented list: a stage stands under the stage that it continues from."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from waystage.report.record import PlanNode, PlanRecord


@dataclass(frozen=True, slots=True)
class Branch:
    """A stage, what continues from it, and the labels of its parents beyond the first."""

    node: PlanNode
    children: tuple[Branch, ...]
    also_from: tuple[str, ...]


def plan_tree(plan: PlanRecord) -> tuple[Branch, ...]:
    """The roots, each with all that follows from it. Every stage stands in the list once."""
    by_id = {node.id: node for node in plan.nodes}
    children: dict[str | None, list[PlanNode]] = defaultdict(list)
    for node in plan.nodes:
        known = [parent for parent in node.parents if parent in by_id]
        children[known[0] if known else None].append(node)

    def branch(node: PlanNode) -> Branch:
        others = tuple(by_id[parent].label if parent in by_id else parent for parent in node.parents[1:])
        return Branch(node, tuple(branch(child) for child in children[node.id]), others)

    return tuple(branch(root) for root in children[None])
