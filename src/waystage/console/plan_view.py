"""A plan for people and for machines."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from waystage.console.progress import format_seconds
from waystage.execution.forecast import Forecast
from waystage.plan.budgets import StageBudget
from waystage.plan.nodes import Node
from waystage.plan.plan import Plan


def plan_view(plan: Plan, forecast: Forecast) -> RenderableType:
    """The graph of trainings as a tree, the counts, and the estimate."""
    tree = Tree(Text(f"{plan.study.encoder.name} (pretrained encoder)", style="bold"))
    branches = {plan.encoder_id: tree}
    for node in plan.nodes:
        if node.kind == "train":
            parent = branches[_training_parent(plan, node)]
            branches[node.id] = parent.add(_node_text(node, forecast))
    return Group(tree, Text(), counts_table(plan, forecast))


def counts_table(plan: Plan, forecast: Forecast) -> Table:
    """Unique and naive counts, what is done, and what is left."""
    trainings = [node for node in plan.nodes if node.kind == "train"]
    predictions = [node for node in plan.nodes if node.kind == "predict"]
    n_left = sum(node.id in forecast.node_seconds for node in trainings)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    saved = plan.n_naive_trainings - len(trainings)
    rows = [
        (
            "trainings",
            f"{len(trainings)} unique; {plan.n_naive_trainings} if every cell ran by itself ({saved} saved)",
        ),
        ("predictions", f"{len(predictions)} unique, for {len(plan.cells)} cells"),
        ("done already", f"{len(trainings) - n_left} of {len(trainings)} trainings"),
        ("left", f"about {format_seconds(forecast.seconds)}" if forecast.node_seconds else "nothing"),
    ]
    if forecast.node_seconds:
        rows.append(("memory", f"about {forecast.memory_bytes / 1e9:.1f} GB at most"))
    rows += [(name, _budget_words(found)) for name, found in plan.budgets.items()]
    for name, value in rows:
        table.add_row(Text(name, style="dim"), value)
    return table


def _budget_words(found: StageBudget) -> str:
    """What a budget has become that followed from something else."""
    training, match = found.training, found.match
    amount = f"{training.examples:,} examples" if training.examples else f"{training.tokens:,} tokens"
    return amount if match is None else f"{amount}, to match the {match.unit} of {match.stage}"


def plan_to_json(plan: Plan, forecast: Forecast) -> dict[str, Any]:
    """The plan as JSON values."""
    return {
        "study": plan.study.name,
        "nodes": [
            {
                "id": node.id,
                "kind": node.kind,
                "label": node.label,
                "parents": list(node.parents),
                "done": node.id not in forecast.node_seconds,
                "estimated_seconds": forecast.node_seconds.get(node.id, 0.0),
                "estimated_tokens": node.work.n_tokens,
                "estimated_flops": node.work.training_flops + node.work.prediction_flops,
            }
            for node in plan.nodes
        ],
        "budgets": {
            name: {
                "match": None if found.match is None else found.match.stage,
                "unit": None if found.match is None else str(found.match.unit),
                "tokens": found.training.tokens,
                "examples": found.training.examples,
                "planned_tokens": found.amount.n_tokens,
                "planned_examples": found.amount.n_examples,
                "planned_flops": found.amount.flops,
                "planned_seconds": found.seconds,
            }
            for name, found in plan.budgets.items()
        },
        "n_cells": len(plan.cells),
        "n_unique_trainings": plan.n_trainings,
        "n_naive_trainings": plan.n_naive_trainings,
        "n_done": sum(node.id not in forecast.node_seconds for node in plan.nodes),
        "estimated_seconds": forecast.seconds,
        "estimated_memory_bytes": forecast.memory_bytes,
    }


def _training_parent(plan: Plan, node: Node) -> str:
    parent = node.spec["parent"]
    return plan.encoder_id if parent is None else str(parent)


def _node_text(node: Node, forecast: Forecast) -> Text:
    seconds = forecast.node_seconds.get(node.id)
    text = Text(node.label)
    if seconds is None:
        return text.append("  done", style="green")
    return text.append(f"  about {format_seconds(seconds)}", style="dim")
