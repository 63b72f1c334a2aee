"""Mistakes in the tasks and corpora that a study file declares for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from waystage.data.readers.formats import FORMATS
from waystage.data.sources.files import LANGUAGE_MARK, SPLIT_MARK
from waystage.errors import nearest_name
from waystage.study.mistakes import listed
from waystage.study.own_sources import format_name
from waystage.study.positions import FieldPath, Finding
from waystage.study.registries import HUB_ID
from waystage.tasks.kinds import KINDS, TAGGING, Pool

Tree: TypeAlias = dict[str, Any]
IsWrong: TypeAlias = Callable[[FieldPath], bool]

_WORD_FORMATS = ("conll", "conllu", "ccg-auto")


def own_task_findings(path: FieldPath, declared: Tree, is_wrong: IsWrong) -> Iterator[Finding]:
    """Mistakes of meaning in the declaration of a task (pruned of mistakes of form)."""
    yield from _one_origin(path, declared, is_wrong)
    for key in ("labels", "languages"):
        yield from _listed_twice((*path, key), declared.get(key) or [])
    yield from _metric(path, declared)
    hub, files_path = declared.get("hub") or {}, (*path, "files")
    files = declared.get("files")
    if files is None:
        files, files_path = hub.get("files"), (*path, "hub", "files")
    yield from _hub_id((*path, "hub", "dataset"), hub.get("dataset"))
    yield from _candidates((*path, "candidates"), declared, is_wrong)
    if files is None:
        return
    if not files and not is_wrong(files_path):
        yield Finding(files_path, "no file", "a file for 'train', 'validation' or 'test'")
    formats: set[str] = set()
    for split, template in files.items():
        if template is None:
            continue
        yield from _template((*files_path, split), split, template, declared.get("languages") or [])
        told = declared.get("format") or format_name(template)
        if told is not None:
            formats.add(told)
        elif not is_wrong((*path, "format")):
            found = f"the ending of '{template}' tells no format"
            endings = listed([f".{name}" for name in FORMATS])
            yield Finding((*files_path, split), found, f"'format', or a file that ends in one of {endings}")
    if len(formats) > 1:
        yield Finding(
            files_path,
            f"files of the formats {listed(sorted(formats))}",
            "one format for all splits",
        )
    if formats & set(_WORD_FORMATS) and declared.get("kind") not in (None, TAGGING.name):
        found = f"a file of words and tags for a task of {declared['kind']}"
        yield Finding(files_path, found, "jsonl, csv, tsv or parquet")


def own_corpus_findings(path: FieldPath, declared: Tree, is_wrong: IsWrong) -> Iterator[Finding]:
    """Mistakes of meaning in the declaration of a corpus (pruned of mistakes of form)."""
    yield from _one_origin(path, declared, is_wrong)
    hub = declared.get("hub") or {}
    yield from _hub_id((*path, "hub", "dataset"), hub.get("dataset"))
    yield from _listed_twice((*path, "hub", "languages"), hub.get("languages") or [])
    yield from _one_corpus_format(path, declared)


def _one_corpus_format(path: FieldPath, declared: Tree) -> Iterator[Finding]:
    if declared.get("format") is not None:
        return
    given = [files for files in (declared.get("files") or {}).values() if files is not None]
    names = [name for files in given for name in (files if isinstance(files, list) else [files]) if name is not None]
    formats = sorted({format_name(name) or "text" for name in names})
    if len(formats) > 1:
        yield Finding((*path, "files"), f"files of the formats {listed(formats)}", "one format for all languages")


def _one_origin(path: FieldPath, declared: Tree, is_wrong: IsWrong) -> Iterator[Finding]:
    given = [key for key in ("files", "hub") if declared.get(key) is not None]
    if len(given) == 2:
        yield Finding((*path, "hub"), "both 'files' and 'hub'", "exactly one of files, hub", at_key=True)
    is_unknown = not declared or is_wrong((*path, "files")) or is_wrong((*path, "hub"))
    if not given and not is_unknown:
        yield Finding(path, "neither 'files' nor 'hub'", "exactly one of files, hub", at_key=True)


def _listed_twice(path: FieldPath, values: list[str | None]) -> Iterator[Finding]:
    for index, value in enumerate(values):
        if value is not None and value in values[:index]:
            yield Finding((*path, index), f"'{value}' is listed twice", "each once")


def _metric(path: FieldPath, declared: Tree) -> Iterator[Finding]:
    kind, metric = KINDS.get(declared.get("kind") or ""), declared.get("metric")
    if kind and metric is not None and metric not in kind.metric_names:
        found = f"unknown metric '{metric}' for {kind.name}"
        expected = f"one of {listed(kind.metric_names)}"
        yield Finding((*path, "metric"), found, expected, nearest_name(metric, kind.metric_names))


def _candidates(path: FieldPath, declared: Tree, is_wrong: IsWrong) -> Iterator[Finding]:
    """Mistakes in the files of what a task of retrieval searches."""
    kind, files = KINDS.get(declared.get("kind") or ""), declared.get("candidates")
    if kind is None or kind.pool is None or files is None or is_wrong(path):
        return
    needed = ("validation", "test") if kind.fits_threshold else ("test",)
    for split, template in files.items():
        if template is not None and split not in needed:
            found = f"candidates of the {split} split for a task of {kind.name}"
            yield Finding((*path, split), found, f"candidates for {listed(needed)}", at_key=True)
        elif template is not None and kind.pool is Pool.COMMON and LANGUAGE_MARK in template:
            found = f"{LANGUAGE_MARK} in '{template}', where all languages search the same candidates"
            yield Finding((*path, split), found, "one file")
        elif template is not None:
            # Where each language has a pool, all may still search the same English sentences: one file is sound.
            is_joined = kind.pool is Pool.JOINED
            yield from _template((*path, split), split, template, declared.get("languages") or [] if is_joined else [])
    for split in needed:
        if files.get(split) is None:
            yield Finding(path, f"no file of candidates for the {split} split", f"candidates.{split}")


def _hub_id(path: FieldPath, dataset: str | None) -> Iterator[Finding]:
    if dataset is not None and not HUB_ID.fullmatch(dataset):
        yield Finding(path, f"'{dataset}' is not the id of a dataset", "organisation/name")


def _template(path: FieldPath, split: str, template: str, languages: list[str | None]) -> Iterator[Finding]:
    rest = template.replace(LANGUAGE_MARK, "").replace(SPLIT_MARK, "")
    if "{" in rest or "}" in rest:
        found = f"'{template}' has a brace that is not part of {LANGUAGE_MARK} or {SPLIT_MARK}"
        yield Finding(path, found, f"only {LANGUAGE_MARK} and {SPLIT_MARK}")
    elif split == "test" and len(languages) > 1 and LANGUAGE_MARK not in template:
        found = f"one test file '{template}' for {len(languages)} languages"
        yield Finding(path, found, f"{LANGUAGE_MARK} where the language code stands")
