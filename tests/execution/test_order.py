"""Which node goes first."""

from __future__ import annotations

from waystage.execution.order import seconds_to_end
from waystage.plan.nodes import Node, ScoreJob, Work


def node(name: str, *parents: str) -> Node:
    return Node(name, name, {"kind": "score"}, parents, ScoreJob("", (), {}, ()), Work())


def test_a_node_counts_the_longest_chain_behind_it() -> None:
    nodes = [node("a"), node("b", "a"), node("c", "a"), node("d", "c", "b"), node("e")]
    seconds = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 1.0, "e": 6.5}
    assert seconds_to_end(nodes, seconds) == {"a": 7.0, "b": 6.0, "c": 3.0, "d": 1.0, "e": 6.5}


def test_what_is_not_estimated_costs_nothing() -> None:
    assert seconds_to_end([node("a"), node("b", "a")], {"b": 2.0}) == {"a": 2.0, "b": 2.0}
