"""Whether a study learns from examples that a target is tested on, in whatever language, or chooses by them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from waystage.data.overlap import n_overlapping, passage_keys
from waystage.data.prepare import PreparedText, file_states, load_examples
from waystage.data.source import Place
from waystage.errors import DataError, Problem, StudyError
from waystage.plan.counts import OtherCount
from waystage.plan.validation import ValidationUse, validation_uses
from waystage.store.canonical import canonical_json
from waystage.store.store import Store
from waystage.study.study import IntermediateStage, Study, Target, TrainingData
from waystage.tasks.task import Task


@dataclass(frozen=True, slots=True)
class Overlap:
    """Training data that has test examples of a target.

    Attributes:
        target: name of the target's task.
        learned: name of the task whose training data it is.
        n_examples: training examples whose text is that of a test example or of what that was translated from; None
            where it could not be told, because the files of the originals are missing.
        n_train: all training examples.
    """

    target: str
    learned: str
    n_examples: int | None
    n_train: int

    def __str__(self) -> str:
        if self.n_examples is None:
            return (
                f"not checked whether the training data of {self.learned} has its test examples: no originals at hand"
            )
        return f"{self.n_examples} of {self.n_train} training examples of {self.learned} are test examples of this task"


def find_overlaps(
    study: Study, store: Store, place: Place, prepared: Callable[[TrainingData, int], PreparedText]
) -> tuple[Overlap, ...]:
    """Every overlap of the study; ``prepared`` gives the training data that the plan has read for a seed.

    Raises:
        StudyError: there is one, and the study does not say ``allow_overlap: true``.
    """
    overlaps = []
    for target in study.targets:
        everything = {learned.key: learned for learned in _learned(study, target)}
        for learned in everything.values() if target.task.originals else ():
            texts = dict.fromkeys(prepared(learned, seed) for seed in study.seeds)
            found = [
                (text, _n_overlapping(target.task, learned.foreign_languages, store, place, text)) for text in texts
            ]
            # Of few-shot examples, which differ from seed to seed, those with the largest overlap are named.
            text, n_examples = max(found, key=lambda each: math.inf if each[1] is None else each[1])
            if n_examples != 0:
                overlaps.append(Overlap(target.task.name, learned.task.name, n_examples, text.n_items))
    refused = [overlap for overlap in overlaps if overlap.n_examples is not None]
    if refused and not study.allow_overlap:
        raise StudyError([_problem(overlap) for overlap in refused])
    return tuple(overlaps)


@dataclass(frozen=True, slots=True)
class ChosenOn:
    """Validation data that has test examples of the target whose checkpoint it chooses.

    Attributes:
        target: name of the target's task.
        use: task and language of the validation data.
        n_examples: validation examples whose text is that of a test example or of what that was translated from; None
            where it could not be told, because the files of the originals are missing.
        n_validation: all validation examples.
    """

    target: str
    use: str
    n_examples: int | None
    n_validation: int

    def __str__(self) -> str:
        if self.n_examples is None:
            return (
                f"not checked whether the checkpoint is chosen on its test examples ({self.use}): no originals at hand"
            )
        found = f"{self.n_examples} of {self.n_validation} validation examples ({self.use})"
        return f"the checkpoint is chosen on its test examples or what they were translated from: {found}"


def find_chosen_on(
    study: Study, store: Store, place: Place, prepared: Callable[[ValidationUse], PreparedText]
) -> tuple[ChosenOn, ...]:
    """Targets whose checkpoint is chosen by what they are tested on; ``prepared`` gives what the plan has read.

    It is not refused: nothing is learned from it. XQuAD's validation data, SQuAD's development set, has all of it.
    """
    found = []
    for target in study.targets:
        uses = [use for use in validation_uses(target) if use.is_needed] if target.task.originals else []
        for use in uses[:1]:  # the others are those of the oracle, which is never compared
            text = prepared(use)
            n_examples = _n_overlapping(target.task, (), store, place, text)
            if n_examples != 0:
                where = f"{use.task.name} in {use.language}"
                found.append(ChosenOn(target.task.name, where, n_examples, text.n_items))
    return tuple(found)


def _learned(study: Study, target: Target) -> Iterator[TrainingData]:
    """What is learned before a target is scored, in any sequence; all tasks of a stage that learns several."""
    for stages in study.sequences.values():
        parts = (part for stage in stages for part in stage.parts)
        yield from (part.learned for part in parts if isinstance(part, IntermediateStage))
    if target.learned is not None:
        yield target.learned


def _n_overlapping(task: Task, foreign: Sequence[str], store: Store, place: Place, train: PreparedText) -> int | None:
    # A training set in other languages may have the test examples themselves, and not only what they come from.
    tested = [language for language in foreign if language in task.languages]
    languages = dict.fromkeys((task.source_language, *tested))
    read = [(original, language) for original in task.originals for language in languages]
    try:
        files = [path for original, language in read for path in original.source.files(original.split, language, place)]
    except DataError:
        return None
    key = canonical_json([train.artefact_id, repr(task.originals), list(languages), file_states(files)])
    memo = store.memo("overlaps")
    known = memo.get(key.decode("utf-8"))
    if isinstance(known, int):
        return known
    keys = frozenset[str]().union(
        *(passage_keys(original.source.read(original.split, language, place)) for original, language in read)
    )
    n_examples = n_overlapping(load_examples(store, train.artefact_id), keys)
    memo.put(key.decode("utf-8"), n_examples)
    return n_examples


def _problem(overlap: Overlap) -> Problem:
    expected = "other training data, or 'allow_overlap: true' in the study, which its record will say"
    return Problem("the study", None, f"target {overlap.target}", str(overlap), expected)


def departures_of(found: Sequence[Overlap | ChosenOn | OtherCount], task_name: str) -> list[str]:
    """What the record says of one target."""
    return [str(own) for own in found if own.target == task_name]
