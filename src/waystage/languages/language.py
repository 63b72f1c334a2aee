"""What is known of a language: ``languages.csv``, the one place for it, with its sources in docs/languages.md."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from waystage.languages.scripts import RIGHT_TO_LEFT, SCRIPT_NAMES

ResourceClass = Literal[0, 1, 2, 3, 4, 5]


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes:
        code: ISO 639-1, or ISO 639-3 where there is none; as the benchmarks use it.
        name: in English.
        endonym: in the language itself.
        scripts: ISO 15924 codes, the usual one of test data first.
        family: top of the tree; a language isolate is a family of its own.
        branch: None where the family is not divided here.
        resource_class: of Joshi et al. (2020), from 0 (no data) to 5 (most).
        in_mbert: whether cased multilingual BERT was pretrained on it; None where its list does not say.
        in_xlm_r: the same of XLM-R.
    """

    code: str
    name: str
    endonym: str
    scripts: tuple[str, ...]
    family: str
    branch: str | None
    resource_class: ResourceClass
    in_mbert: bool | None
    in_xlm_r: bool | None

    @property
    def script_name(self) -> str:
        """English name of the first script."""
        return SCRIPT_NAMES[self.scripts[0]]

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Writing direction of the first script, in the words of HTML."""
        return "rtl" if self.scripts[0] in RIGHT_TO_LEFT else "ltr"


_SEEN = {"yes": True, "no": False, "": None}


@cache
def known_languages() -> dict[str, Language]:
    """All languages of the table, by code."""
    text = (files("waystage.languages") / "languages.csv").read_text(encoding="utf-8")
    return {row["code"]: _language(row) for row in csv.DictReader(text.splitlines())}


def find_language(code: str) -> Language | None:
    """The language of a code; None where the table does not have it.

    A script in the code takes the place of the usual one, and a region is passed over:

    >>> find_language("sr-Latn").script_name, find_language("pt-BR").name, find_language("xx")
    ('Latin', 'Portuguese', None)
    """
    first, *subtags = code.replace("_", "-").split("-")
    language = known_languages().get(first)
    if language is None:
        return None
    scripts = tuple(tag for tag in subtags if tag in SCRIPT_NAMES)
    return replace(language, scripts=scripts) if scripts else language


def language_name(code: str) -> str:
    """English name, or the code itself for a language that is not in the table.

    >>> language_name("sw"), language_name("xx")
    ('Swahili', 'xx')
    """
    language = known_languages().get(code)
    return language.name if language else code


def _language(row: dict[str, str]) -> Language:
    return Language(
        code=row["code"],
        name=row["name"],
        endonym=row["endonym"],
        scripts=tuple(row["scripts"].split()),
        family=row["family"],
        branch=row["branch"] or None,
        resource_class=cast(ResourceClass, int(row["resource_class"])),
        in_mbert=_SEEN[row["mbert"]],
        in_xlm_r=_SEEN[row["xlm_r"]],
    )
