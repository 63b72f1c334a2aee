"""Outcomes of several systems in one file: ``<task>.<language>.jsonl`` with the gold and each system's prediction.

A line is ``{"id": 7, "gold": "No", "first": "No", "second": "Yes"}``: a label, or in question answering
``{"text": ["an answer", ...]}`` as the gold and ``{"text": "an answer"}`` as a prediction. Every key but ``id`` and
``gold`` is a system.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from waystage.benchmark.benchmarks import BENCHMARKS, CLASSIFICATION, QA, XQUAD
from waystage.benchmark.judged import Query
from waystage.benchmark.lines import refuse, shown
from waystage.benchmark.paired import LeftOut, PairedLanguage, PairedSystems, SystemRun, undefined_runs
from waystage.benchmark.questions import QuestionAnswers
from waystage.benchmark.submission import first_problems
from waystage.data.readers.rows import JsonLines, Row
from waystage.errors import DataError, Problem, StudyError
from waystage.metrics.accuracy import LABEL_ACCURACY
from waystage.metrics.answer_overlap import AnswerOverlap
from waystage.metrics.metric import FloatArray, Metric

ID, GOLD = "id", "gold"
_FILE_NAME = re.compile(r"(?P<task>[^.]+)\.(?P<language>[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*)\.jsonl")
# SQuAD's way for a task that the benchmarks do not have.
_QA_FORMS = {
    task.name: task.form
    for benchmark in BENCHMARKS.values()
    for task in benchmark.tasks
    if isinstance(task.form, QuestionAnswers)
}


class Outcome(Protocol):
    """What the values of a file are, and how they are scored."""

    @property
    def metric(self) -> Metric:
        """What the score is the mean of."""

    @property
    def category(self) -> str:
        """Of the task."""

    def row(self, gold: Any, prediction: Any) -> tuple[float, ...]:
        """The statistics of one example; ValueError where a value is of another kind."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels: texts or whole numbers."""

    metric: Metric = LABEL_ACCURACY
    category: str = CLASSIFICATION

    def row(self, gold: Any, prediction: Any) -> tuple[float, ...]:
        """Correct (0 or 1), and 1."""
        if not _is_label(gold):
            raise ValueError(f"the gold is a JSON {type(gold).__name__}, not a label as in the first line")
        if type(prediction) is not type(gold):
            raise ValueError(f"a JSON {type(prediction).__name__} for a label that is a {type(gold).__name__}")
        return (float(prediction == gold), 1.0)


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to questions, in one language."""

    metric: AnswerOverlap
    language: str
    category: str = QA

    def row(self, gold: Any, prediction: Any) -> tuple[float, ...]:
        """Exact match, F1, and 1."""
        right = gold.get("text") if isinstance(gold, dict) else None
        if not isinstance(right, list) or not right or not all(isinstance(text, str) for text in right):
            raise ValueError('the gold is not {"text": ["an answer", ...]} with at least one answer')
        answer = prediction.get("text") if isinstance(prediction, dict) else prediction
        if not isinstance(answer, str):
            raise ValueError('the prediction is neither a text nor {"text": "an answer"}')
        return self.metric.statistics(Query("", self.language, tuple(right)), answer)


def read_outcomes(folder: Path) -> PairedSystems:
    """The outcomes of every file ``<task>.<language>.jsonl`` of a folder, for the systems that are in the files.

    Ids of one file are unique; a file in which all lines have one and the same id is numbered by its lines, and
    a note says so. A language that some system lacks is left out for all.

    Raises:
        StudyError: there is no such folder.
        DataError: no such file in it, malformed lines, with file and number, or fewer than two systems.
    """
    if not folder.is_dir():
        raise StudyError(Problem("--outcomes", None, str(folder), "there is no such folder", "a folder of outcomes"))
    paths = {path: match for path in sorted(folder.iterdir()) if (match := _FILE_NAME.fullmatch(path.name))}
    if not paths:
        raise DataError(Problem(folder, None, None, "no file of outcomes in it", "<task>.<language>.jsonl"))
    files: list[_File] = []
    problems: list[Problem] = []
    for path, match in paths.items():
        try:
            files.append(_read(path, match["task"], match["language"]))
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(first_problems(problems, folder))
    return _paired(folder, files)


@dataclass(frozen=True, eq=False)
class _File:
    """One file: ``statistics`` by system, float64 ``[n_examples, n_columns]``."""

    task: str
    language: str
    outcome: Outcome
    ids: tuple[str, ...]
    is_numbered: bool
    statistics: Mapping[str, FloatArray]


def _paired(folder: Path, files: Sequence[_File]) -> PairedSystems:
    systems = tuple(dict.fromkeys(system for file in files for system in file.statistics))
    if len(systems) < 2:
        found = f"the outcomes of one system, {', '.join(systems)}" if systems else "no system"
        raise DataError(Problem(folder, None, None, found, "at least two keys beside id and gold"))
    runs = tuple(SystemRun(system, 1, folder) for system in systems)
    languages: list[PairedLanguage] = []
    left_out: list[LeftOut] = []
    for file in files:
        read = _language(file, runs)
        if isinstance(read, LeftOut):
            left_out.append(read)
        else:
            languages.append(read)
    if not languages:
        raise DataError([Problem(folder, None, None, f"nothing to compare: {gap}") for gap in left_out])
    return PairedSystems(runs, tuple(languages), tuple(left_out), tuple(_notes(files)))


def _language(file: _File, runs: Sequence[SystemRun]) -> PairedLanguage | LeftOut:
    missing = [run.system for run in runs if run.system not in file.statistics]
    if missing:
        return LeftOut(file.task, file.language, f"no outcomes of {', '.join(missing)}")
    statistics = np.stack([file.statistics[run.system] for run in runs])
    if undefined_runs(file.outcome.metric, statistics, runs):
        return LeftOut(file.task, file.language, "nothing to score")
    outcome = file.outcome
    return PairedLanguage(file.task, file.language, outcome.category, outcome.metric, file.ids, statistics)


def _notes(files: Sequence[_File]) -> Iterator[str]:
    numbered = [f"{file.task}.{file.language}" for file in files if file.is_numbered]
    if numbered:
        yield f"all lines have one id in {', '.join(numbered)}: examples are numbered by line instead"


def _read(path: Path, task: str, language: str) -> _File:
    rows = list(JsonLines().rows(path, ()))
    keys = [key for key in rows[0].values if key not in (ID, GOLD)]
    refuse(_key_problems(path, rows, [ID, GOLD, *keys]))
    ids, is_numbered = _ids(path, rows)
    outcome = _outcome(path, rows[0], task, language)
    problems: list[Problem] = []
    statistics: dict[str, list[tuple[float, ...]]] = {key: [] for key in keys}
    for row in rows:
        for key in keys:
            try:
                statistics[key].append(outcome.row(row.values[GOLD], row.values[key]))
            except ValueError as error:
                problems.append(Problem(path, row.line, key, str(error)))
    problems += [] if problems else _foreign_labels(path, rows, keys, outcome)
    refuse(problems)
    return _File(task, language, outcome, ids, is_numbered, {key: np.array(own) for key, own in statistics.items()})


def _key_problems(path: Path, rows: Sequence[Row], keys: Sequence[str]) -> Iterator[Problem]:
    """Rows that have other keys than the first."""
    for row in rows:
        if set(row.values) != set(keys):
            found = f"the keys {', '.join(map(shown, row.values)) or 'of no value'}"
            yield Problem(path, row.line, None, found, ", ".join(keys))


def _ids(path: Path, rows: Sequence[Row]) -> tuple[tuple[str, ...], bool]:
    """The ids, and whether they are the numbers of the rows, because all rows have one id."""
    first: dict[str, int] = {}
    repeated: list[Problem] = []
    for row in rows:
        name = row.values[ID]
        if not isinstance(name, str | int) or isinstance(name, bool):
            raise DataError(Problem(path, row.line, ID, f"a JSON {type(name).__name__}", "a text or a whole number"))
        line = first.setdefault(str(name), row.line)
        if line != row.line:
            repeated.append(Problem(path, row.line, ID, f"{shown(str(name))} of line {line} again", "unique ids"))
    if len(first) == 1 and len(rows) > 1:
        return tuple(map(str, range(1, len(rows) + 1))), True
    refuse(repeated)
    return tuple(first), False


def _outcome(path: Path, row: Row, task: str, language: str) -> Outcome:
    """What the values of a file are, by the gold of its first line."""
    gold = row.values[GOLD]
    if _is_label(gold):
        return Labels()
    if isinstance(gold, dict):
        return Answers(_QA_FORMS.get(task, _QA_FORMS[XQUAD.name]).metric, language)
    expected = 'a label, or {"text": ["an answer", ...]}'
    raise DataError(Problem(path, row.line, GOLD, f"a JSON {type(gold).__name__}", expected))


def _is_label(value: object) -> bool:
    return isinstance(value, str | int) and value != ""


def _foreign_labels(path: Path, rows: Sequence[Row], keys: Sequence[str], outcome: Outcome) -> list[Problem]:
    """Systems none of whose labels is one of the gold: they name the labels otherwise, so nothing can be right."""
    if not isinstance(outcome, Labels):
        return []
    labels = {row.values[GOLD] for row in rows}
    expected = f"labels of the gold, such as {', '.join(map(repr, sorted(labels, key=str)[:5]))}"
    return [
        Problem(path, rows[0].line, key, f"no label of {key} is one of the gold's", expected)
        for key in keys
        if labels.isdisjoint(row.values[key] for row in rows)
    ]
