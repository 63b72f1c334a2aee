"""Patterns of files in dataset repositories, against a stand-in for the hub on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.hub import DatasetHub, dataset_hub
from waystage import api
from waystage.data.corpus import Corpus
from waystage.data.prepare import prepare_corpus, read_documents
from waystage.data.source import Place, RemoteFile
from waystage.data.sources.hub import HubCorpus
from waystage.data.sources.hub_listing import matches
from waystage.errors import DataError
from waystage.store.store import Store
from waystage.study.data_fetch import Need, fetch, study_needs

OLD, NEW = "1" * 40, "2" * 40
DATASET = "tiny/text"
FILES = {
    "data/en-0.txt": "en zero\n",
    "data/en-1.txt": "en one\n",
    "data/de-0.txt": "de zero\n",
    "data/more/en-2.txt": "en two\n",
    "data/more/deep/en-3.txt": "en three\n",
    "README.md": "about\n",
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatasetHub]:
    constants = pytest.importorskip("huggingface_hub.constants")
    for commit, files in ((OLD, FILES), (NEW, {**FILES, "data/en-9.txt": "en nine\n"})):
        for name, content in files.items():
            path = tmp_path / "served" / DATASET / commit / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    with dataset_hub(tmp_path / "served") as running:
        monkeypatch.setattr(constants, "ENDPOINT", running.address)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", running.address + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        yield running


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, tmp_path / "cache")


def names(place: Place, pattern: str, revision: str | None = OLD) -> list[str]:
    return list(matches(place, RemoteFile(DATASET, revision, pattern)).names)


def listings(hub: DatasetHub) -> list[str]:
    return [request for request in hub.requested if "/tree/" in request]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("data/en-*.txt", ["data/en-0.txt", "data/en-1.txt"]),
        ("data/**/en-*.txt", ["data/en-0.txt", "data/en-1.txt", "data/more/deep/en-3.txt", "data/more/en-2.txt"]),
        ("data/*/en-*.txt", ["data/more/en-2.txt"]),
        ("*.md", ["README.md"]),
        ("*/de-0.txt", ["data/de-0.txt"]),
    ],
)
@pytest.mark.parametrize("page_size", [1, 2, 1000])
def test_a_pattern_names_sorted_files_whatever_the_pages(
    hub: DatasetHub, place: Place, pattern: str, found: list[str], page_size: int
) -> None:
    hub.page_size = page_size
    assert names(place, pattern) == found


def test_what_was_listed_is_not_asked_for_again(hub: DatasetHub, place: Place) -> None:
    assert names(place, "data/en-*.txt") == names(place, "data/en-*.txt")
    assert names(place, "data/de-*.txt") == ["data/de-0.txt"]  # the same folder
    assert len(listings(hub)) == 1
    hub.broken.add(DATASET)
    assert len(names(place, "data/en-*.txt")) == 2


def test_a_branch_keeps_its_commit_until_it_is_asked_for_again(hub: DatasetHub, place: Place) -> None:
    assert "data/en-9.txt" in names(place, "data/en-*.txt", None)
    later = hub.folder / DATASET / ("3" * 40) / "data" / "en-10.txt"
    later.parent.mkdir(parents=True)
    later.write_text("en ten\n", encoding="utf-8")
    wanted = RemoteFile(DATASET, None, "data/en-*.txt")
    assert matches(place, wanted).commit == NEW
    again = matches(place, wanted, asks_again=True)
    assert (again.commit, again.names) == ("3" * 40, ("data/en-10.txt",))


@pytest.mark.parametrize(
    ("pattern", "nearest"),
    [("data/fr-*.txt", "'data/de-0.txt'"), ("date/en-*.txt", "'data'"), ("data/more/none/*.txt", "'data/more/")],
)
def test_where_nothing_matches_the_pattern_and_what_is_near_are_named(
    hub: DatasetHub, place: Place, pattern: str, nearest: str
) -> None:
    with pytest.raises(DataError, match=re.escape(f"{DATASET}@{OLD}: no file matches '{pattern}'")) as caught:
        names(place, pattern)
    assert nearest in str(caught.value).partition("did you mean")[2]


def test_no_secret_is_in_the_reason_why_nothing_could_be_listed(hub: DatasetHub, place: Place) -> None:
    hub.broken.add(DATASET)
    with pytest.raises(DataError, match=f"cannot list the dataset {DATASET}@{OLD}") as caught:
        names(place, "data/en-*.txt")
    assert "hf_abc" not in str(caught.value)


def test_fetched_files_of_a_pattern_are_read_in_order_and_without_the_hub(
    hub: DatasetHub, place: Place, tmp_path: Path
) -> None:
    source = HubCorpus(DATASET, OLD, ("data/{lang}-*.txt", "data/more/*.txt", "data/en-0.txt"))
    corpus = Corpus("text", source, ("en",), "", "", "")
    files = source.remote("en", place)
    assert [file.path for file in files] == ["data/en-0.txt", "data/en-1.txt", "data/more/en-2.txt"]
    outcomes = fetch([Need("text", "corpus", "en", files, False)], place.cache_dir)
    assert [outcome.known is not None for outcome in outcomes[0].fetched] == [True] * 3
    n_requests = len(hub.requested)
    prepared = prepare_corpus(Store(tmp_path / "store"), place, corpus, "en")
    found = list(read_documents(Store(tmp_path / "store"), prepared.artefact_id))
    assert found == ["en zero", "en one", "en two"]
    assert len(hub.requested) == n_requests


def test_a_study_needs_what_its_patterns_name_and_says_which_name_nothing(
    hub: DatasetHub, place: Place, tmp_path: Path, tiny_encoder_dir: Path
) -> None:
    study = api.parse_study(
        f"""
name: patterns
encoder: {tiny_encoder_dir}
seeds: [1]
sequences: {{more: [text]}}
stages: {{text: {{kind: continued, corpus: own, budget: {{steps: 1}}}}}}
corpora: {{own: {{hub: {{dataset: {DATASET}, revision: "{OLD}", path: "data/{{lang}}-*.txt", languages: [en, fr]}}}}}}
targets: [{{task: django-retrieval, languages: [de]}}]
"""
    )
    needs = {need.language: need for need in study_needs(study, place) if need.split == "corpus"}
    assert [file.path for file in needs["en"].files] == ["data/en-0.txt", "data/en-1.txt"]
    assert needs["fr"].files == ()
    assert "no file matches 'data/fr-*.txt'" in needs["fr"].obtain
