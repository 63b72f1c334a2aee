from __future__ import annotations

import time
from itertools import combinations, pairwise

import pytest

pytest.importorskip("hassil", reason="the extra 'demo' brings the sentences")
pytest.importorskip("home_assistant_intents", reason="the extra 'demo' brings the sentences")

from waystage.data.examples import TaggedExample, TextExample
from waystage.data.source import Place, Split
from waystage.data.sources import home_assistant
from waystage.data.sources.home_assistant import HomeAssistantIntents, HomeAssistantSlots
from waystage.errors import DataError
from waystage.tasks.home_intents import TASK as INTENTS
from waystage.tasks.home_slots import TASK as SLOTS
from waystage.tasks.task import Task

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def key(example: object) -> str:
    if isinstance(example, TextExample):
        return example.text.casefold()
    assert isinstance(example, TaggedExample)
    return "".join(example.words).casefold()


@pytest.mark.parametrize("task", [INTENTS, SLOTS], ids=lambda task: task.name)
def test_english_splits_share_neither_template_nor_sentence(task: Task, place: Place) -> None:
    splits = {split: task.source.read(split, "en", place) for split in SPLITS}
    templates = {split: {example.id.split("-")[0] for example in splits[split]} for split in SPLITS}
    sentences = {split: {key(example) for example in splits[split]} for split in SPLITS}
    for first, second in combinations(SPLITS, 2):
        assert not templates[first] & templates[second]
        assert not sentences[first] & sentences[second]


@pytest.mark.parametrize("task", [INTENTS, SLOTS], ids=lambda task: task.name)
def test_counts_are_as_declared_and_ids_unique(task: Task, place: Place) -> None:
    started = time.process_time()
    for (split, language), expected in task.expected_counts.items():
        examples = task.source.read(split, language, place)
        assert len(examples) == expected, (split, language)
        assert len({example.id for example in examples}) == expected
    # Generous: all languages take about four seconds.
    assert time.process_time() - started < 60


def test_every_label_is_trained_on_and_no_sentence_has_two(place: Place) -> None:
    train = INTENTS.source.read("train", "en", place)
    assert {example.label for example in train if isinstance(example, TextExample)} == set(INTENTS.labels)
    for language in INTENTS.languages:
        labels: dict[str, str | None] = {}
        for example in INTENTS.source.read("test", language, place):
            assert isinstance(example, TextExample)
            assert labels.setdefault(key(example), example.label) == example.label
            assert example.label in INTENTS.labels
            assert example.text == " ".join(example.text.split()) != ""


def test_tags_are_the_declared_ones_in_valid_bio(place: Place) -> None:
    for language in SLOTS.languages:
        for example in SLOTS.source.read("test", language, place):
            assert isinstance(example, TaggedExample)
            assert example.tags is not None
            assert set(example.tags) <= set(SLOTS.labels)
            assert any(tag != "O" for tag in example.tags)
            for before, tag in pairwise(("O", *example.tags)):
                assert not tag.startswith("I-") or before[2:] == tag[2:]
            assert all(word and not any(character.isspace() for character in word) for word in example.words)


def test_every_slot_is_trained_on(place: Place) -> None:
    tags: set[str] = set()
    for example in SLOTS.source.read("train", "en", place):
        assert isinstance(example, TaggedExample)
        tags.update(example.tags or ())
    assert {f"B-{slot}" for slot in SLOTS.source.slots} <= tags  # type: ignore[attr-defined]


def test_reading_twice_gives_the_same(place: Place) -> None:
    for source in (INTENTS.source, SLOTS.source):
        assert source.read("test", "hu", place) == source.read("test", "hu", place)


def test_a_word_never_straddles_a_slot_and_unspaced_text_goes_by_character() -> None:
    tagged = home_assistant._tagged_words
    assert tagged((("um ", None), ("12", "hours"), ("-stündig", None)), unspaced=False) == (
        ("um", "12", "-stündig"),
        ("O", "B-hours", "O"),
    )
    assert tagged((("เปิด", None), ("20", "level"), ("%", None)), unspaced=True) == (
        ("เ", "ปิ", "ด", "20", "%"),
        ("O", "O", "O", "B-level", "O"),
    )
    assert tagged((("车库 门", "device_class"),), unspaced=True)[1] == (
        "B-device_class",
        "I-device_class",
        "I-device_class",
    )


def test_other_languages_have_a_test_split_only(place: Place) -> None:
    with pytest.raises(DataError, match="train is English"):
        INTENTS.source.read("train", "de", place)


def test_a_language_that_the_package_lacks_is_a_data_error(place: Place) -> None:
    for source in (HomeAssistantIntents((), 1, 1), HomeAssistantSlots((), 1, 1)):
        with pytest.raises(DataError, match=r"xx\.json"):
            source.files("test", "xx", place)


def test_another_version_of_the_package_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_assistant, "PINNED_VERSION", "1.0")
    with pytest.raises(DataError, match=r"pip install home-assistant-intents==1\.0"):
        INTENTS.source.files("test", "de", place)
