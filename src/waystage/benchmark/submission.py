"""The scores of a submission folder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, TypeAlias

from waystage.benchmark.benchmarks import Benchmark, BenchmarkTask
from waystage.benchmark.form import ScoredFile
from waystage.errors import DataError, Problem

LanguageScores: TypeAlias = dict[str, dict[str, float]]
"""Fractions by language and measure."""

_MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Missing:
    """A language of a task that has no score: why, and which file is not there, if that is why."""

    task: str
    language: str
    cause: str
    file_name: str | None = None

    @property
    def reason(self) -> str:
        """Cause and file."""
        return f"{self.cause} {self.file_name}" if self.file_name else self.cause

    def __str__(self) -> str:
        return f"{self.task}/{self.language}: {self.reason}"


@dataclass(frozen=True, slots=True)
class SubmissionScores:
    """What a submission scores; fractions in [0, 1], None where a part of a mean is missing.

    Attributes:
        scores: by task, language and measure; a language without a score is left out.
        missing: every language of every task that has no score, and why.
        notes: what the reader of the scores should know: queries that count as 0, files that were not read.
    """

    benchmark: Benchmark
    scores: dict[str, LanguageScores]
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]

    @property
    def tasks(self) -> dict[str, float | None]:
        """Mean over all languages of each task; in question answering, of exact match and F1."""
        return {task.name: self._task_score(task) for task in self.benchmark.tasks}

    @property
    def categories(self) -> dict[str, float | None]:
        """Mean over the tasks of each category."""
        tasks = self.tasks
        groups = self.benchmark.categories.items()
        return {name: _mean([tasks[task.name] for task in members]) for name, members in groups}

    @property
    def overall(self) -> float | None:
        """Mean over all tasks, each counting the same."""
        return _mean(list(self.tasks.values()))

    @property
    def reason(self) -> str | None:
        """Why there is no overall score; None where there is one."""
        if not self.missing:
            return None
        n_languages = sum(len(task.languages) for task in self.benchmark.tasks)
        names = [name for name, score in self.tasks.items() if score is None]
        counts = f"{len(self.missing)} of {n_languages} languages of {len(self.benchmark.tasks)} tasks have no score"
        return f"{counts} ({', '.join(names)})"

    def to_json(self) -> dict[str, Any]:
        """Everything in percent, as JSON values; ``reason`` is there where ``overall`` is null."""
        scores = {
            task: {
                language: {name: _percent(value) for name, value in measures.items()}
                for language, measures in languages.items()
            }
            for task, languages in self.scores.items()
        }
        result: dict[str, Any] = {
            "scores": scores,
            "tasks": {name: _percent(score) for name, score in self.tasks.items()},
            "categories": {name: _percent(score) for name, score in self.categories.items()},
            "overall": _percent(self.overall),
            "missing": [{"task": gap.task, "language": gap.language, "reason": gap.reason} for gap in self.missing],
        }
        return result if self.reason is None else {**result, "reason": self.reason}

    def _task_score(self, task: BenchmarkTask) -> float | None:
        languages = self.scores.get(task.name, {})
        if any(language not in languages for language in task.languages):
            return None
        names = [measure.name for measure in task.form.measures if measure.is_averaged]
        return fmean(fmean(languages[language][name] for language in task.languages) for name in names)


def score_submission(
    predictions_dir: Path, gold_dir: Path, benchmark: Benchmark, *, is_strict: bool = False
) -> SubmissionScores:
    """Score ``predictions_dir`` against ``gold_dir``, both with a folder a task and a file a language in it.

    Raises:
        DataError: a file is malformed or does not fit its gold, with all such files and lines; nothing at all
            can be scored; or, if ``is_strict``, anything is missing.
    """
    for folder in (predictions_dir, gold_dir):
        check_folder(folder, benchmark)
    scores: dict[str, LanguageScores] = {}
    missing: list[Missing] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for task in benchmark.tasks:
        for language in task.languages:
            try:
                scored = score_language(task, language, predictions_dir, gold_dir)
            except DataError as error:
                problems += error.problems
                continue
            measured = scored if isinstance(scored, Missing) else _measured(task, language, scored)
            if isinstance(measured, Missing):
                missing.append(measured)
            else:
                scores.setdefault(task.name, {})[language] = measured
            if isinstance(scored, ScoredFile):
                notes += [f"{task.name}/{language}: {note}" for note in _notes_of(scored)]
    if is_strict:
        problems += [Problem(predictions_dir, None, None, text) for text in (*map(str, missing), *notes)]
    if not problems and not scores:
        problems = [Problem(predictions_dir, None, None, str(gap)) for gap in missing]
    if problems:
        raise DataError(first_problems(problems, predictions_dir))
    return SubmissionScores(benchmark, scores, tuple(missing), (*notes, *_not_read(predictions_dir, benchmark)))


def _notes_of(scored: ScoredFile) -> Iterator[str]:
    if scored.n_unanswered:
        yield f"{scored.n_unanswered} of {len(scored.statistics)} queries have no ranking and count as 0"
    yield from scored.notes


def score_language(task: BenchmarkTask, language: str, predictions_dir: Path, gold_dir: Path) -> ScoredFile | Missing:
    """The statistics of each example of a language, or what is missing for them.

    Raises:
        DataError: a file is malformed or does not fit the other.
    """
    name = task.file_name(language)
    gold, predictions = gold_dir / task.name / name, predictions_dir / task.name / name
    absent = [what for what, path in (("prediction", predictions), ("gold", gold)) if not is_there(path)]
    if absent:
        return Missing(task.name, language, f"no {' and no '.join(absent)} file", f"{task.name}/{name}")
    return task.form.score(gold, predictions, language)


def first_problems(problems: list[Problem], folder: Path) -> list[Problem]:
    """At most 100 of the problems, and how many more there are."""
    n_more = len(problems) - _MAX_PROBLEMS
    if n_more <= 0:
        return problems
    return [*problems[:_MAX_PROBLEMS], Problem(folder, None, None, f"{n_more} more problems that are not shown")]


def is_there(path: Path) -> bool:
    """Whether there is anything at the path, as far as that can be seen."""
    try:
        return path.exists()
    except OSError:  # the reader says why it cannot be read
        return True


def _measured(task: BenchmarkTask, language: str, scored: ScoredFile) -> dict[str, float] | Missing:
    sums = scored.statistics.sum(axis=0)
    values = {measure.name: float(measure.score(sums)) for measure in task.form.measures}
    undefined = [name for name, value in values.items() if math.isnan(value)]
    if undefined:
        cause = f"{', '.join(undefined)} undefined: neither gold nor predictions have anything to count"
        return Missing(task.name, language, cause)
    return values


def check_folder(folder: Path, benchmark: Benchmark) -> None:
    """DataError if nothing of the benchmark is in the folder."""
    names = [task.name for task in benchmark.tasks]
    if not any((folder / name).is_dir() for name in names):
        found = f"no folder of a task of {benchmark.name} in it"
        raise DataError(Problem(folder, None, None, found, f"one of {', '.join(names)}"))


def _not_read(folder: Path, benchmark: Benchmark) -> Iterator[str]:
    """Notes on what lies in a submission and is not of the benchmark."""
    tasks: Mapping[str, BenchmarkTask] = {task.name: task for task in benchmark.tasks}
    for path in _entries(folder):
        task = tasks.get(path.name)
        if task is None or not path.is_dir():
            yield f"{path.name} is not of {benchmark.name} and was not read"
            continue
        known = {task.file_name(language) for language in task.languages}
        others = [entry.name for entry in _entries(path) if entry.name not in known]
        if others:
            yield f"{path.name}: {', '.join(others)} not of {benchmark.name} and not read"


def _entries(folder: Path) -> list[Path]:
    """What is in a folder by name, without hidden files; nothing where it cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else 100 * fraction
