"""Intents and slots of commands to a smart home, from the templates of home-assistant-intents.

Templates, not sentences, are split: in English no template serves two of train, validation and test. The
other languages have a test split only, which draws on all their templates. A template with a slot that the
package has no values for (names of rooms and devices, free text) is left out, since its values would have to
be invented.

Reference: https://github.com/home-assistant/intents (Apache-2.0).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from waystage.data.examples import Example, TaggedExample, TextExample
from waystage.data.source import Place, Split
from waystage.data.sources.packages import existing_file, package_dir
from waystage.errors import DataError

if TYPE_CHECKING:
    from waystage.data.sources.templates import Piece, Template

DISTRIBUTION = "home-assistant-intents"
PINNED_VERSION = "2026.10.27"
PARSER = "hassil"
PINNED_PARSER_VERSION = "3.12.1"
FILE_NAMES = {"zh": "zh-CN"}
SOURCE_LANGUAGE = "en"
_SPLIT_ORDER: tuple[Split, ...] = ("train", "validation", "test")
TEST_SHARE = 0.15
VALIDATION_SHARE = 0.1

_UNSPACED_LANGUAGES = frozenset({"th", "zh"})
# A run of Latin letters or of digits, or one character with the Thai vowel and tone marks that sit on it.
_UNSPACED_WORD = re.compile(r"[A-Za-z]+|\d+|[^\s][\u0e31\u0e33-\u0e3a\u0e47-\u0e4e]*")

Drawn: TypeAlias = "tuple[Template, int, tuple[Piece, ...]]"


@dataclass(frozen=True, slots=True)
class HomeAssistantIntents:
    """Sentences labelled with an intent.

    Attributes:
        intents: pairs of a label and the package's intents that it stands for.
        n_train: most English training sentences.
        n_test: most sentences in the validation or test split of a language.
    """

    intents: tuple[tuple[str, tuple[str, ...]], ...]
    n_train: int
    n_test: int
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The package's file of the language; DataError without the package at its version."""
        return [_language_file(language)]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Sentences, the labels taking turns."""
        _check_split(split, language)
        label_of = {intent: label for label, intents in self.intents for intent in intents}
        templates = _closed_templates(_language_file(language), label_of)
        drawn = _drawn_split(templates, split, language, _limit(self.n_train, self.n_test))
        return [
            TextExample(_example_id(template, i), _text(pieces), None, template.label) for template, i, pieces in drawn
        ]


@dataclass(frozen=True, slots=True)
class HomeAssistantSlots:
    """Sentences whose words are tagged with the slot that they fill, in BIO form.

    A word never straddles a slot's edge: in ``77%`` the number and the sign are two words. Languages that are
    written without spaces have one word a character, as in XTREME's WikiANN (runs of digits or Latin letters
    stay whole).

    Attributes:
        slots: names of the slots; a template that can fill any other slot is left out.
        n_train: most English training sentences.
        n_test: most sentences in the validation or test split of a language.
    """

    slots: tuple[str, ...]
    n_train: int
    n_test: int
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The package's file of the language; DataError without the package at its version."""
        return [_language_file(language)]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Sentences, the intents taking turns."""
        _check_split(split, language)
        known = frozenset(self.slots)
        templates = [
            template
            for template in _closed_templates(_language_file(language), None)
            if template.slots and template.slots <= known
        ]
        drawn = _drawn_split(templates, split, language, _limit(self.n_train, self.n_test))
        examples: list[Example] = []
        for template, i, pieces in drawn:
            words, tags = _tagged_words(pieces, unspaced=language in _UNSPACED_LANGUAGES)
            examples.append(TaggedExample(_example_id(template, i), words, tags))
        return examples


def _language_file(language: str) -> Path:
    package_dir(PARSER, PINNED_PARSER_VERSION, "hassil")
    package = package_dir(DISTRIBUTION, PINNED_VERSION, "home_assistant_intents")
    return existing_file(package / "data" / f"{FILE_NAMES.get(language, language)}.json", DISTRIBUTION)


def _check_split(split: Split, language: str) -> None:
    if split != "test" and language != SOURCE_LANGUAGE:
        raise DataError(f"{DISTRIBUTION} is split for testing only in '{language}': {split} is English")


def _limit(n_train: int, n_test: int) -> dict[Split, int]:
    return {"train": n_train, "validation": n_test, "test": n_test}


def _example_id(template: Template, index: int) -> str:
    return f"{template.digest[:16]}-{index}"


def _closed_templates(path: Path, label_of: dict[str, str] | None) -> list[Template]:
    """Templates whose slots all have values, once each; of all intents where ``label_of`` is None."""
    from waystage.data.sources.templates import Grammar, Template

    content = json.loads(path.read_text(encoding="utf-8"))
    grammar = Grammar(content["expansion_rules"], content["lists"])
    templates: dict[tuple[str, str], Template] = {}
    for intent, body in content["intents"].items():
        label = intent if label_of is None else label_of.get(intent)
        if label is None:
            continue
        for text in chain.from_iterable(block["sentences"] for block in body["data"]):
            template = Template(label, text, grammar)
            if template.is_closed:
                templates.setdefault((label, text), template)
    return sorted(templates.values(), key=lambda template: template.digest)


def _drawn_split(templates: list[Template], split: Split, language: str, limits: dict[Split, int]) -> list[Drawn]:
    """The sentences of one split: none that stands under two labels, and none that an earlier split has."""
    parts: dict[Split, list[Template]] = (
        _split_templates(templates) if language == SOURCE_LANGUAGE else {"test": templates}
    )
    drawn = {name: _drawn(parts[name], limits[name]) for name in parts}
    left_out = _ambiguous(chain.from_iterable(drawn.values()))
    for name in _SPLIT_ORDER:
        if name == split:
            break
        left_out |= {_key(item) for item in drawn.get(name, ())}
    return [item for item in drawn[split] if _key(item) not in left_out]


def _split_templates(templates: list[Template]) -> dict[Split, list[Template]]:
    """Each label's templates divided in order of their digests; a label with few only trains on them."""
    splits: dict[Split, list[Template]] = {"train": [], "validation": [], "test": []}
    for same_label in _by_label(templates):
        n_test = _n_held_out(len(same_label), TEST_SHARE, n_needed=3)
        n_validation = _n_held_out(len(same_label), VALIDATION_SHARE, n_needed=4)
        splits["test"] += same_label[:n_test]
        splits["validation"] += same_label[n_test : n_test + n_validation]
        splits["train"] += same_label[n_test + n_validation :]
    return splits


def _n_held_out(n_templates: int, share: float, n_needed: int) -> int:
    return max(1, round(share * n_templates)) if n_templates >= n_needed else 0


def _by_label(templates: Iterable[Template]) -> list[list[Template]]:
    groups: dict[str, list[Template]] = {}
    for template in templates:
        groups.setdefault(template.label, []).append(template)
    return [groups[label] for label in sorted(groups)]


def _drawn(templates: list[Template], limit: int) -> list[Drawn]:
    """At most ``limit`` different sentences; labels take turns, and within a label its templates do."""
    labels = [_in_turn([_numbered(template) for template in group]) for group in _by_label(templates)]
    chosen: dict[tuple[str, str], Drawn] = {}
    for item in _in_turn(labels):
        if len(chosen) == limit:
            break
        chosen.setdefault((item[0].label, _key(item)), item)
    return list(chosen.values())


def _numbered(template: Template) -> Iterator[Drawn]:
    return ((template, i, pieces) for i, pieces in enumerate(template.sentences()))


def _in_turn(sequences: Sequence[Iterator[Drawn]]) -> Iterator[Drawn]:
    """One item of each in turn, until all have ended."""
    waiting = list(sequences)
    while waiting:
        still_waiting = []
        for sequence in waiting:
            item = next(sequence, None)
            if item is not None:
                still_waiting.append(sequence)
                yield item
        waiting = still_waiting


def _ambiguous(drawn: Iterable[Drawn]) -> set[str]:
    """The sentences that stand under two labels: which one is meant could only be guessed."""
    label_of: dict[str, str] = {}
    return {key for item in drawn if label_of.setdefault(key := _key(item), item[0].label) != item[0].label}


def _key(item: Drawn) -> str:
    return _text(item[2]).casefold()


def _text(pieces: tuple[Piece, ...]) -> str:
    from waystage.data.sources.templates import sentence_text

    return sentence_text(pieces)


def _tagged_words(pieces: tuple[Piece, ...], *, unspaced: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words and BIO tags of a sentence.

    >>> _tagged_words((("set to ", None), ("77", "level"), ("%", None)), unspaced=False)
    (('set', 'to', '77', '%'), ('O', 'O', 'B-level', 'O'))
    """
    words: list[str] = []
    tags: list[str] = []
    for text, slot in pieces:
        new_words = _UNSPACED_WORD.findall(text) if unspaced else text.split()
        words += new_words
        tags += ["O"] * len(new_words) if slot is None else [f"B-{slot}", *[f"I-{slot}"] * (len(new_words) - 1)]
    return tuple(words), tuple(tags)
