"""Whether a study is tested on as many examples as were published: a file that was cut off at a line looks whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waystage.data.prepare import PreparedText
from waystage.study.study import Study
from waystage.tasks.task import Task


@dataclass(frozen=True, slots=True)
class OtherCount:
    """A test split that is read whole and has another number of examples than was published."""

    target: str
    language: str
    n_found: int
    n_expected: int

    def __str__(self) -> str:
        return f"{self.n_found:,} test examples in {self.language} instead of {self.n_expected:,}, as published"


def find_other_counts(study: Study, prepared: Callable[[str, str], PreparedText]) -> Iterator[OtherCount]:
    """Every such split; ``prepared`` gives what the plan has read by task and language.

    Cases of several questions are not counted here: their source gives as many as it should, or none.
    """
    for target in study.targets:
        task = target.task
        if not task.expected_counts or target.limits.test is not None or _counts_cases(task):
            continue
        for language in target.languages:
            expected = task.expected_counts.get(("test", language))
            n_found = prepared(task.name, language).n_items
            if expected is not None and n_found != expected:
                yield OtherCount(task.name, language, n_found, expected)


def _counts_cases(task: Task) -> bool:
    # Imported here because most plans have nothing to compare, and are to be there at once.
    from waystage.metrics.metric import CaseMetric
    from waystage.metrics.registry import make_metric

    return isinstance(make_metric(task.metric_name, task.labels), CaseMetric)
