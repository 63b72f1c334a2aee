"""Sources of the tasks and corpora that a study file declares for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from waystage.data.corpus import CorpusSource
from waystage.data.parallel import ParallelSource
from waystage.data.readers.columns import (
    CandidateColumns,
    ChoiceColumns,
    Columns,
    MatchColumns,
    ParallelColumns,
    QueryColumns,
    QuestionColumns,
    TaggedColumns,
    TextColumns,
)
from waystage.data.readers.formats import FORMATS
from waystage.data.readers.rows import Format
from waystage.data.source import PoolSource, Source, Split
from waystage.data.sources.aligned import AlignedColumns, AlignedFiles, AlignedTexts
from waystage.data.sources.divided import BySplit
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub import HubCorpus, HubSource
from waystage.data.sources.text_files import TextFilesCorpus
from waystage.study.forms.columns import DualColumnsForm
from waystage.study.forms.own_corpora import OwnCorpusForm
from waystage.study.forms.own_parallel import AlignedForm, OwnParallelForm
from waystage.study.forms.own_tasks import OwnTaskForm
from waystage.study.forms.sources import SplitFilesForm
from waystage.tasks.kinds import (
    EXTRACTIVE_QA,
    EXTRACTIVE_QA_OR_NONE,
    MULTIPLE_CHOICE,
    PAIR_CLASSIFICATION,
    SENTENCE_CLASSIFICATION,
    SENTENCE_MINING,
    SENTENCE_RETRIEVAL,
    TAGGING,
)


def task_source(form: OwnTaskForm) -> Source:
    """The source of a declared task, whose mistakes were all reported before."""
    files = form.hub.files if form.hub else form.files or SplitFilesForm()
    names = form.columns.model_dump()
    if not isinstance(form.columns, DualColumnsForm):
        return _source(form, _paths(files), _COLUMNS[form.kind](names))
    # Training files have the candidate itself, test files the ids of the right ones.
    matches = MatchColumns(names["query"], names["text"], names["context"])
    queries = QueryColumns(names["query"], names["answers"], names["id"])
    sources = ((path[0], _source(form, (path,), queries if path[0] == "test" else matches)) for path in _paths(files))
    return BySplit(tuple(sources))


def pool_source(form: OwnTaskForm) -> PoolSource | None:
    """The source of what a declared task searches; None where that is no data of its own."""
    files: SplitFilesForm | None = getattr(form, "candidates", None)
    if files is None:
        return None
    names = form.columns.model_dump()
    return _source(form, _paths(files), CandidateColumns(names["text"], names.get("context"), names["id"]))


def _source(form: OwnTaskForm, paths: tuple[tuple[Split, str], ...], columns: Columns) -> FileSource | HubSource:
    labels = tuple(getattr(form, "labels", ()))
    format_ = _format(form.format, [path for _, path in paths])
    if form.hub:
        return HubSource(form.hub.dataset, form.hub.revision, paths, format_, columns, labels)
    return FileSource(paths, format_, columns, labels)


def corpus_source(form: OwnCorpusForm) -> CorpusSource:
    """The source of a declared corpus, whose mistakes were all reported before."""
    skips = form.on_unreadable == "skip"
    if form.hub:
        table = FORMATS[form.hub.format] if form.hub.format else None
        names = (form.hub.path,) if isinstance(form.hub.path, str) else tuple(form.hub.path)
        return HubCorpus(form.hub.dataset, form.hub.revision, names, table, form.hub.column, skips)
    paths = {language: (given,) if isinstance(given, str) else given for language, given in (form.files or {}).items()}
    told = (format_name(path) for given in paths.values() for path in given)
    name: str | None = form.format or next((found for found in told if found), None)
    listed = tuple((language, tuple(given)) for language, given in paths.items())
    return TextFilesCorpus(listed, FORMATS[name] if name else None, form.column, skips)


def parallel_source(form: OwnParallelForm) -> AlignedTexts:
    """The source of a declared parallel corpus, whose mistakes were all reported before."""
    return AlignedTexts(tuple(map(_aligned, form.texts)))


def _aligned(form: AlignedForm) -> AlignedFiles | AlignedColumns:
    if form.files is not None:
        return AlignedFiles(tuple(form.files.items()), form.pivot)
    path = form.file or ""
    return AlignedColumns(path, _format(form.format, [path]), tuple((form.columns or {}).items()), form.pivot)


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


def declared_splits(source: Source) -> frozenset[str] | None:
    """The splits that files are declared for; None where only reading tells."""
    if isinstance(source, FileSource | HubSource):
        return frozenset(split for split, _ in source.paths)
    return frozenset(split for split, _ in source.sources) if isinstance(source, BySplit) else None


def is_own(source: Source | PoolSource | CorpusSource | ParallelSource) -> bool:
    """Whether a source reads files that a user wrote, which are read before a study starts."""
    if isinstance(source, BySplit):
        return all(is_own(part) for _, part in source.sources)
    if isinstance(source, FileSource):
        return not source.is_published
    return isinstance(source, TextFilesCorpus | AlignedTexts)


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
    SENTENCE_MINING.name: lambda names: QueryColumns(names["text"], names["answers"], names["id"]),
}
