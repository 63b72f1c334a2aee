"""The profiles by name, and what counts for a task where a study names none."""

from __future__ import annotations

from dataclasses import replace

from waystage.protocols import jiant_xstilts, xtreme_2020, xtreme_r_2021
from waystage.protocols.profile import Profile
from waystage.tasks.kinds import Kind
from waystage.tasks.task import Task, TrainingDefaults

PROFILES: dict[str, Profile] = {
    profile.name: profile for profile in (xtreme_2020.PROFILE, xtreme_r_2021.PROFILE, jiant_xstilts.PROFILE)
}

# The protocol of a task where it stands in several.
_DEFAULTS = (xtreme_r_2021.PROFILE, xtreme_2020.PROFILE, jiant_xstilts.PROFILE)
# XTREME's 500 steps are 6 % of three epochs on SQuAD v1.1. A share also fits the smaller budgets of most studies.
_WARMUP_FRACTION = 0.06


def task_defaults(task: Task) -> TrainingDefaults:
    """How a task is trained where the study names no protocol.

    What its declaration says; else the newest published protocol that has it, but with the mean of all tokens for the
    heads that read one vector, and with warm-up as a share of the steps.
    """
    if task.training is not None:
        return task.training
    entries = [entry for profile in _DEFAULTS if (entry := profile.of(task)) is not None and entry.training is not None]
    return _adapted(entries[0].training) if entries and entries[0].training else kind_defaults(task.kind)


def kind_defaults(kind: Kind) -> TrainingDefaults:
    """How a task of a kind is trained where nothing is published about it."""
    return _adapted(xtreme_2020.QUESTIONS) if kind.reads_windows else TrainingDefaults()


def _adapted(training: TrainingDefaults) -> TrainingDefaults:
    share = training.warmup_fraction if training.warmup_steps is None else _WARMUP_FRACTION
    return replace(training, pooling="mean", warmup_steps=None, warmup_fraction=share)
