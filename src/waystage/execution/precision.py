"""``precision: auto`` to numbers: the faster ones on this machine, as measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from waystage.study.study import Precision, Stage, Study, Target, Training


def with_precision(study: Study, measured: Callable[[], Precision]) -> Study:
    """The study with the precision that ``measured`` gives wherever it says ``auto``; asked at most once."""
    found: list[Precision] = []

    def settled(training: Training) -> Training:
        if training.precision is not Precision.AUTO:
            return training
        if not found:
            found.append(measured())
        return replace(training, precision=found[0])

    def of_stage(stage: Stage) -> Stage:
        return replace(stage, training=settled(stage.training))

    def of_target(target: Target) -> Target:
        return target if target.training is None else replace(target, training=settled(target.training))

    sequences = {name: tuple(map(of_stage, stages)) for name, stages in study.sequences.items()}
    return replace(study, sequences=sequences, targets=tuple(map(of_target, study.targets)))
