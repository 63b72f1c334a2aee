"""Intents of commands to a smart home, in 28 languages."""

from __future__ import annotations

from waystage.data.sources.home_assistant import HomeAssistantIntents
from waystage.tasks.kinds import SENTENCE_CLASSIFICATION
from waystage.tasks.task import Task, TrainingDefaults

LANGUAGES = (
    "en", "af", "ar", "bg", "bn", "de", "el", "es", "eu", "fa", "fi", "fr", "he", "hi",
    "hu", "it", "ko", "lt", "ml", "nl", "pl", "pt", "ro", "ru", "th", "uk", "vi", "zh",
)  # fmt: skip

# Every intent that at least two thirds of the languages can express without the name of a room or a device.
# Intents with very few English sentences are merged with their nearest, or left out (HassNevermind,
# HassRespond).
_INTENTS = (
    ("HassCancelTimer", ("HassCancelTimer", "HassCancelAllTimers")),
    ("HassClimateGetTemperature", ("HassClimateGetTemperature",)),
    ("HassClimateSetTemperature", ("HassClimateSetTemperature",)),
    ("HassDecreaseTimer", ("HassDecreaseTimer",)),
    ("HassGetCurrentDateTime", ("HassGetCurrentDate", "HassGetCurrentTime")),
    ("HassGetState", ("HassGetState",)),
    ("HassGetWeather", ("HassGetWeather",)),
    ("HassIncreaseTimer", ("HassIncreaseTimer",)),
    ("HassMediaNext", ("HassMediaNext",)),
    ("HassMediaPause", ("HassMediaPause",)),
    ("HassMediaPrevious", ("HassMediaPrevious",)),
    ("HassMediaUnpause", ("HassMediaUnpause",)),
    ("HassPauseTimer", ("HassPauseTimer",)),
    ("HassSetPosition", ("HassSetPosition",)),
    ("HassSetVolume", ("HassSetVolume",)),
    ("HassStartTimer", ("HassStartTimer",)),
    ("HassTimerStatus", ("HassTimerStatus",)),
    ("HassTurnOff", ("HassTurnOff",)),
    ("HassTurnOn", ("HassTurnOn",)),
    ("HassUnpauseTimer", ("HassUnpauseTimer",)),
    ("HassVacuumCleanArea", ("HassVacuumCleanArea",)),
)

TASK = Task(
    name="home-intents",
    kind=SENTENCE_CLASSIFICATION,
    source=HomeAssistantIntents(intents=_INTENTS, n_train=1900, n_test=420),
    languages=LANGUAGES,
    labels=tuple(label for label, _ in _INTENTS),
    metric_name="accuracy",
    description="What a command to a smart home asks for. Sentences are drawn from templates; no English "
    "template serves both training and testing.",
    licence="Apache-2.0",
    reference="https://github.com/home-assistant/intents (package home-assistant-intents 2026.10.27)",
    training=TrainingDefaults(epochs=3.0, max_tokens=64),
    expected_counts={
        ("train", "en"): 1900,
        ("validation", "en"): 420,
        **{("test", language): 418 if language in ("bn", "uk") else 420 for language in LANGUAGES},
    },
)
