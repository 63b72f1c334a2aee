"""Groups of languages."""

from __future__ import annotations

from waystage.encoders.registry import ENCODERS
from waystage.languages.grouping import PROPERTIES, family, grouping, groupings, resources, seen_in
from waystage.languages.language import known_languages
from waystage.languages.pretraining import MBERT, PRETRAININGS, XLM_R, pretraining_of


def test_a_grouping_divides_the_languages() -> None:
    """Every known language is in one group, in the order given."""
    languages = list(known_languages())
    for language_property in PROPERTIES.values():
        assert list(grouping(language_property, languages)) == languages


def test_unknown_languages_have_no_group() -> None:
    assert grouping(family, ["xx", "de"]) == {"de": "Indo-European"}


def test_resources_in_words() -> None:
    groups = grouping(resources, known_languages())
    assert set(groups.values()) == {"high (classes 4 and 5)", "middle (class 3)", "low (classes 0 to 2)"}


def test_what_is_not_known_of_pretraining_is_left_out() -> None:
    assert grouping(seen_in(XLM_R), ["nn", "nb", "wo"]) == {"nb": "seen", "wo": "not seen"}


def test_encoders_saw_different_languages() -> None:
    languages = ["yo", "ht", "am", "wo"]
    assert grouping(seen_in(MBERT), languages) == {"yo": "seen", "ht": "seen", "am": "not seen", "wo": "not seen"}
    assert grouping(seen_in(XLM_R), languages) == {"yo": "not seen", "ht": "not seen", "am": "seen", "wo": "not seen"}


def test_pretraining_is_a_property_only_where_it_is_known() -> None:
    assert "pretraining" not in groupings(["de"], pretraining_of("somebody/encoder"))
    assert groupings(["de"], pretraining_of("e5-small-embedded"))["pretraining"] == {"de": "seen"}


def test_every_named_encoder_has_a_pretraining_and_only_one() -> None:
    names = [name for pretraining in PRETRAININGS for name in pretraining.encoders]
    assert len(names) == len(set(names))
    for encoder in ENCODERS.values():
        assert pretraining_of(encoder.name) is not None
