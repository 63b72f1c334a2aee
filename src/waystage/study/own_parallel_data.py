"""Mistakes in the parallel corpora that a study file declares."""

from __future__ import annotations

from collections.abc import Iterator

from waystage.data.readers.formats import FORMATS
from waystage.study.mistakes import listed
from waystage.study.own_data import IsWrong, Tree
from waystage.study.own_sources import format_name
from waystage.study.positions import FieldPath, Finding


def parallel_languages(declared: Tree) -> tuple[str, ...] | None:
    """The languages of a declared parallel corpus; None where its declaration leaves them open."""
    texts = declared.get("texts")
    if not texts or not all(texts):
        return None
    of_texts = [text.get("files") or text.get("columns") for text in texts]
    return tuple(sorted({language for of_text in of_texts for language in of_text})) if all(of_texts) else None


def own_parallel_findings(path: FieldPath, declared: Tree, is_wrong: IsWrong) -> Iterator[Finding]:
    """Mistakes of meaning in the declaration of a parallel corpus (pruned of mistakes of form)."""
    for index, text in enumerate(declared.get("texts") or []):
        if text is not None:
            yield from _text((*path, "texts", index), text, is_wrong)


def _text(path: FieldPath, text: Tree, is_wrong: IsWrong) -> Iterator[Finding]:
    given = [key for key in ("files", "file") if text.get(key) is not None]
    if len(given) == 2:
        yield Finding((*path, "file"), "both 'files' and 'file'", "exactly one of files, file", at_key=True)
        return
    if not given:
        if not is_wrong(path):
            yield Finding(path, "neither 'files' nor 'file'", "exactly one of files, file")
        return
    if given == ["files"]:
        for key in ("columns", "format"):
            if text.get(key) is not None:
                yield Finding((*path, key), f"'{key}' of text files", "no such key, or a table as 'file'", at_key=True)
    else:
        yield from _table(path, text, is_wrong)
    pivot, languages = text.get("pivot"), list(text.get("files") or text.get("columns") or ())
    if pivot is not None and languages and pivot not in languages:
        yield Finding((*path, "pivot"), f"the language '{pivot}'", f"one of {listed(languages)}")


def _table(path: FieldPath, text: Tree, is_wrong: IsWrong) -> Iterator[Finding]:
    if text.get("columns") is None and not is_wrong((*path, "columns")):
        yield Finding((*path, "file"), "a table without 'columns'", "the column of each language")
    told = text.get("format") or format_name(text["file"])
    if told is None and not is_wrong((*path, "format")):
        endings = listed([f".{name}" for name in FORMATS])
        found = f"the ending of '{text['file']}' tells no format"
        yield Finding((*path, "file"), found, f"'format', or a file that ends in one of {endings}")
