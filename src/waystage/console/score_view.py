"""The scores of a submission for people."""

from __future__ import annotations

from statistics import fmean

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from waystage.benchmark.benchmarks import BenchmarkTask
from waystage.benchmark.submission import SubmissionScores

_ABSENT = "-"


def score_view(scores: SubmissionScores) -> RenderableType:
    """A line a task with its means over languages, categories, the overall score, and what is missing."""
    return Group(_table(scores), _overall(scores), *_missing(scores), *(Text(f"note: {note}") for note in scores.notes))


def _table(scores: SubmissionScores) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("category", "task", "languages", "means", "score"):
        table.add_column(heading, justify="right" if heading in {"languages", "score"} else "left")
    task_scores, category_scores = scores.tasks, scores.categories
    for category, tasks in scores.benchmark.categories.items():
        for task in tasks:
            n_scored = f"{len(scores.scores.get(task.name, {}))}/{len(task.languages)}"
            table.add_row(category, task.name, n_scored, _means(scores, task), _percent(task_scores[task.name]))
        table.add_row(category, Text("all", style="italic"), "", "", _percent(category_scores[category]))
        table.add_section()
    return table


def _means(scores: SubmissionScores, task: BenchmarkTask) -> str:
    """The mean of each measure, where every language has it."""
    languages = scores.scores.get(task.name, {})
    if len(languages) < len(task.languages):
        return ""
    names = [measure.name for measure in task.form.measures]
    return ", ".join(f"{name} {_percent(fmean(found[name] for found in languages.values()))}" for name in names)


def _overall(scores: SubmissionScores) -> Text:
    n_tasks = len(scores.benchmark.tasks)
    if scores.reason is None:
        return Text(f"overall, the mean of {n_tasks} tasks: {_percent(scores.overall)}", style="bold")
    return Text(f"no overall score: {scores.reason}", style="bold red")


def _missing(scores: SubmissionScores) -> list[Text]:
    """A line for each task and cause, with the languages."""
    languages: dict[tuple[str, str], list[str]] = {}
    for gap in scores.missing:
        languages.setdefault((gap.task, gap.cause), []).append(gap.language)
    return [Text(f"missing: {task}, {cause}: {' '.join(found)}") for (task, cause), found in languages.items()]


def _percent(fraction: float | None) -> str:
    return _ABSENT if fraction is None else f"{100 * fraction:.2f}"
