"""BUCC 2018 as XTREME lays it out: sentences of a language, sentences of English, and which are translations.

``bucc2018/{lang}-en.{dev,test}.{lang}`` and ``….en`` have ``id<TAB>sentence`` a line, ``….gold`` has
``id<TAB>english id``. The gold of the test split is withheld where there is no such file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from waystage.data.examples import Example, QueryExample
from waystage.data.readers.columns import MAX_PROBLEMS, CandidateColumns, QueryColumns, examples_of
from waystage.data.readers.rows import Delimited, Row
from waystage.data.source import Place, Split
from waystage.data.sources.files import published
from waystage.errors import DataError, Problem
from waystage.store.canonical import digest_bytes

_SENTENCES = Delimited("\t", is_quoted=False, names=("id", "text"))
_PAIRS = Delimited("\t", is_quoted=False, names=("source", "english"))


@dataclass(frozen=True, slots=True)
class Bucc:
    """The sentences of a language, each with the ids of its translations (most have none).

    Attributes:
        is_halved: the development files give two splits, for folders without test files or without their gold:
            validation is one half of them and test the other. A sentence belongs to the half that the digest of its id
            tells, and translations stay together.
    """

    is_halved: bool = False
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """Sentences, English sentences, and the gold where it is there; DataError that names what is missing."""
        stem = f"bucc2018/{language}-en.{_part(split, self.is_halved)}"
        paths = [published(place, f"{stem}.{language}"), published(place, f"{stem}.en")]
        gold = paths[0].with_suffix(".gold")
        return [*paths, gold] if gold.is_file() else paths

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Sentences, in file order."""
        path, english, *gold = self.files(split, language, place)
        rows = list(_SENTENCES.rows(path, ()))
        if not gold:
            withheld = (Row(row.line, {**row.values, "answers": None}) for row in rows)
            return examples_of(path, withheld, QueryColumns("text", id="id"), ())
        known = {row.values["id"] for row in rows}, {row.values["id"] for row in _SENTENCES.rows(english, ())}
        answers = _read_gold(gold[0], *known)
        with_gold = (Row(row.line, {**row.values, "answers": answers.get(row.values["id"], [])}) for row in rows)
        examples = examples_of(path, with_gold, QueryColumns("text", id="id"), ())
        return _half(examples, split) if self.is_halved else examples


@dataclass(frozen=True, slots=True)
class BuccEnglish:
    """The English sentences that a split of :class:`Bucc` is searched for translations."""

    is_halved: bool = False
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file; DataError where it is missing."""
        return [published(place, f"bucc2018/{language}-en.{_part(split, self.is_halved)}.en")]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Sentences, in file order."""
        path = self.files(split, language, place)[0]
        candidates = examples_of(path, _SENTENCES.rows(path, ()), CandidateColumns("text"), ())
        return [c for c in candidates if _split_of(c.id) == split] if self.is_halved else candidates


def _part(split: Split, is_halved: bool) -> str:
    if split == "train":
        raise DataError("BUCC has no train split")
    return "test" if split == "test" and not is_halved else "dev"


def _split_of(sentence_id: str) -> Split:
    return "validation" if int(digest_bytes(sentence_id.encode("utf-8"))[:8], 16) % 2 == 0 else "test"


def _half(examples: Sequence[Example], split: Split) -> list[Example]:
    """The examples of a split: where their (first) translation belongs, or else where their own id does."""
    chosen: list[Example] = []
    for example in examples:
        if not isinstance(example, QueryExample):
            continue
        answers = example.answers or ()
        if _split_of(answers[0] if answers else example.id) == split:
            chosen.append(replace(example, answers=tuple(answer for answer in answers if _split_of(answer) == split)))
    return chosen


def _read_gold(path: Path, sources: set[str], english: set[str]) -> dict[str, list[str]]:
    """English ids by source id.

    Raises:
        DataError: up to 20 lines whose ids are not those of sentences, or pairs that stand twice.
    """
    answers: dict[str, list[str]] = {}
    problems: list[Problem] = []
    for row in _PAIRS.rows(path, ()):
        pair = row.values["source"], row.values["english"]
        for key, name, known in (("source", pair[0], sources), ("english", pair[1], english)):
            if name not in known:
                problems.append(Problem(path, row.line, key, f"the id '{name[:80]}' of no sentence", "a sentence's id"))
        if pair[1] in answers.get(pair[0], ()):
            problems.append(Problem(path, row.line, None, "a pair that stands before", "each pair once"))
        answers.setdefault(pair[0], []).append(pair[1])
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        raise DataError(problems)
    return answers
