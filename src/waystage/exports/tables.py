"""Scores and differences as CSV, one line a fact."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from waystage.comparison.results import Difference
from waystage.exports.folder import new_folder, write_text
from waystage.exports.run import FinishedRun, ScoreRow

SCORES, MEANS, DIFFERENCES = "scores.csv", "means.csv", "differences.csv"

_SCORE_COLUMNS = tuple(ScoreRow.__dataclass_fields__)
_MEAN_COLUMNS = ("sequence", "task", "metric", "score", "n_languages", "source_score", "n_seeds")
_DIFFERENCE_COLUMNS = (
    "sequence", "baseline", "task", "language", "scope", "difference", "low", "high", "confidence", "p", "p_adjusted",
    "standard_error", "conclusive", "note",
)  # fmt: skip


def write_tables(run: FinishedRun, target: Path, *, is_forced: bool = False) -> list[str]:
    """Write ``scores.csv``, ``means.csv`` and ``differences.csv``; fractions, in full; an unknown value is empty.

    Raises:
        StudyError: ``target`` is taken.
        StoreError: nothing can be written.
    """
    contents = {
        SCORES: _csv(_SCORE_COLUMNS, (list(asdict(row).values()) for row in run.scores)),
        MEANS: _csv(_MEAN_COLUMNS, _means(run)),
        DIFFERENCES: _csv(_DIFFERENCE_COLUMNS, _differences(run)),
    }
    with new_folder(target, {"format": "csv", "study": run.record.study_name}, is_forced=is_forced) as draft:
        for name, content in contents.items():
            write_text(draft / name, content)
    return list(contents)


def _means(run: FinishedRun) -> Iterator[list[object]]:
    """Means over target languages of each task, then over tasks (``task`` is empty)."""
    metrics = {protocol.task: protocol.metric for protocol in run.record.protocol}
    comparison = run.record.comparison
    for mean in (*comparison.task_scores, *comparison.overall_scores):
        metric = None if mean.task is None else metrics[mean.task]
        yield [mean.sequence, mean.task, metric, mean.score, mean.n_languages, mean.source_score, len(mean.seeds)]


def _differences(run: FinishedRun) -> Iterator[list[object]]:
    """To the baseline: means (``language`` is empty) and single languages; over all tasks, ``task`` is empty."""
    comparison = run.record.comparison
    for mean in (*comparison.task_scores, *comparison.overall_scores):
        for difference in (mean.difference, mean.general_difference):
            if difference is not None:
                yield _difference_row(run, mean.sequence, mean.task, None, difference)
    for own in comparison.language_scores:
        if own.difference is not None:
            yield _difference_row(run, own.sequence, own.task, own.language, own.difference)


def _difference_row(
    run: FinishedRun, sequence: str, task: str | None, language: str | None, difference: Difference
) -> list[object]:
    comparison = run.record.comparison
    place = [sequence, comparison.baseline, task, language, difference.scope]
    interval = [difference.value, difference.low, difference.high, comparison.confidence]
    tests = [difference.p, difference.p_adjusted, difference.standard_error]
    return [*place, *interval, *tests, "yes" if difference.conclusive else "no", difference.note]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if v is None else repr(v) if isinstance(v, float) else v for v in row] for row in rows)
    return text.getvalue()
