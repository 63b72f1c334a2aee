from __future__ import annotations

import struct
from pathlib import Path

import pytest

pytest.importorskip("django", reason="the extra 'demo' brings the messages")

from waystage.data.corpora import APP_MESSAGES
from waystage.data.examples import ParallelExample
from waystage.data.source import Place
from waystage.data.sources import django_messages
from waystage.data.sources.django_messages import PLACEHOLDER, RETRIEVAL
from waystage.errors import DataError
from waystage.tasks.django_retrieval import TASK


def pairs(language: str, place: Place) -> list[ParallelExample]:
    found = RETRIEVAL.read("test", language, place)
    return [example for example in found if isinstance(example, ParallelExample)]


def test_all_languages_have_the_same_messages_in_the_same_order(place: Place) -> None:
    english = [(pair.id, pair.source) for pair in pairs("de", place)]
    assert len(english) == TASK.expected_counts["test", "de"]
    for language in TASK.languages:
        assert [(pair.id, pair.source) for pair in pairs(language, place)] == english


def test_each_message_has_one_match_and_no_placeholder(place: Place) -> None:
    for language in TASK.languages:
        found = pairs(language, place)
        assert len({pair.source for pair in found}) == len({pair.target for pair in found}) == len(found)
        for pair in found:
            assert pair.source != pair.target
            assert not PLACEHOLDER.search(pair.source + pair.target)


def test_raw_text_shares_no_message_with_retrieval(place: Place) -> None:
    pytest.importorskip("gflanguages", reason="the extra 'demo' brings the excerpts")
    english = {pair.source.casefold() for pair in pairs("de", place)}
    assert not english & {document.casefold() for document in APP_MESSAGES.source.read("en", place)}
    for language in TASK.languages:
        held_out = english | {pair.target.casefold() for pair in pairs(language, place)}
        assert not held_out & {document.casefold() for document in APP_MESSAGES.source.read(language, place)}


def test_other_splits_and_languages_are_refused(place: Place) -> None:
    with pytest.raises(DataError, match="test split only"):
        RETRIEVAL.read("train", "de", place)
    with pytest.raises(DataError, match="test split only"):
        RETRIEVAL.read("test", "xx", place)


def write_mo(path: Path, messages: dict[str, str]) -> Path:
    """A catalogue as msgfmt writes it."""
    keys = [key.encode() for key in messages]
    values = [value.encode() for value in messages.values()]
    n, at = len(keys), 28 + 16 * len(keys)
    tables, strings = b"", b""
    for part in (keys, values):
        for text in part:
            tables += struct.pack("<2I", len(text), at + len(strings))
            strings += text + b"\0"
    path.write_bytes(struct.pack("<7I", 0x950412DE, 0, n, 28, 28 + 8 * n, 0, 0) + tables + strings)
    return path


def test_plural_entries_and_the_header_are_left_out(tmp_path: Path) -> None:
    messages = {"": "Language: de", "menu\x04Open": "Öffnen", "%d file\x00%d files": "%d Datei\x00%d Dateien"}
    path = write_mo(tmp_path / "a.mo", messages)
    assert django_messages._read_mo(path) == {"menu\x04Open": "Öffnen"}
    assert django_messages.english("menu\x04Open") == "Open"


@pytest.mark.parametrize("content", [b"", b"text that is long enough", struct.pack("<5I", 0x950412DE, 0, 9, 28, 99)])
def test_a_damaged_catalogue_is_a_data_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mo"
    path.write_bytes(content)
    with pytest.raises(DataError):
        django_messages._read_mo(path)
