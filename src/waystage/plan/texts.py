"""Everything that a study reads, prepared: all that cannot be read is reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from waystage.data.parallel import Pair, pair_name
from waystage.data.prepare import (
    PreparedText,
    prepare_corpus,
    prepare_parallel,
    prepare_pool,
    prepare_queries,
    prepare_split,
)
from waystage.data.source import Place, PoolSource
from waystage.errors import DataError, Problem, first_line
from waystage.plan.nodes import Searched
from waystage.plan.training_data import prepare_training
from waystage.plan.validation import ValidationKey, validation_uses
from waystage.store.store import Store
from waystage.study.data_check import pool_languages
from waystage.study.study import (
    ContinuedStage,
    IntermediateStage,
    ParallelStage,
    PlainStage,
    Study,
    Target,
    TrainingData,
    TrainingKey,
)
from waystage.tasks.kinds import Pool


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that is read, prepared; keyed by what it is for.

    ``no_validation`` says why there is no validation data where that would be scored but is not needed.
    """

    train: dict[tuple[TrainingKey, int | None], PreparedText]
    test: dict[tuple[str, str, int | None], PreparedText]
    corpora: dict[tuple[str, str], PreparedText]
    validation: dict[ValidationKey, PreparedText] = field(default_factory=dict)
    no_validation: dict[ValidationKey, str] = field(default_factory=dict)
    searched: dict[str, Searched] = field(default_factory=dict)
    parallel: dict[tuple[str, Pair], PreparedText] = field(default_factory=dict)

    @classmethod
    def read(cls, study: Study, store: Store, place: Place) -> Texts:
        """Read all, and report all that cannot be read at once."""
        texts, problems = cls({}, {}, {}), list[Problem]()
        for part in _unique_parts(study):
            match part:
                case IntermediateStage():
                    texts._read_train(store, place, part.learned, study.seeds, problems)
                    texts._read_validation(store, place, part, problems)
                case ContinuedStage():
                    texts._read_corpus(store, place, part, problems)
                case ParallelStage():
                    texts._read_parallel(store, place, part, problems)
        for target in study.targets:
            if target.learned is not None:
                texts._read_train(store, place, target.learned, study.seeds, problems)
            texts._read_validation(store, place, target, problems)
            texts._read_test(store, place, target, problems)
            if target.task.pool is not None:
                texts._read_searched(store, place, target, target.task.pool, problems)
        if problems:
            raise DataError(list(dict.fromkeys(problems)))
        return texts

    def training(self, learned: TrainingData, seed: int | None) -> PreparedText:
        """What is learned from with a seed."""
        return self.train[learned.key, seed if learned.is_drawn else None]

    def skipped(self) -> dict[str, tuple[str, ...]]:
        """Files of corpora that could not be read and were passed over, by the name of the corpus."""
        names = dict.fromkeys(name for (name, _), text in self.corpora.items() if text.skipped)
        return {
            name: tuple(file for (other, _), text in self.corpora.items() if other == name for file in text.skipped)
            for name in names
        }

    @classmethod
    def read_tests(cls, target: Target, store: Store, place: Place) -> dict[str, PreparedText]:
        """The test examples of a target by language, and nothing else of its data.

        Raises:
            DataError: with everything that cannot be read.
        """
        texts, problems = cls({}, {}, {}), list[Problem]()
        texts._read_test(store, place, target, problems)
        if problems:
            raise DataError(list(dict.fromkeys(problems)))
        return {language: text for (_, language, _), text in texts.test.items()}

    def _read_train(
        self, store: Store, place: Place, learned: TrainingData, seeds: Sequence[int], problems: list[Problem]
    ) -> None:
        for seed in seeds if learned.is_drawn else (None,):
            try:
                self.train[learned.key, seed] = prepare_training(store, place, learned, seed)
            except DataError as error:
                where = f"task {learned.task.name}, train, {', '.join(learned.languages)}"
                problems.extend(_problems_of(error, where))

    def _read_validation(
        self, store: Store, place: Place, part: IntermediateStage | Target, problems: list[Problem]
    ) -> None:
        for use in validation_uses(part):
            try:
                self.validation[use.key] = use.prepare(store, place)
            except DataError as error:
                found = _problems_of(error, f"task {use.task.name}, validation, {use.language}")
                if use.is_needed:
                    problems.extend(found)
                else:
                    self.no_validation[use.key] = first_line(error)

    def _read_test(self, store: Store, place: Place, target: Target, problems: list[Problem]) -> None:
        task, limit = target.task, target.limits.test
        if task.kind.pool is Pool.JOINED:
            try:
                joined = prepare_queries(store, place, task.source, target.languages, limit)
                self.test.update({(task.name, language, limit): text for language, text in joined.items()})
            except DataError as error:
                problems.extend(_problems_of(error, f"task {task.name}, test"))
            return
        for language in target.languages:
            try:
                key = (task.name, language, limit)
                self.test[key] = prepare_split(store, place, task.source, "test", language, limit)
            except DataError as error:
                problems.extend(_problems_of(error, f"task {task.name}, test, {language}"))

    def _read_searched(
        self, store: Store, place: Place, target: Target, pool: PoolSource, problems: list[Problem]
    ) -> None:
        """Candidates, and the validation split where it decides how good a match has to be."""
        task, limit = target.task, target.limits.validation
        found = Searched({}, {}, {})
        for language in pool_languages(target):
            try:
                found.pools[language] = prepare_pool(store, place, pool, "test", language)
                if task.kind.fits_threshold:
                    prepared = prepare_split(store, place, task.source, "validation", language, limit)
                    found.validation[language] = prepared
                    found.validation_pools[language] = prepare_pool(store, place, pool, "validation", language)
            except DataError as error:
                problems.extend(_problems_of(error, f"task {task.name}, candidates, {language}"))
        self.searched[task.name] = found

    def _read_corpus(self, store: Store, place: Place, stage: ContinuedStage, problems: list[Problem]) -> None:
        for language in stage.languages:
            try:
                key = (stage.corpus.name, language)
                self.corpora[key] = prepare_corpus(store, place, stage.corpus, language)
            except DataError as error:
                problems.extend(_problems_of(error, f"corpus {stage.corpus.name}, {language}"))

    def _read_parallel(self, store: Store, place: Place, stage: ParallelStage, problems: list[Problem]) -> None:
        if not stage.pairs:
            where = f"parallel corpus {stage.corpus.name}"
            problems.append(Problem(where, None, None, "no pair of the languages that were asked for"))
        for pair in stage.pairs:
            try:
                key = (stage.corpus.name, pair)
                self.parallel[key] = prepare_parallel(store, place, stage.corpus, pair)
            except DataError as error:
                problems.extend(_problems_of(error, f"parallel corpus {stage.corpus.name}, {pair_name(pair)}"))


def _unique_parts(study: Study) -> list[PlainStage]:
    stages = {stage.name: stage for stages in study.sequences.values() for stage in stages}
    return [part for stage in stages.values() for part in stage.parts]


def _problems_of(error: DataError, where: str) -> list[Problem]:
    return list(error.problems) or [Problem(where, None, None, str(error))]
