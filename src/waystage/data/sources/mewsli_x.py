"""Mewsli-X: mentions of entities in news, and a million descriptions of entities as candidates.

The files are those that the authors' ``get-mewsli-x.sh`` makes (release 20220518), in the folder ``mewslix``:
``wikipedia_pairs-{train,dev}.jsonl``, ``wikinews_mentions-{dev,test}.jsonl`` and ``candidate_set_entities.jsonl``.
Texts are made from them as in XTREME-R's baseline, ``third_party/utils_mewslix.py`` of google-research/xtreme.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waystage.data.examples import Candidate, Example
from waystage.data.readers.columns import HALF_SURROGATE, MatchColumns, QueryColumns, examples_of, is_encodable
from waystage.data.readers.rows import JsonLines, Row
from waystage.data.source import Place, Split
from waystage.data.sources.files import published
from waystage.errors import DataError, Problem

_MARKED = re.compile(r"\{(.*?)\}")


@dataclass(frozen=True, slots=True)
class MewsliX:
    """Train and validation are pairs of English Wikipedia, test the mentions in a language's news."""

    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file of a split; DataError where it is missing."""
        name = {"train": "wikipedia_pairs-train", "validation": "wikipedia_pairs-dev", "test": "wikinews_mentions-test"}
        return [published(place, f"mewslix/{name[split]}.jsonl")]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Mentions, in file order."""
        path = self.files(split, language, place)[0]
        if split == "test":
            return examples_of(path, _mention_rows(path, language), QueryColumns("query", "entity_id", "id"), ())
        return examples_of(path, _pair_rows(path), MatchColumns("query", "text", id="id"), ())


@dataclass(frozen=True, slots=True)
class MewsliXEntities:
    """The entities that every mention is looked for among, whatever its language: descriptions in 50 languages."""

    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file; DataError where it is missing."""
        return [published(place, "mewslix/candidate_set_entities.jsonl")]

    def read(self, split: Split, language: str, place: Place) -> Iterator[Candidate]:
        """Entities, in file order."""
        path = self.files(split, language, place)[0]
        seen: set[str] = set()
        for row in JsonLines().rows(path, ()):
            entity = _Record(path, row.line, "the line", row.values)
            entity_id = entity.text("entity_id")
            if entity_id in seen:
                raise entity.error("entity_id", f"{entity_id[:80]!r} a second time", "an id that no line before has")
            seen.add(entity_id)
            yield Candidate(entity_id, _entity_text(entity), None)


@dataclass(frozen=True, slots=True)
class _Record:
    """A JSON object that has to have certain values; where it has not, the file, the line and the key are named."""

    path: Path
    line: int
    place: str
    values: Any

    def member(self, key: str) -> _Record:
        """The object under a key."""
        value = self.values.get(key) if isinstance(self.values, dict) else None
        if not isinstance(value, dict):
            raise self.error(key, "no object", "an object")
        return _Record(self.path, self.line, key, value)

    def members(self, key: str) -> list[_Record]:
        """The objects of a list under a key."""
        values = self.values.get(key) if isinstance(self.values, dict) else None
        if not isinstance(values, list):
            raise self.error(key, "no list", "a list of objects")
        return [_Record(self.path, self.line, key, value) for value in values]

    def text(self, key: str) -> str:
        """The text under a key, not blank."""
        value = self.values.get(key) if isinstance(self.values, dict) else None
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "no text", "text")
        if not is_encodable(value):
            raise self.error(key, HALF_SURROGATE, "text in Unicode")
        return value

    def span(self, text: str) -> tuple[int, int]:
        """Start and end of a stretch of ``text``."""
        start, end = (self.values.get(key) if isinstance(self.values, dict) else None for key in ("start", "end"))
        if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
            found = f"{start!r} to {end!r}, which is no stretch of {len(text)} characters"
            raise self.error("start", found, "a stretch of the text")
        return start, end

    def error(self, key: str, found: str, expected: str) -> DataError:
        """What is wrong under a key."""
        return DataError(Problem(self.path, self.line, f"{self.place}.{key}", found, expected))


def _mention_text(context: _Record, mention: _Record) -> str:
    """A mention in its sentence: ``"{mention}: {left context} { mention } {right context}"``."""
    text = context.text("text")
    place = mention.member("mention_span")
    start, end = place.span(text)
    if text[start:end] != place.text("text"):
        found = f"{place.text('text')[:80]!r} where the context has {text[start:end][:80]!r}"
        raise place.error("text", found, "what stands there")
    sentences = (sentence.span(text) for sentence in context.members("sentence_spans"))
    around = next(((first, stop) for first, stop in sentences if first <= start and end <= stop), None)
    if around is None:
        raise place.error("start", "a mention that is not inside one sentence", "a sentence around it")
    # Braces that the text itself has must not look like marks.
    left, right = (_MARKED.sub(r"(\1)", part) for part in (text[around[0] : start], text[end : around[1]]))
    name = text[start:end]
    return _one_line(f"{name}: {left} {{ {name} }} {right}")


def _entity_text(entity: _Record) -> str:
    """The sentences of an entity's description."""
    description = entity.text("description")
    spans = [sentence.span(description) for sentence in entity.members("sentence_spans")]
    text = _one_line(" ".join(description[start:end] for start, end in spans))
    if not text:
        raise entity.error("sentence_spans", "no sentence", "the sentences of the description")
    return text


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()).replace("  ", " ").strip()


def _mention_rows(path: Path, language: str) -> Iterator[Row]:
    for row in JsonLines().rows(path, ()):
        article = _Record(path, row.line, "the line", row.values)
        context = article.member("context")
        if context.text("language") == language:
            for mention in article.members("mentions"):
                yield _row(row.line, context, mention)


def _pair_rows(path: Path) -> Iterator[Row]:
    for row in JsonLines().rows(path, ()):
        pair = _Record(path, row.line, "the line", row.values)
        in_context = pair.member("contextual_mention")
        found = _row(row.line, in_context.member("context"), in_context.member("mention"))
        yield Row(row.line, {**found.values, "text": _entity_text(pair.member("entity"))})


def _row(line: int, context: _Record, mention: _Record) -> Row:
    values = {"id": mention.text("example_id"), "entity_id": [mention.text("entity_id")]}
    return Row(line, {**values, "query": _mention_text(context, mention)})
