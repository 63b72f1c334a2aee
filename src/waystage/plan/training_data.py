"""The labelled examples that a stage or target learns from, in one prepared text."""

from __future__ import annotations

from waystage.data.prepare import PreparedText, Shots, join_splits, prepare_split
from waystage.data.source import Place
from waystage.errors import DataError
from waystage.store.store import Store
from waystage.study.study import TrainingData


def prepare_training(store: Store, place: Place, learned: TrainingData, seed: int | None) -> PreparedText:
    """Read the training split in every language, and put all of it into the store as one.

    Args:
        store: where it goes.
        place: where files are.
        learned: what to read.
        seed: draws the shots; None where there are none to draw.

    Raises:
        DataError: files are missing or malformed, or those of a language are those of the source language.
    """
    parts = {language: _of_language(store, place, learned, language, seed) for language in learned.languages}
    return next(iter(parts.values())) if len(parts) == 1 else join_splits(store, parts)


def _of_language(store: Store, place: Place, learned: TrainingData, language: str, seed: int | None) -> PreparedText:
    source, own = learned.task.source, learned.task.source_language
    limit = learned.most_in(language)
    if language == own:
        return prepare_split(store, place, source, "train", language, limit)
    files = source.files("train", language, place)
    if own in learned.languages and list(files) == list(source.files("train", own, place)):
        raise DataError(f"there is no training data in {language}: {files[0]} is that of {own}")
    shots = Shots(limit, seed) if learned.shots is not None and limit is not None and seed is not None else limit
    return prepare_split(store, place, source, "train", language, shots)
