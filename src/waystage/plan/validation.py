"""Which validation data a stage or a target is scored on while, or after, it is trained."""

from __future__ import annotations

from dataclasses import dataclass

from waystage.data.prepare import PreparedText, prepare_split
from waystage.data.source import Place
from waystage.errors import DataError
from waystage.store.store import Store
from waystage.study.study import IntermediateStage, Target
from waystage.tasks.task import Task

MAX_FOR_LAST = 500
"""Validation examples that the last checkpoint is scored on, unless the study says how many: it costs little."""

SELECTION_NAME = "selection.json"
"""The file of a trained stage that says by which scores its checkpoint was chosen."""

ValidationKey = tuple[str, str, int | None]


@dataclass(frozen=True, slots=True)
class ValidationUse:
    """Validation data of a task in a language.

    Attributes:
        limit: at most so many examples.
        is_needed: a checkpoint is chosen by it; otherwise it is only scored where it is there.
    """

    task: Task
    language: str
    limit: int | None
    is_needed: bool

    @property
    def key(self) -> ValidationKey:
        """What tells it from others."""
        return self.task.name, self.language, self.limit

    def prepare(self, store: Store, place: Place) -> PreparedText:
        """Read it and put it into the store.

        Raises:
            DataError: it is missing or malformed, or is the data of the source language under another name.
        """
        source = self.task.source
        text = prepare_split(store, place, source, "validation", self.language, self.limit)
        if self.language != self.task.source_language:
            own = prepare_split(store, place, source, "validation", self.task.source_language, self.limit)
            if own.artefact_id == text.artefact_id:
                raise DataError(
                    f"the task has no validation data in {self.language}: what it has is in {self.task.source_language}"
                )
        return text


def validation_uses(part: IntermediateStage | Target) -> list[ValidationUse]:
    """The selection language first, then those of the oracle; empty where no checkpoint is scored."""
    selection = part.selection
    if selection is None:
        return []
    is_needed = selection.rule == "best"
    limit = part.limits.validation
    if limit is None and not is_needed:
        limit = MAX_FOR_LAST
    languages = dict.fromkeys((selection.language, *selection.oracle_languages))
    return [ValidationUse(part.validation_task(language), language, limit, is_needed) for language in languages]
