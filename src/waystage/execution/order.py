"""Which node goes first where several could: the one with the longest way to the end behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from waystage.plan.nodes import Node


def seconds_to_end(nodes: Sequence[Node], seconds: Mapping[str, float]) -> dict[str, float]:
    """Seconds of the longest chain that starts with each node (the critical path; Graham 1969 bounds what it gains).

    Args:
        nodes: in an order in which every node comes after its parents.
        seconds: of each node; a node that is left out costs nothing.
    """
    children: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for parent in node.parents:
            children[parent].append(node.id)
    longest: dict[str, float] = {}
    for node in reversed(nodes):
        behind = max((longest[child] for child in children[node.id]), default=0.0)
        longest[node.id] = seconds.get(node.id, 0.0) + behind
    return longest
