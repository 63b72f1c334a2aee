"""Slots of commands to a smart home, in 28 languages."""

from __future__ import annotations

from waystage.data.sources.home_assistant import HomeAssistantSlots
from waystage.tasks.home_intents import LANGUAGES
from waystage.tasks.kinds import TAGGING
from waystage.tasks.task import Task, TrainingDefaults

# Every slot that the package gives values for in English and in at least half of the 28 languages.
_SLOTS = (
    "brightness",
    "color",
    "device_class",
    "hours",
    "minutes",
    "percentage",
    "position",
    "seconds",
    "start_hours",
    "start_minutes",
    "start_seconds",
    "state",
    "temperature",
    "volume_level",
    "volume_step",
)

TASK = Task(
    name="home-slots",
    kind=TAGGING,
    source=HomeAssistantSlots(slots=_SLOTS, n_train=4000, n_test=600),
    languages=LANGUAGES,
    labels=("O", *(f"{prefix}-{slot}" for slot in _SLOTS for prefix in "BI")),
    metric_name="span-f1",
    description="Which words of a command to a smart home fill which slot. Sentences are drawn from "
    "templates; no English template serves both training and testing.",
    licence="Apache-2.0",
    reference="https://github.com/home-assistant/intents (package home-assistant-intents 2026.10.27)",
    training=TrainingDefaults(epochs=2.0, max_tokens=64),
    expected_counts={
        ("train", "en"): 4000,
        ("validation", "en"): 599,
        **{("test", language): 600 for language in LANGUAGES},
    },
)
