"""A look at the data that a study uses, before anything is trained on it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from waystage.data.corpus import Corpus
from waystage.data.parallel import Pair, ParallelCorpus, pair_name
from waystage.data.source import Place, PoolSource, Split
from waystage.errors import DataError, Problem
from waystage.study.own_sources import is_own
from waystage.study.study import (
    ContinuedStage,
    IntermediateStage,
    ParallelStage,
    PlainStage,
    Stage,
    Study,
    Target,
)
from waystage.tasks.kinds import Pool
from waystage.tasks.task import Task

MAX_CHECKED_DOCUMENTS = 10_000


@dataclass(frozen=True, slots=True)
class TaskUse:
    """A split of a task in one language that a study reads."""

    task: Task
    split: Split
    language: str

    def problems(self, place: Place) -> list[Problem]:
        """What is wrong with the files; those of the user's own tasks are also read."""
        label = f"{self.task.name} ({self.split}, {self.language})"
        try:
            self.task.source.files(self.split, self.language, place)
            if is_own(self.task.source):
                self.task.source.read(self.split, self.language, place)
        except DataError as error:
            return _problems_of(error, label)
        return []


@dataclass(frozen=True, slots=True)
class CorpusUse:
    """The text of a corpus in one language that a study reads."""

    corpus: Corpus
    language: str

    def problems(self, place: Place) -> list[Problem]:
        """What is wrong with the files; of the user's own text the first documents are read."""
        source = self.corpus.source
        try:
            source.files(self.language, place)
            if is_own(source):
                # A corpus may be larger than anyone wants to wait for, so only its beginning is read here.
                for _ in islice(source.read(self.language, place), MAX_CHECKED_DOCUMENTS):
                    pass
        except DataError as error:
            return _problems_of(error, f"{self.corpus.name} ({self.language})")
        return []


@dataclass(frozen=True, slots=True)
class ParallelUse:
    """The sentence pairs of two languages that a study reads."""

    corpus: ParallelCorpus
    pair: Pair

    def problems(self, place: Place) -> list[Problem]:
        """What is wrong with the files; the first sentence pairs are read."""
        source = self.corpus.source
        try:
            source.files(self.pair, place)
            if is_own(source):
                for _ in islice(source.read(self.pair, place), MAX_CHECKED_DOCUMENTS):
                    pass
        except DataError as error:
            return _problems_of(error, f"{self.corpus.name} ({pair_name(self.pair)})")
        return []


@dataclass(frozen=True, slots=True)
class PoolUse:
    """The candidates of a task, for a split in one language, that a study searches."""

    task: Task
    pool: PoolSource
    split: Split
    language: str

    def problems(self, place: Place) -> list[Problem]:
        """What is wrong with the files; those of the user's own tasks are also read."""
        try:
            self.pool.files(self.split, self.language, place)
            if is_own(self.pool):
                for _ in self.pool.read(self.split, self.language, place):
                    pass
        except DataError as error:
            return _problems_of(error, f"{self.task.name} (candidates of {self.split}, {self.language})")
        return []


DataUse: TypeAlias = TaskUse | CorpusUse | ParallelUse | PoolUse


def check_data(study: Study, cache_dir: Path | None = None) -> list[Problem]:
    """Everything that is missing or malformed in the data that the study uses; empty where nothing is.

    Files of built-in tasks are looked for; files of the user's own tasks are read whole, and of own corpora
    the first ``MAX_CHECKED_DOCUMENTS`` documents a language.
    """
    stages = (stage for stages in study.sequences.values() for stage in stages)
    return data_problems(data_uses(stages, study.targets), study.study_dir, study.data_dir, cache_dir)


def data_uses(stages: Iterable[Stage], targets: Iterable[Target]) -> list[DataUse]:
    """The data that stages and targets read, each once, in order."""
    uses: dict[tuple[str, ...], DataUse] = {}
    for use in _all_uses(stages, targets):
        if isinstance(use, TaskUse):
            uses.setdefault(("task", use.task.name, use.split, use.language), use)
        elif isinstance(use, PoolUse):
            uses.setdefault(("pool", use.task.name, use.split, use.language), use)
        elif isinstance(use, ParallelUse):
            uses.setdefault(("parallel corpus", use.corpus.name, *use.pair), use)
        else:
            uses.setdefault(("corpus", use.corpus.name, use.language), use)
    return list(uses.values())


def _all_uses(stages: Iterable[Stage], targets: Iterable[Target]) -> Iterator[DataUse]:
    yield from (use for stage in stages for part in stage.parts for use in _stage_uses(part))
    for target in targets:
        if target.learned is not None:
            yield from (TaskUse(target.learned.task, "train", language) for language in target.learned.languages)
        if target.selection is not None and target.selection.rule == "best":
            for language in (target.selection.language, *target.selection.oracle_languages):
                yield TaskUse(target.validation_task(language), "validation", language)
        splits: tuple[Split, ...] = ("validation", "test") if target.task.kind.fits_threshold else ("test",)
        for split in splits:
            yield from (TaskUse(target.task, split, language) for language in target.languages)
            if target.task.pool is not None:
                pool = target.task.pool
                yield from (PoolUse(target.task, pool, split, language) for language in pool_languages(target))


def _stage_uses(stage: PlainStage) -> Iterator[DataUse]:
    match stage:
        case IntermediateStage():
            yield from (TaskUse(stage.task, "train", language) for language in stage.learned.languages)
            if stage.selection is not None and stage.selection.rule == "best":
                yield TaskUse(stage.task, "validation", stage.selection.language)
        case ContinuedStage():
            yield from (CorpusUse(stage.corpus, language) for language in stage.languages)
        case ParallelStage():
            yield from (ParallelUse(stage.corpus, pair) for pair in stage.pairs)


def pool_languages(target: Target) -> tuple[str, ...]:
    """The languages that a target's candidates are read for: its own, or one where all search the same."""
    return (target.task.source_language,) if target.task.kind.pool is Pool.COMMON else target.languages


def data_problems(
    uses: Iterable[DataUse], study_dir: Path, data_dir: Path | None, cache_dir: Path | None = None
) -> list[Problem]:
    """The problems of all uses, each once: several splits may share a file."""
    place = Place(study_dir, cache_dir or default_cache_dir(), data_dir)
    return list(dict.fromkeys(problem for use in uses for problem in use.problems(place)))


def default_cache_dir() -> Path:
    """Where fetched data is kept: ``$WAYSTAGE_CACHE``, else ``waystage`` in the user's cache folder."""
    named = os.environ.get("WAYSTAGE_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "waystage"


def _problems_of(error: DataError, label: str) -> list[Problem]:
    return list(error.problems) or [Problem(label, None, None, str(error))]
