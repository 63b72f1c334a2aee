"""Estimated seconds and memory of what a plan still has to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from waystage.encoders.registry import EncoderShape
from waystage.execution.calibration import MachineRates
from waystage.execution.resources import BARE_PROCESS_BYTES
from waystage.plan.nodes import Node
from waystage.plan.plan import Plan
from waystage.store.store import Store
from waystage.study.study import IntermediateStage, Stage, Study, Target, Training, TrainingData

_ENCODER_SECONDS = 6.0
_NODE_SECONDS = 0.2

# For the first guess, before anything is read or measured: a small encoder on a laptop.
_USUAL_SHAPE = EncoderShape(12, 384, 1536, 250_037)
_USUAL_LENGTH = 12
_USUAL_COUNT = 1000
_USUAL_FLOPS_PER_SECOND = 80e9
_PREPARATION_SECONDS = 25.0


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
        memory + BARE_PROCESS_BYTES if waiting else 0.0,
    )


def _seconds(node: Node, rates: MachineRates) -> float:
    if node.kind == "encoder":
        return _ENCODER_SECONDS
    work = node.work
    training = work.training_flops / rates.training_flops
    return training + work.prediction_flops / rates.prediction_flops + _NODE_SECONDS


def guess_seconds(study: Study) -> float:
    """A first guess of the whole run before any data is read: budgets, limits and declared counts at a usual speed.

    It serves until data is read and the machine is measured, and is right within a factor of a few.
    """
    layers = study.encoder.n_layers or _USUAL_SHAPE.n_layers
    flops, prefixes = 0.0, set[tuple[str, ...]]()
    for stages in study.sequences.values():
        prefixes |= {tuple(stage.name for stage in stages[: n + 1]) for n in range(len(stages))}
        for target in study.targets:
            n_runs = len(study.seeds) if stages or target.training is not None else 1
            flops += n_runs * _target_flops(target, layers)
    by_name = {stage.name: stage for stages in study.sequences.values() for stage in stages}
    for prefix in prefixes:
        stage = _matched(by_name, by_name[prefix[-1]])
        parts = [part for part in stage.parts if isinstance(part, IntermediateStage)]
        counts = sum(_n_training_examples(part.learned) for part in parts) or _USUAL_COUNT
        flops += len(study.seeds) * _training_flops(stage.training, counts, layers)
    return flops / _USUAL_FLOPS_PER_SECOND + _PREPARATION_SECONDS


def _matched(by_name: Mapping[str, Stage], stage: Stage) -> Stage:
    """The stage whose budget counts for ``stage``: the end of a chain of matches."""
    for _ in by_name:
        match = stage.training.match
        if match is None or match.stage not in by_name:
            break
        stage = by_name[match.stage]
    return stage


def _target_flops(target: Target, layers: int) -> float:
    n_test = target.limits.test or _USUAL_COUNT
    predicted = n_test * len(target.languages) * _USUAL_LENGTH
    flops = _USUAL_SHAPE.forward_flops(predicted, _USUAL_LENGTH, target.n_layers or layers)
    if target.training is None or target.learned is None:
        return flops
    n_train = _n_training_examples(target.learned)
    return flops + _training_flops(target.training, n_train, target.n_layers or layers)


def _training_flops(training: Training, n_examples: int, layers: int) -> float:
    if training.flops is not None or training.seconds is not None:
        return training.flops or (training.seconds or 0.0) * _USUAL_FLOPS_PER_SECOND
    n_examples_read = training.examples or (training.steps or 0) * training.batch_size
    n_tokens = float(training.tokens or n_examples_read * _USUAL_LENGTH)
    if not n_tokens:
        n_tokens = (training.epochs or 1.0) * n_examples * _USUAL_LENGTH
    return 3 * _USUAL_SHAPE.forward_flops(round(n_tokens), _USUAL_LENGTH, layers)


def _n_training_examples(learned: TrainingData) -> int:
    task = learned.task
    declared = task.expected_counts.get(("train", task.source_language), _USUAL_COUNT)
    return sum(min(declared, learned.most_in(language) or declared) for language in learned.languages)
