"""The words of an answer that are compared: by SQuAD's evaluation script v1.1, and by MLQA's."""

from __future__ import annotations

import re
import string
import unicodedata

_ARTICLES = {
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "hi": None,
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "ar": "\\s\u0627\u0644^|\u0627\u0644",
    "zh": None,
}
_HAN = "[\u4e00-\u9fa5]"


def squad_words(text: str) -> list[str]:
    """Lower case, without ASCII punctuation and English articles.

    >>> squad_words("The Norman's house")
    ['normans', 'house']
    """
    kept = "".join(character for character in text.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def mlqa_words(text: str, language: str) -> list[str]:
    """Lower case, without Unicode punctuation and the language's articles; Chinese a character a word.

    Raises:
        ValueError: a language that MLQA does not have.
    """
    if language not in _ARTICLES:
        raise ValueError(f"MLQA has no {language}")
    kept = "".join(character for character in text.lower() if not _is_punctuation(character))
    pattern = _ARTICLES[language]
    if pattern is not None:
        kept = re.sub(pattern, " ", kept)
    if language != "zh":
        return kept.split()
    return [word for run in kept.split() for word in re.findall(f"{_HAN}|(?:(?!{_HAN}).)+", run)]


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character)[0] == "P"
