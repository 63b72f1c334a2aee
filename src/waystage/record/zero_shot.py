"""Where scores are not zero-shot: languages that labelled examples were learned from."""

from __future__ import annotations

from collections.abc import Sequence

from waystage.record.learned import learned_words
from waystage.study.study import IntermediateStage, PlainStage, Stage, Study, Target

TRAINING_LANGUAGES = "labelled training data"
"""Name of the groups of languages that tell zero-shot languages from the others."""


def trained_languages(study: Study, target: Target) -> tuple[str, ...]:
    """The tested languages but the source language in which the target, or a stage of any sequence, learned labels."""
    learned = [data for data in (target.learned, *(part.learned for part in _labelled(study))) if data is not None]
    found = {language for data in learned for language in data.foreign_languages}
    return tuple(language for language in target.languages if language in found - {target.task.source_language})


def zero_shot_departures(study: Study, target: Target) -> list[str]:
    """What the record says of one target; nothing where all of it is zero-shot."""
    departures = []
    trained = set(trained_languages(study, target))
    if target.learned is not None and target.learned.languages != (target.learned.task.source_language,):
        words = f"learned in {learned_words(target.learned)}"
        own = [language for language in target.learned.languages if language in trained]
        departures.append(words + (f": NOT zero-shot in {', '.join(own)}" if own else ""))
    for part in _labelled(study):
        own = [language for language in part.learned.foreign_languages if language in trained]
        if own:
            names = ", ".join(name for name, stages in study.sequences.items() if part in _parts(stages))
            departures.append(f"{part.name} learned {part.task.name} in {', '.join(own)}: {names} NOT zero-shot there")
    return departures


def training_groups(study: Study) -> dict[str, dict[str, str]]:
    """Languages by whether any target or stage learned labels in them; empty where none did."""
    trained = {language for target in study.targets for language in trained_languages(study, target)}
    languages = sorted({language for target in study.targets for language in target.languages})
    if not trained:
        return {}
    return {TRAINING_LANGUAGES: {code: "learned in" if code in trained else "zero-shot" for code in languages}}


def _labelled(study: Study) -> list[IntermediateStage]:
    parts = (part for stages in study.sequences.values() for part in _parts(stages))
    found: list[IntermediateStage] = []
    for part in parts:
        if isinstance(part, IntermediateStage) and part not in found:
            found.append(part)
    return found


def _parts(stages: Sequence[Stage]) -> list[PlainStage]:
    return [part for stage in stages for part in stage.parts]
