"""Sources of the tasks and corpora that a study file declares for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from waystage.data.corpus import CorpusSource
from waystage.data.readers.columns import (
    ChoiceColumns,
    Columns,
    ParallelColumns,
    QuestionColumns,
    TaggedColumns,
    TextColumns,
)
from waystage.data.readers.formats import FORMATS
from waystage.data.readers.rows import Format
from waystage.data.source import Source, Split
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub import HubCorpus, HubSource
from waystage.data.sources.text_files import TextFilesCorpus
from waystage.study.forms.own_corpora import OwnCorpusForm
from waystage.study.forms.own_tasks import OwnTaskForm
from waystage.study.forms.sources import SplitFilesForm
from waystage.tasks.kinds import (
    EXTRACTIVE_QA,
    EXTRACTIVE_QA_OR_NONE,
    MULTIPLE_CHOICE,
    PAIR_CLASSIFICATION,
    SENTENCE_CLASSIFICATION,
    SENTENCE_RETRIEVAL,
    TAGGING,
)


def task_source(form: OwnTaskForm) -> Source:
    """The source of a declared task, whose mistakes were all reported before."""
    labels = tuple(getattr(form, "labels", ()))
    files = form.hub.files if form.hub else form.files or SplitFilesForm()
    paths = _paths(files)
    format_ = _format(form.format, [path for _, path in paths])
    columns = _COLUMNS[form.kind](form.columns.model_dump())
    if form.hub:
        return HubSource(form.hub.dataset, form.hub.revision, paths, format_, columns, labels)
    return FileSource(paths, format_, columns, labels)


def corpus_source(form: OwnCorpusForm) -> CorpusSource:
    """The source of a declared corpus, whose mistakes were all reported before."""
    if form.hub:
        table = FORMATS[form.hub.format] if form.hub.format else None
        return HubCorpus(form.hub.dataset, form.hub.revision, form.hub.path, table, form.hub.column)
    paths = {language: (given,) if isinstance(given, str) else given for language, given in (form.files or {}).items()}
    told = (format_name(path) for given in paths.values() for path in given)
    name: str | None = form.format or next((found for found in told if found), None)
    listed = tuple((language, tuple(given)) for language, given in paths.items())
    return TextFilesCorpus(listed, FORMATS[name] if name else None, form.column)


def corpus_languages(form: OwnCorpusForm) -> tuple[str, ...]:
    """The languages of a declared corpus."""
    return tuple(form.hub.languages) if form.hub else tuple(form.files or ())


def format_name(path: str) -> str | None:
    """The format that a path's ending tells; None where it tells none.

    >>> format_name("data/train-{lang}.TSV"), format_name("train.txt")
    ('tsv', None)
    """
    name = PurePosixPath(path).suffix.lower().removeprefix(".")
    return name if name in FORMATS else None


def is_own(source: Source | CorpusSource) -> bool:
    """Whether a source reads files that a user wrote, which are read before a study starts."""
    return isinstance(source, TextFilesCorpus) or (isinstance(source, FileSource) and not source.is_published)


def _paths(files: SplitFilesForm) -> tuple[tuple[Split, str], ...]:
    given: tuple[tuple[Split, str | None], ...] = (
        ("train", files.train),
        ("validation", files.validation),
        ("test", files.test),
    )
    return tuple((split, path) for split, path in given if path is not None)


def _format(name: str | None, paths: list[str]) -> Format:
    told = name or next((found for path in paths if (found := format_name(path))), "jsonl")
    return FORMATS[told]


def _choice_columns(names: Mapping[str, Any]) -> Columns:
    choices = names["choices"]
    return ChoiceColumns(**{**names, "choices": (choices,) if isinstance(choices, str) else tuple(choices)})


# How the names of columns in a study file become columns, by the name of the kind.
_COLUMNS: dict[str, Callable[[Mapping[str, Any]], Columns]] = {
    SENTENCE_CLASSIFICATION.name: lambda names: TextColumns(**names),
    PAIR_CLASSIFICATION.name: lambda names: TextColumns(**names),
    TAGGING.name: lambda names: TaggedColumns(**names),
    MULTIPLE_CHOICE.name: _choice_columns,
    EXTRACTIVE_QA.name: lambda names: QuestionColumns(**names),
    EXTRACTIVE_QA_OR_NONE.name: lambda names: QuestionColumns(**names),
    SENTENCE_RETRIEVAL.name: lambda names: ParallelColumns(**names),
}
