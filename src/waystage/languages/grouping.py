"""Languages in groups that share a property, for comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from waystage.languages.language import Language, find_language
from waystage.languages.pretraining import Pretraining

Property = Callable[[Language], str | None]
"""The group of a language; None where it is not known."""

_RESOURCE_WORDS = {0: "low", 1: "low", 2: "low", 3: "middle", 4: "high", 5: "high"}


def family(language: Language) -> str:
    """The family, such as Indo-European."""
    return language.family


def branch(language: Language) -> str:
    """The family with its branch, such as "Indo-European / Germanic"."""
    return f"{language.family} / {language.branch}" if language.branch else language.family


def script(language: Language) -> str:
    """The name of the usual script."""
    return language.script_name


def resources(language: Language) -> str:
    """Classes 0 to 2 of Joshi et al. (2020) are low, 3 is middle, 4 and 5 are high."""
    return f"{_RESOURCE_WORDS[language.resource_class]} ({_classes(language.resource_class)})"


def _classes(resource_class: int) -> str:
    word = _RESOURCE_WORDS[resource_class]
    members = [each for each, its_word in _RESOURCE_WORDS.items() if its_word == word]
    ends = f"{members[0]} to {members[-1]}" if len(members) > 2 else " and ".join(map(str, members))
    return f"class {ends}" if len(members) == 1 else f"classes {ends}"


def seen_in(pretraining: Pretraining) -> Property:
    """The property of having been in the pretraining of an encoder."""

    def seen(language: Language) -> str | None:
        was_seen = pretraining.saw(language)
        return None if was_seen is None else ("seen" if was_seen else "not seen")

    return seen


PROPERTIES: Mapping[str, Property] = {
    "family": family,
    "branch": branch,
    "script": script,
    "resources": resources,
}
"""The properties that no encoder is needed for, by name."""


def grouping(language_property: Property, languages: Iterable[str]) -> dict[str, str]:
    """The group of each language, in the order given; languages of which it is not known are left out.

    >>> grouping(family, ["de", "sw", "xx"])
    {'de': 'Indo-European', 'sw': 'Niger-Congo'}
    >>> grouping(resources, ["de", "th", "yo"])
    {'de': 'high (classes 4 and 5)', 'th': 'middle (class 3)', 'yo': 'low (classes 0 to 2)'}
    """
    facts = {code: find_language(code) for code in languages}
    groups = {code: language_property(language) for code, language in facts.items() if language is not None}
    return {code: group for code, group in groups.items() if group is not None}


def groupings(languages: Iterable[str], pretraining: Pretraining | None = None) -> dict[str, dict[str, str]]:
    """The groups of each property, by its name; with ``pretraining`` of the encoder, what it saw too.

    >>> groupings(["de", "yo"])["script"]
    {'de': 'Latin', 'yo': 'Latin'}
    """
    codes = tuple(languages)
    properties = dict(PROPERTIES)
    if pretraining is not None:
        properties["pretraining"] = seen_in(pretraining)
    return {name: grouping(language_property, codes) for name, language_property in properties.items()}
