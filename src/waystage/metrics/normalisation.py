"""What of an answer is compared: the normalisations of the SQuAD v1.1 and the MLQA evaluation.

Published figures can only be met by doing what these do, also where that is odd:

- SQuAD's takes English articles and ASCII punctuation off in EVERY language: ``a`` is dropped from Spanish
  answers, while Arabic, Devanagari and Chinese punctuation stays.
- MLQA's pattern for the Arabic article is ``\\sال^|ال``. Its first branch can never match, so that every
  ``ال`` goes, inside words too.
- MLQA splits Chinese at the characters U+4E00 to U+9FA5 only; a rarer character sticks to its neighbours.
- MLQA takes punctuation off before articles, so that ``l'a`` is ``la``, an article in Spanish.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

Normalisation: TypeAlias = Callable[[str], str]
"""From an answer to its tokens, joined by single spaces."""

_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ENGLISH_ARTICLE = re.compile(r"\b(a|an|the)\b")
_CHINESE_CHARACTER = re.compile("([\u4e00-\u9fa5])")

_MLQA_ARTICLE: dict[str, re.Pattern[str] | None] = {
    "ar": re.compile("ال"),
    "de": re.compile(r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    "en": _ENGLISH_ARTICLE,
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "hi": None,
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
    "zh": None,
}

MLQA_LANGUAGES = tuple(_MLQA_ARTICLE)


class _WithoutPunctuation(dict[int, int | None]):
    """A table for ``str.translate`` that drops Unicode's classes P*, and ASCII symbols such as ``$``.

    It is filled as characters are met: going through all of Unicode takes longer than most scoring does.
    """

    def __missing__(self, codepoint: int) -> int | None:
        character = chr(codepoint)
        is_dropped = unicodedata.category(character).startswith("P") or character in string.punctuation
        self[codepoint] = None if is_dropped else codepoint
        return self[codepoint]


_WITHOUT_PUNCTUATION = _WithoutPunctuation()


def squad_normalised(text: str) -> str:
    """SQuAD v1.1: lower case, no ASCII punctuation, no English article, single spaces.

    >>> squad_normalised("The  Norman's, a¿")
    'normans ¿'
    """
    return " ".join(_ENGLISH_ARTICLE.sub(" ", text.lower().translate(_ASCII_PUNCTUATION)).split())


@lru_cache
def mlqa_normalisation(language: str) -> Normalisation:
    """MLQA's for answers in a language.

    Raises:
        ValueError: a language that MLQA does not have.

    >>> mlqa_normalisation("zh")("维基media，百科。")
    '维 基 media 百 科'
    >>> mlqa_normalisation("de")("Die Pfalz!")
    'pfalz'
    """
    if language not in _MLQA_ARTICLE:
        raise ValueError(f"MLQA has no answers in {language!r}, only in {', '.join(MLQA_LANGUAGES)}")
    article = _MLQA_ARTICLE[language]

    def normalised(text: str) -> str:
        text = text.lower().translate(_WITHOUT_PUNCTUATION)
        if article is not None:
            text = article.sub(" ", text)
        if language == "zh":
            text = _CHINESE_CHARACTER.sub(r" \1 ", text)
        return " ".join(text.split())

    return normalised
