"""Parallel sentences from the message catalogues of Django, aligned by message.

The catalogues are read in their compiled form (.mo), which holds neither fuzzy nor untranslated entries;
plural entries are skipped. A message takes part in retrieval where every language translates it: so all
languages have the same sentences, under the same ids.

Reference: https://github.com/django/django (BSD-3-Clause); format: GNU gettext manual, section 10.3, "The
    Format of
GNU MO Files".
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from waystage.data.examples import Example, ParallelExample
from waystage.data.source import Place, Split
from waystage.data.sources.packages import package_dir
from waystage.errors import DataError

DISTRIBUTION = "Django"
PINNED_VERSION = "5.2.19"
LOCALES = {"zh": "zh_Hans"}

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|%%|\{\w*\}|<[^>]+>|&\w+;")
_MO_MAGIC = 0x950412DE
_CONTEXT_SEPARATOR = "\x04"
_PLURAL_SEPARATOR = "\x00"


@dataclass(frozen=True, slots=True)
class DjangoMessages:
    """English messages and their translations; a test split only.

    Attributes:
        languages: the languages that must all translate a message.
        min_words: fewest words of an English message.
        min_characters: fewest characters of an English message.
    """

    languages: tuple[str, ...]
    min_words: int = 2
    min_characters: int = 15
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The catalogues of all languages, since together they decide which messages take part."""
        return [path for each in self.languages for path in catalogue_paths(each)]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """The messages, in order of their ids."""
        if split != "test" or language not in self.languages:
            raise DataError(f"Django's messages have a test split only, in {', '.join(self.languages)}")
        translations = catalogue(language)
        examples = [
            ParallelExample(_message_id(key), english(key), translations[key].strip()) for key in shared_messages(self)
        ]
        return sorted(examples, key=lambda example: example.id)


# The 23 languages for which enough of Django is translated.
RETRIEVAL = DjangoMessages(
    languages=(
        "af", "ar", "az", "bg", "de", "el", "es", "et", "fa", "fi", "fr", "he",
        "hu", "id", "it", "ja", "ko", "ms", "nl", "pl", "ru", "tr", "zh",
    )
)  # fmt: skip


def english(key: str) -> str:
    """The English text of a message: its key without the context that may stand before it."""
    return key.rpartition(_CONTEXT_SEPARATOR)[2].strip()


@lru_cache(maxsize=4)
def shared_messages(source: DjangoMessages) -> tuple[str, ...]:
    """Keys of the messages that every language translates, each with a text of its own."""
    catalogues = [catalogue(language) for language in source.languages]
    keys = set(catalogues[0]).intersection(*catalogues[1:])
    n_with_text = Counter(english(key) for key in keys)
    keys = {
        key
        for key in keys
        if n_with_text[english(key)] == 1
        and len(english(key)) >= source.min_characters
        and len(english(key).split()) >= source.min_words
    }
    for translations in catalogues:
        keys -= _unusable(translations, keys)
    return tuple(sorted(keys))


def _unusable(translations: Mapping[str, str], keys: set[str]) -> set[str]:
    """Messages left in English, with a placeholder, or with the same translation as another."""
    n_with_translation = Counter(translations[key].strip() for key in keys)
    return {
        key
        for key in keys
        if translations[key].strip() == english(key)
        or n_with_translation[translations[key].strip()] > 1
        or PLACEHOLDER.search(english(key))
        or PLACEHOLDER.search(translations[key])
    }


@lru_cache(maxsize=128)
def catalogue_paths(language: str) -> tuple[Path, ...]:
    """All compiled catalogues of a language, sorted; DataError where Django has none."""
    root = package_dir(DISTRIBUTION, PINNED_VERSION, "django")
    locale = LOCALES.get(language, language)
    folders = [root / "conf", *sorted(path for path in (root / "contrib").iterdir() if path.is_dir())]
    paths = [folder / "locale" / locale / "LC_MESSAGES" / "django.mo" for folder in folders]
    found = tuple(path for path in paths if path.is_file())
    if not found:
        raise DataError(f"Django {PINNED_VERSION} has no messages in '{language}'")
    return found


@lru_cache(maxsize=128)
def catalogue(language: str) -> Mapping[str, str]:
    """Translations by message key (context and English text), no plurals; the first file wins."""
    messages: dict[str, str] = {}
    for path in catalogue_paths(language):
        for key, translation in _read_mo(path).items():
            messages.setdefault(key, translation)
    return messages


def _read_mo(path: Path) -> dict[str, str]:
    content = path.read_bytes()
    try:
        magic, _revision, n_messages, keys_at, values_at = struct.unpack_from("<5I", content)
        if magic != _MO_MAGIC:
            raise DataError(f"{path} is not a little-endian catalogue of GNU gettext")
        keys = [_mo_text(content, keys_at + 8 * i) for i in range(n_messages)]
        values = [_mo_text(content, values_at + 8 * i) for i in range(n_messages)]
    except (struct.error, UnicodeDecodeError) as error:
        raise DataError(f"{path} is damaged ({error}): reinstall Django") from error
    return {key: value for key, value in zip(keys, values, strict=True) if key and _PLURAL_SEPARATOR not in key}


def _mo_text(content: bytes, entry_at: int) -> str:
    length, start = struct.unpack_from("<2I", content, entry_at)
    return content[start : start + length].decode("utf-8")


def _message_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
