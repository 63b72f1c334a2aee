"""The table of languages: complete for what Waystage has data of, and consistent in itself."""

from __future__ import annotations

from collections import Counter

import pytest

from waystage.benchmark.benchmarks import BENCHMARKS
from waystage.data.corpora import CORPORA
from waystage.languages.language import find_language, known_languages, language_name
from waystage.languages.scripts import SCRIPT_NAMES
from waystage.tasks.registry import TASKS


def test_every_language_of_tasks_corpora_and_benchmarks_is_known() -> None:
    languages = {language for task in TASKS.values() for language in task.languages}
    languages |= {language for corpus in CORPORA.values() for language in corpus.languages}
    languages |= {language for each in BENCHMARKS.values() for task in each.tasks for language in task.languages}
    assert languages - known_languages().keys() == set()


def test_every_language_has_all_facts() -> None:
    for code, language in known_languages().items():
        assert language.code == code
        assert language.name
        assert language.endonym
        assert language.family
        assert language.scripts
        assert set(language.scripts) <= SCRIPT_NAMES.keys()
        assert language.resource_class in range(6)


def test_names_are_unique() -> None:
    names = Counter(language.name for language in known_languages().values())
    assert names.most_common(1)[0][1] == 1


def test_a_script_is_that_of_the_endonym() -> None:
    """The first letter of the name in the language itself is of the script that the table says."""
    blocks = {
        "Arab": (0x0600, 0x06FF), "Armn": (0x0530, 0x058F), "Beng": (0x0980, 0x09FF), "Cyrl": (0x0400, 0x052F),
        "Deva": (0x0900, 0x097F), "Ethi": (0x1200, 0x137F), "Geor": (0x10A0, 0x10FF), "Grek": (0x0370, 0x03FF),
        "Gujr": (0x0A80, 0x0AFF), "Guru": (0x0A00, 0x0A7F), "Hang": (0xAC00, 0xD7A3), "Hans": (0x4E00, 0x9FFF),
        "Hebr": (0x0590, 0x05FF), "Jpan": (0x4E00, 0x9FFF), "Khmr": (0x1780, 0x17FF), "Knda": (0x0C80, 0x0CFF),
        "Laoo": (0x0E80, 0x0EFF), "Latn": (0x0041, 0x024F), "Mlym": (0x0D00, 0x0D7F), "Mymr": (0x1000, 0x109F),
        "Orya": (0x0B00, 0x0B7F), "Sinh": (0x0D80, 0x0DFF), "Taml": (0x0B80, 0x0BFF), "Telu": (0x0C00, 0x0C7F),
        "Thai": (0x0E00, 0x0E7F),
    }  # fmt: skip
    for language in known_languages().values():
        low, high = blocks[language.scripts[0]]
        assert low <= ord(language.endonym[0]) <= high, language


@pytest.mark.parametrize(
    ("code", "direction"), [("ar", "rtl"), ("fa", "rtl"), ("he", "rtl"), ("ur", "rtl"), ("hi", "ltr")]
)
def test_direction_follows_from_the_script(code: str, direction: str) -> None:
    language = find_language(code)
    assert language is not None
    assert language.direction == direction


def test_counts_of_the_classes_are_those_of_the_published_list() -> None:
    """Joshi et al. (2020) have 7 languages in class 5 and 18 in class 4; all are in the table."""
    counts = Counter(language.resource_class for language in known_languages().values())
    assert counts[5] == 7
    assert counts[4] == 18


def test_pretraining_lists_have_the_published_size() -> None:
    """Of XLM-R's 100, five are romanised forms, and Burmese and Chinese stand twice; the table has all the others."""
    assert sum(language.in_xlm_r is True for language in known_languages().values()) == 100 - 5 - 2


def test_an_unknown_code_has_no_facts_and_is_its_own_name() -> None:
    assert find_language("xx") is None
    assert language_name("xx") == "xx"


def test_subtags_change_the_script_only() -> None:
    serbian, latin = find_language("sr"), find_language("sr_Latn")
    assert serbian is not None
    assert latin is not None
    assert (serbian.script_name, latin.script_name) == ("Cyrillic", "Latin")
    assert latin.family == serbian.family
    assert find_language("pt-BR") == find_language("pt")
