"""Error rates of behavioural tests in the terminal: languages by tests."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from waystage.comparison.checklist import ChecklistErrors
from waystage.languages.language import language_name
from waystage.report import wording

_ABSENT = "-"


def checklist_view(errors: ChecklistErrors) -> RenderableType:
    """A table a sequence: a row a language, a column a test, and the means of both."""
    return Group(*(_table(errors, sequence) for sequence in errors.sequences))


def _table(errors: ChecklistErrors, sequence: str) -> Table:
    counts = sorted({own.n_cases for own in errors.errors if own.sequence == sequence})
    cases = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    title = f"{sequence}: errors in percent of {cases} cases a test and language, mean over seeds"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(title), title_justify="left")
    table.add_column("language")
    for heading in (*errors.tests, "mean"):
        table.add_column(heading, justify="right", overflow="fold")
    means = errors.language_means(sequence)
    for language, rates in errors.rates(sequence).items():
        cells = (*(rates.get(test) for test in errors.tests), means[language])
        table.add_row(Text(f"{language_name(language)} ({language})"), *map(_percent, cells))
    table.add_section()
    table.add_row(Text("mean"), *map(_percent, errors.test_means(sequence).values()), "")
    return table


def _percent(fraction: float | None) -> str:
    return _ABSENT if fraction is None else wording.percent(fraction)
