"""Files of a corpus that cannot be read: named, and passed over only where the study says so."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.data.corpus import Corpus
from waystage.data.prepare import prepare_corpus, read_documents
from waystage.data.readers.formats import FORMATS
from waystage.data.source import Place
from waystage.data.sources.hub import HubCorpus
from waystage.data.sources.text_files import TextFilesCorpus
from waystage.errors import DataError
from waystage.store.store import Store


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    (folder / "b.txt").write_bytes(b"three\n\xff\xfe\nfour\n")
    (folder / "c.txt").write_text("", encoding="utf-8")
    (folder / "d.txt.gz").write_bytes(gzip.compress(b"five\n" * 9999)[:-20])
    (folder / "e.txt").write_text("six\n", encoding="utf-8")
    return Place(tmp_path, tmp_path)


def corpus(*paths: str, skips: bool = True) -> Corpus:
    return Corpus("text", TextFilesCorpus((("en", paths),), None, "text", skips), ("en",), "", "", "")


def test_nothing_of_an_unreadable_file_is_read_and_each_is_named(place: Place, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for _ in range(2):  # what was skipped is remembered with the text
        prepared = prepare_corpus(store, place, corpus("text/*"), "en")
        assert list(read_documents(store, prepared.artefact_id)) == ["one", "two", "six"]
        assert [file.split(" (")[0] for file in prepared.skipped] == ["text/b.txt", "text/c.txt", "text/d.txt.gz"]
        assert "not UTF-8 (invalid start byte) in line 2" in prepared.skipped[0]


def test_without_being_told_the_first_one_is_an_error(place: Place, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"b\.txt:2: not UTF-8"):
        prepare_corpus(Store(tmp_path / "store"), place, corpus("text/*", skips=False), "en")


def test_where_nothing_can_be_read_there_is_no_corpus(place: Place, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none of 2 files can be read; the first, .*b\.txt: not UTF-8"):
        prepare_corpus(Store(tmp_path / "store"), place, corpus("text/b.txt", "text/c.txt"), "en")


def test_a_missing_file_is_a_mistake_and_never_passed_over(place: Place, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"z\.txt"):
        prepare_corpus(Store(tmp_path / "store"), place, corpus("text/a.txt", "text/z.txt"), "en")


def test_a_corpus_on_the_hub_has_several_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    huggingface_hub = pytest.importorskip("huggingface_hub")
    names = ("de/part-0.parquet", "de/part-1.parquet")
    for number, name in enumerate(names):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        parquet.write_table(pa.table({"body": [f"text {number}.{row}" for row in range(3)]}), tmp_path / name)
    (tmp_path / "de/part-2.parquet").write_bytes(b"PAR1 and no more")

    def download(dataset: str, name: str, repo_type: str, revision: str | None) -> str:
        return str(tmp_path / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    place, paths = Place(tmp_path, tmp_path), ("{lang}/part-0.parquet", "{lang}/part-1.parquet")
    source = HubCorpus("org/set", "abc", paths, FORMATS["parquet"], "body")
    assert [file.path for file in source.remote("de", place)] == list(names)
    assert list(source.read("de", place)) == [f"text {number}.{row}" for number in range(2) for row in range(3)]
    more = HubCorpus("org/set", "abc", (*paths, "{lang}/part-2.parquet"), FORMATS["parquet"], "body", True)
    assert list(more.read("de", place)) == list(source.read("de", place))
    assert list(more.unreadable("de", place)) == [tmp_path / "de/part-2.parquet"]


def test_the_record_names_what_was_skipped(tiny_encoder_dir: Path, tmp_path: Path) -> None:
    content: dict[str, Any] = short_study(tiny_encoder_dir, tmp_path / "out")
    content["corpora"]["text"]["files"]["de"] = ["data/text-de.txt", "data/bad.txt"]
    content["corpora"]["text"]["on_unreadable"] = "skip"
    path = write_study(tmp_path / "study", content)
    (tmp_path / "study/data/bad.txt").write_bytes(b"\xff\n")
    run = api.run_study(api.load_checked_study(path), Store(tmp_path / "store"), n_threads=1)
    (steps,) = [own.steps for own in run.record.sequences if own.steps]
    assert "; without 1 file that cannot be read: data/bad.txt (not UTF-8" in steps[0]
    content["corpora"]["text"]["on_unreadable"] = "fail"
    with pytest.raises(DataError, match=r"bad\.txt:1: not UTF-8"):
        api.load_checked_study(write_study(tmp_path / "study", content))
