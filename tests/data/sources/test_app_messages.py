from __future__ import annotations

import pytest

pytest.importorskip("django", reason="the extra 'demo' brings the text")
pytest.importorskip("gflanguages", reason="the extra 'demo' brings the text")

from waystage.data.corpora import APP_MESSAGES, XTREME_R_LANGUAGES
from waystage.data.source import Place
from waystage.errors import DataError


def test_all_languages_of_xtreme_r_have_text(place: Place) -> None:
    assert len(XTREME_R_LANGUAGES) == len(set(XTREME_R_LANGUAGES)) == 50
    n_bytes = 0
    for language in XTREME_R_LANGUAGES:
        documents = list(APP_MESSAGES.source.read(language, place))
        assert documents, language
        assert len(set(documents)) == len(documents)
        assert all(document == " ".join(document.split()) != "" for document in documents)
        n_bytes += sum(len(document.encode()) for document in documents)
    assert 500_000 < n_bytes < 1_000_000


def test_a_language_without_text_is_a_data_error(place: Place) -> None:
    with pytest.raises(DataError, match="no installed package has raw text in 'xx'"):
        list(APP_MESSAGES.source.read("xx", place))


def test_every_file_exists(place: Place) -> None:
    for language in ("en", "tl", "ms", "ht"):
        assert all(path.is_file() for path in APP_MESSAGES.source.files(language, place))
