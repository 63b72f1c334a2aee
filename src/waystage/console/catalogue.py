"""What a study can name, as tables."""

from __future__ import annotations

from rich import box
from rich.table import Table

from waystage.data.corpora import installed_corpora
from waystage.encoders.registry import ENCODERS
from waystage.tasks.registry import installed_tasks


def catalogue(what: str) -> Table:
    """A table of ``tasks``, ``corpora`` or ``encoders``."""
    return _TABLES[what]()


def _tasks() -> Table:
    table, tasks = _table("task", "kind", "languages", "metric", "from", "licence", "description"), installed_tasks()
    for task in tasks.values():
        names = (task.name, task.kind.name, str(len(task.languages)), task.metric_name, tasks.origin(task.name))
        table.add_row(*names, task.licence, task.description)
    return table


def _corpora() -> Table:
    table, corpora = _table("corpus", "languages", "from", "licence", "description"), installed_corpora()
    for corpus in corpora.values():
        names = (corpus.name, str(len(corpus.languages)), corpora.origin(corpus.name))
        table.add_row(*names, corpus.licence, corpus.description)
    return table


def _encoders() -> Table:
    table = _table("encoder", "from", "layers", "licence", "description")
    for info in ENCODERS.values():
        table.add_row(info.name, info.address, str(info.n_layers), info.licence, info.description)
    return table


def _table(*headings: str) -> Table:
    """Names whole, one line each; licence and description are cut to what is left of the line."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    for heading in headings[:-1]:
        table.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=20 if heading == "licence" else None)
    table.add_column(headings[-1], no_wrap=True, overflow="ellipsis", ratio=1)
    return table


_TABLES = {"tasks": _tasks, "corpora": _corpora, "encoders": _encoders}
