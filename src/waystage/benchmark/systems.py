"""Submission folders of several systems, read side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from waystage.benchmark.benchmarks import Benchmark, BenchmarkTask
from waystage.benchmark.form import ScoredFile
from waystage.benchmark.paired import LeftOut, PairedLanguage, PairedSystems, SystemRun, undefined_runs
from waystage.benchmark.submission import Missing, check_folder, first_problems, is_there, score_language
from waystage.errors import DataError, Problem
from waystage.metrics.metric import FloatArray


def read_systems(runs: Sequence[SystemRun], gold_dir: Path, benchmark: Benchmark) -> PairedSystems:
    """The statistics of every example of every run, for each task and language that all of them and the gold have.

    A task that nobody has is named in a note; a language that some have and others lack is left out for all.

    Raises:
        DataError: a file is malformed or does not fit its gold, with all such files and lines; or nothing is
            left to compare.
    """
    for folder in (gold_dir, *(run.source for run in runs)):
        check_folder(folder, benchmark)
    languages: list[PairedLanguage] = []
    left_out: list[LeftOut] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for task in benchmark.tasks:
        if not any((folder / task.name).is_dir() for folder in (gold_dir, *(run.source for run in runs))):
            notes.append(f"{task.name} is in none of the folders")
            continue
        for language in task.languages:
            try:
                read = _language(task, language, runs, gold_dir, notes)
            except DataError as error:
                problems += error.problems
                continue
            if isinstance(read, LeftOut):
                left_out.append(read)
            else:
                languages.append(read)
    if not problems and not languages:
        problems = [Problem(gold_dir, None, None, f"nothing to compare: {gap}") for gap in left_out]
    if problems:
        raise DataError(first_problems(problems, gold_dir))
    return PairedSystems(tuple(runs), tuple(languages), tuple(left_out), tuple(notes))


def _language(
    task: BenchmarkTask, language: str, runs: Sequence[SystemRun], gold_dir: Path, notes: list[str]
) -> PairedLanguage | LeftOut:
    """One language of all runs; DataError with the problems of all of them."""
    file_name = f"{task.name}/{task.file_name(language)}"
    if not is_there(gold_dir / file_name):
        return LeftOut(task.name, language, f"no gold file {file_name}")
    scored: list[ScoredFile] = []
    missing: list[str] = []
    problems: list[Problem] = []
    for run in runs:
        try:
            found = score_language(task, language, run.source, gold_dir)
        except DataError as error:
            problems += error.problems
            continue
        if isinstance(found, Missing):
            missing.append(str(run))
        else:
            scored.append(found)
            notes += _unanswered(task, language, run, found)
    if problems:
        raise DataError(list(dict.fromkeys(problems)))
    if missing:
        return LeftOut(task.name, language, f"no file {file_name} of {', '.join(missing)}")
    ids, statistics = aligned(scored)
    undefined = undefined_runs(task.form.metric, statistics, runs)
    if undefined:
        reason = f"nothing to count in gold and predictions of {', '.join(map(str, undefined))}"
        return LeftOut(task.name, language, reason)
    return PairedLanguage(task.name, language, task.category, task.form.metric, ids, statistics)


def aligned(scored: Sequence[ScoredFile]) -> tuple[tuple[str, ...], FloatArray]:
    """The ids of all runs, and the rows of each run in their order, ``[n_runs, n_examples, n_columns]``.

    A run has no row for a sentence that neither it nor the gold pairs with another (BUCC); such a row is all
    zeros, which changes no sum.
    """
    ids = tuple(dict.fromkeys(name for file in scored for name in file.ids))
    place_of = {name: place for place, name in enumerate(ids)}
    statistics = np.zeros((len(scored), len(ids), scored[0].statistics.shape[1]))
    for rows, file in zip(statistics, scored, strict=True):
        rows[[place_of[name] for name in file.ids]] = file.statistics
    return ids, statistics


def _unanswered(task: BenchmarkTask, language: str, run: SystemRun, scored: ScoredFile) -> Iterator[str]:
    if scored.n_unanswered:
        count = f"{scored.n_unanswered} of {len(scored.statistics)} queries"
        yield f"{task.name}/{language}: {run}: {count} have no ranking and count as 0"
