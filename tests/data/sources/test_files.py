from __future__ import annotations

from pathlib import Path

import pytest

from waystage.data.examples import TextExample
from waystage.data.readers.columns import TextColumns
from waystage.data.readers.formats import FORMATS
from waystage.data.source import Place
from waystage.data.sources.files import FileSource
from waystage.data.sources.hub import HubCorpus, HubSource
from waystage.data.sources.text_files import RawTextFolder, TextFilesCorpus
from waystage.errors import DataError


def source(path: str, *, is_published: bool = False) -> FileSource:
    return FileSource((("test", path),), FORMATS["csv"], TextColumns(), ("x", "y"), is_published)


def test_a_path_is_filled_and_taken_relative_to_the_study(place: Place) -> None:
    folder = place.study_dir / "data"
    folder.mkdir()
    (folder / "test-de.csv").write_text("text,label\na,x\n", encoding="utf-8")
    expected = [TextExample("1", "a", None, "x")]
    assert source("data/{split}-{lang}.csv").read("test", "de", place) == expected
    assert source(str(folder / "test-{lang}.csv")).read("test", "de", place) == expected


def test_a_missing_file_and_a_missing_split_are_data_errors(place: Place) -> None:
    with pytest.raises(DataError, match=r"test-sw\.csv: there is no such file"):
        source("test-{lang}.csv").files("test", "sw", place)
    with pytest.raises(DataError, match="no file is given for the train split"):
        source("test.csv").files("train", "en", place)
    with pytest.raises(DataError, match="no such file"):
        source("a\x00b.csv").files("test", "en", place)


def test_published_files_need_a_data_folder(place: Place) -> None:
    with pytest.raises(DataError, match="pass --data DIR"):
        source("panx.csv", is_published=True).files("test", "en", place)


def test_text_files_are_read_a_line_a_document_in_sorted_order(place: Place) -> None:
    for name, text in {"b-de.txt": "drei\n", "a-de.txt": "eins \r\n\r\n zwei\n", "c-fr.txt": "un\n"}.items():
        (place.study_dir / name).write_bytes(text.encode())
    corpus = TextFilesCorpus((("de", ("*-{lang}.txt",)), ("fr", ("c-fr.txt", "no.txt"))))
    assert list(corpus.read("de", place)) == ["eins", "zwei", "drei"]
    with pytest.raises(DataError, match=r"no\.txt: there is no such file"):
        corpus.files("fr", place)
    with pytest.raises(DataError, match="no text files are given for 'it'"):
        corpus.files("it", place)


def test_a_pattern_that_finds_nothing_is_a_data_error(place: Place) -> None:
    with pytest.raises(DataError, match="no file matches"):
        TextFilesCorpus((("de", ("*.txt",)),)).files("de", place)


def test_raw_text_reads_all_sources_in_sorted_order(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path, data_dir=tmp_path)
    for name in ("wiki", "bible"):
        (tmp_path / "raw_text" / name).mkdir(parents=True)
        (tmp_path / "raw_text" / name / "sw.txt").write_text(f"{name}\n", encoding="utf-8")
    assert list(RawTextFolder().read("sw", place)) == ["bible", "wiki"]
    with pytest.raises(DataError, match=r"xx\.txt"):
        RawTextFolder().files("xx", place)


def test_text_that_is_not_utf8_names_the_line(place: Place) -> None:
    (place.study_dir / "de.txt").write_bytes(b"gut\nschl\xe4cht\n")
    with pytest.raises(DataError, match=r"de\.txt:2: not UTF-8"):
        list(TextFilesCorpus((("de", ("de.txt",)),)).read("de", place))


def test_a_corpus_in_tables_is_a_column_of_them(place: Place) -> None:
    import pyarrow
    from pyarrow import parquet

    for name, texts in {"a": ["eins\n zwei", " "], "b": ["drei"] * 2000}.items():
        parquet.write_table(pyarrow.table({"body": texts, "n": range(len(texts))}), place.study_dir / f"{name}.parquet")
    corpus = TextFilesCorpus((("de", ("*.parquet",)),), FORMATS["parquet"], "body")
    assert list(corpus.read("de", place)) == ["eins zwei", *["drei"] * 2000]
    (place.study_dir / "de.jsonl").write_text('{"body": "gut"}\n{"body": 3}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"de\.jsonl:2: body: int instead of text"):
        list(TextFilesCorpus((("de", ("de.jsonl",)),), FORMATS["jsonl"], "body").read("de", place))


def test_a_hub_file_is_read_as_any_other(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    huggingface_hub = pytest.importorskip("huggingface_hub", reason="it fetches hub datasets")
    (place.study_dir / "test-de.csv").write_text("text,label\na,x\n", encoding="utf-8")
    asked: list[tuple[str, str, str | None]] = []

    def download(dataset: str, name: str, *, repo_type: str, revision: str | None) -> str:
        assert repo_type == "dataset"
        asked.append((dataset, name, revision))
        return str(place.study_dir / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    hub = HubSource("org/set", "abc", (("test", "test-{lang}.csv"),), FORMATS["csv"], TextColumns(), ("x", "y"))
    assert hub.read("test", "de", place) == [TextExample("1", "a", None, "x")]
    assert asked[0] == ("org/set", "test-de.csv", "abc")
    assert list(HubCorpus("org/set", None, ("test-{lang}.csv",)).read("de", place)) == ["text,label", "a,x"]
    assert list(HubCorpus("org/set", None, ("test-{lang}.csv",), FORMATS["csv"]).read("de", place)) == ["a"]


def test_a_hub_out_of_reach_is_a_data_error(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    huggingface_hub = pytest.importorskip("huggingface_hub", reason="it fetches hub datasets")
    errors = pytest.importorskip("huggingface_hub.errors", reason="it fetches hub datasets")
    corpus = HubCorpus("org/set", "abc", ("{lang}.txt",))

    def offline(*_: object, **__: object) -> str:
        raise errors.LocalEntryNotFoundError("offline")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", offline)
    with pytest.raises(DataError, match=r"de\.txt of the dataset org/set@abc is not in the cache"):
        list(corpus.read("de", place))
    monkeypatch.undo()
    with pytest.raises(DataError, match="is not the name of a dataset"):
        HubCorpus("not a valid id/at/all", None, ("{lang}.txt",)).files("de", place)
