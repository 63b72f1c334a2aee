"""Estimated seconds and memory of what a plan still has to do."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.execution.calibration import MachineRates
from waystage.plan.nodes import Node
from waystage.plan.plan import Plan
from waystage.store.store import Store

# A process with torch and transformers loaded, before any model.
_BARE_PROCESS_BYTES = 600e6
_ENCODER_SECONDS = 6.0
_NODE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is left to do.

    Attributes:
        node_seconds: estimated seconds of each node that the store does not hold.
        start_seconds: time until the first of them begins.
        memory_bytes: estimated peak memory.
    """

    node_seconds: dict[str, float]
    start_seconds: float
    memory_bytes: float

    @property
    def seconds(self) -> float:
        """Estimated seconds in all; 0 when everything is done."""
        return sum(self.node_seconds.values()) + (self.start_seconds if self.node_seconds else 0.0)


def forecast(plan: Plan, store: Store, rates: MachineRates) -> Forecast:
    """Estimate the nodes of ``plan`` that are not done."""
    waiting = [node for node in plan.nodes if not store.has(node.id)]
    memory = max((node.work.memory_bytes for node in waiting), default=0.0)
    return Forecast(
        {node.id: _seconds(node, rates) for node in waiting},
        rates.start_seconds,
        memory + _BARE_PROCESS_BYTES if waiting else 0.0,
    )


def _seconds(node: Node, rates: MachineRates) -> float:
    if node.kind == "encoder":
        return _ENCODER_SECONDS
    work = node.work
    training = work.training_flops / rates.training_flops
    return training + work.prediction_flops / rates.prediction_flops + _NODE_SECONDS
