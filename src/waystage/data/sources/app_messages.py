"""Raw text of installed packages: messages of Django, the Universal Declaration of Human Rights.

Nothing that a task of Waystage tests on is in it: the messages used for retrieval are left out, in English
and in the translations, and so is every message with the same text. Home-assistant sentences are left out
altogether.

References: https://github.com/django/django (BSD-3-Clause), https://github.com/googlefonts/lang (Apache-2.0).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from waystage.data.source import Place
from waystage.data.sources.django_messages import (
    DISTRIBUTION,
    PINNED_VERSION,
    PLACEHOLDER,
    DjangoMessages,
    catalogue,
    catalogue_paths,
    english,
    shared_messages,
)
from waystage.data.sources.packages import existing_file, package_dir
from waystage.errors import DataError

SAMPLES_DISTRIBUTION = "gflanguages"
SAMPLES_VERSION = "0.7.11"
# The file of a language in the script that it is mostly written in; the other languages have one file only.
SAMPLE_FILES = {
    "ar": "ar_Arab", "az": "az_Latn", "bn": "bn_Beng", "de": "de_Latn", "en": "en_Latn", "fr": "fr_Latn",
    "hi": "hi_Deva", "id": "id_Latn", "ja": "ja_Jpan", "jv": "jv_Latn", "ka": "ka_Geor", "kk": "kk_Cyrl",
    "mr": "mr_Deva", "pa": "pa_Guru", "ro": "ro_Latn", "tl": "fil_Latn", "tr": "tr_Latn", "vi": "vi_Latn",
    "wo": "wo_Latn", "yo": "yo_Latn", "zh": "zh_Hans",
}  # fmt: skip
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class AppMessages:
    """The raw text.

    Attributes:
        held_out: the retrieval task whose messages must not be read.
        min_characters: fewest characters of a document.
    """

    held_out: DjangoMessages
    min_characters: int = 5
    version: int = 1

    def files(self, language: str, place: Place) -> Sequence[Path]:
        """The files of the language, and the catalogues that decide which messages are held out."""
        own = [*_catalogue_paths(language), *_sample_paths(language)]
        if not own:
            raise DataError(f"no installed package has raw text in '{language}'")
        held_out = self.held_out.files("test", self.held_out.languages[0], place)
        return list(dict.fromkeys([*own, *held_out]))

    def read(self, language: str, place: Place) -> Iterator[str]:
        """Messages in order of their keys, then excerpts; no document twice."""
        self.files(language, place)
        seen: set[str] = set()
        for document in (*self._messages(language), *_excerpts(language)):
            if len(document) >= self.min_characters and document not in seen:
                seen.add(document)
                yield document

    def _messages(self, language: str) -> Iterator[str]:
        held_out = set(shared_messages(self.held_out))
        held_out_text = {_comparable(text) for text in self._held_out_text(language, held_out)}
        for key, text in _messages(language):
            # Without its placeholders, a message can be the same as one that is held out.
            document = _SPACES.sub(" ", PLACEHOLDER.sub(" ", text)).strip()
            if key not in held_out and _comparable(document) not in held_out_text:
                yield document

    def _held_out_text(self, language: str, held_out: set[str]) -> Iterator[str]:
        yield from (english(key) for key in held_out)
        if language in self.held_out.languages:
            yield from (catalogue(language)[key] for key in held_out)


def _comparable(text: str) -> str:
    return _SPACES.sub(" ", text).strip().casefold()


def _catalogue_paths(language: str) -> tuple[Path, ...]:
    # Django's English is in the keys of the translations.
    try:
        return catalogue_paths("de" if language == "en" else language)
    except DataError:
        package_dir(DISTRIBUTION, PINNED_VERSION, "django")  # still an error where Django itself is missing
        return ()


def _messages(language: str) -> list[tuple[str, str]]:
    if language == "en":
        return [(key, english(key)) for key in sorted(catalogue("de"))]
    return sorted(catalogue(language).items()) if _catalogue_paths(language) else []


def _sample_paths(language: str) -> tuple[Path, ...]:
    folder = package_dir(SAMPLES_DISTRIBUTION, SAMPLES_VERSION, "gflanguages") / "data" / "languages"
    if language in SAMPLE_FILES:
        return (existing_file(folder / f"{SAMPLE_FILES[language]}.textproto", SAMPLES_DISTRIBUTION),)
    return _samples_by_language(folder).get(language, ())


@lru_cache(maxsize=1)
def _samples_by_language(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    samples: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*_*.textproto")):
        samples[path.name.partition("_")[0]].append(path)
    return {language: tuple(paths) for language, paths in samples.items()}


def _excerpts(language: str) -> list[str]:
    """The sample texts of a language, one a line, without those that are part of another."""
    from gflanguages import LanguageProto, text_format

    texts: list[str] = []
    for path in _sample_paths(language):
        sample = text_format.Parse(path.read_text(encoding="utf-8"), LanguageProto()).sample_text
        for field, value in sample.ListFields():
            if isinstance(value, str) and field.name != "note" and not field.name.startswith("masthead"):
                texts += [_SPACES.sub(" ", line).strip() for line in value.splitlines()]
    distinct = list(dict.fromkeys(texts))
    return [text for text in distinct if not any(text != other and text in other for other in distinct)]
