"""Fetching from the hub, against a stand-in for it on this machine; each call is a process, as a user's is."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fixtures.hub import DatasetHub, dataset_hub
from tests.fixtures.hub_datasets import write_every_layout
from waystage.data.examples import MultipleChoiceExample, QuestionExample, TaggedExample, TextExample
from waystage.data.source import Place, RemoteFile
from waystage.data.sources.hub_folder import HubFolder
from waystage.errors import DataError
from waystage.study.folder_check import State, check_folder
from waystage.tasks import hub as repos
from waystage.tasks.registry import TASKS


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub")
    write_every_layout(folder)
    return folder


@pytest.fixture
def hub(repositories: Path) -> Iterator[DatasetHub]:
    with dataset_hub(repositories) as running:
        yield running


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    error: str

    def json(self) -> Any:
        return json.loads(self.out)


def waystage(endpoint: str, cache: Path, *arguments: str) -> Answer:
    own = {
        "HF_ENDPOINT": endpoint, "HF_HOME": str(cache / "home"), "WAYSTAGE_CACHE": str(cache),
        "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_ETAG_TIMEOUT": "2",
        "HF_TOKEN": "hf_abcdefghijkl",
        "COLUMNS": "200",
    }  # fmt: skip
    proxies = {"http_proxy", "https_proxy", "all_proxy", "hf_hub_offline"}
    kept = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    done = subprocess.run(
        [sys.executable, "-m", "waystage", "data", "fetch", *arguments],
        env=kept | own,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def place_of(cache: Path) -> Place:
    return Place(cache, cache)


ALL = (
    "snli", "anli", "mnli", "anli-plus", "copa", "qqp-glue", "hellaswag", "commonsenseqa", "cosmosqa",
    "squad", "squad-v2",
)  # fmt: skip


def test_every_layout_is_fetched_and_read(hub: DatasetHub, tmp_path: Path) -> None:
    targets = ("xnli", "pawsx", "panx", "udpos", "tydiqa", "mlqa", "xquad", "tatoeba", "xcopa")
    languages = [part for code in ("en", "de", "it", "ko", "lt") for part in ("--language", code)]
    asked = waystage(hub.address, tmp_path, *ALL, *targets, *languages, "--json")
    needs = {(need["task"], need["split"], need["language"]): need for need in asked.json()["needs"]}
    assert needs["anli-plus", "train", "en"]["state"] == "fetched"
    assert len(needs["anli-plus", "train", "en"]["files"]) == 5
    assert all(file["is_pinned"] for need in needs.values() for file in need["files"])
    read = {
        key: TASKS[key[0]].source.read(key[1], key[2], place_of(tmp_path))
        for key, need in needs.items()
        if need["state"] == "fetched"
    }
    assert asked.status == 3  # the stand-in has not every language that was asked for
    assert {name for name, _, _ in read} == {*ALL, *targets}
    pair = read["xnli", "test", "en"][1]
    assert pair == TextExample("2", "premise 1", "hypothesis 1", "contradiction")
    assert [example.id for example in read["anli-plus", "train", "en"]][-3:] == ["mnli:2", "snli:1", "snli:2"]
    assert len(read["snli", "train", "en"]) == 2  # the pair without an agreed label is left out
    assert read["panx", "test", "en"][0] == TaggedExample("1", ("word0", "word1", "word2"), ("B-PER", "I-PER", "O"))
    assert read["udpos", "test", "en"][0] == TaggedExample("1", ("word0", "word1", "word2"), ("DET", "NOUN", "VERB"))
    assert read["udpos", "test", "lt"][0] == TaggedExample("1", ("word0", "word1", "word2"), ("VERB", "NOUN", "DET"))
    assert [example.id for example in read["tydiqa", "test", "ko"]] == ["korean-2-0", "korean-3-1"]
    answers = [q.answers for q in read["squad-v2", "test", "en"] if isinstance(q, QuestionExample)]
    assert answers == [(), ()]
    choice = read["commonsenseqa", "train", "en"][0]
    assert choice == MultipleChoiceExample("1", "Where?", ("v", "w", "x", "y", "z"), 1)
    assert [getattr(example, "answer", 0) for example in read["copa", "test", "en"]] == [None]
    assert [getattr(example, "label", 0) for example in read["qqp-glue", "train", "en"]] == ["1", "0"]
    assert read["tatoeba", "test", "lt"][0].to_json() == {"id": "1", "source": "hello", "target": "labas"}
    assert read["tatoeba", "test", "de"][0].to_json() == {"id": "1", "source": "hello", "target": "hallo"}


def test_a_second_call_verifies_without_asking(hub: DatasetHub, tmp_path: Path) -> None:
    first = waystage(hub.address, tmp_path, "mnli", "--json")
    assert first.status == 0
    n_requests = len(hub.requested)
    second = waystage(hub.address, tmp_path, "mnli", "--json")
    assert len(hub.requested) == n_requests
    assert {need["state"] for need in second.json()["needs"]} == {"already there"}
    file = first.json()["needs"][0]["files"][0]
    path = tmp_path / "hub" / "nyu-mll--glue" / repos.GLUE.revision / file["path"]
    assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file["size"] == path.stat().st_size
    assert file["revision"] == repos.GLUE.revision
    assert str(hub.address) not in (path.parents[1] / "manifest.json").read_text(encoding="utf-8")


def test_changed_bytes_are_refused_and_fetched_again(hub: DatasetHub, tmp_path: Path) -> None:
    waystage(hub.address, tmp_path, "mnli")
    path = tmp_path / "hub" / "nyu-mll--glue" / repos.GLUE.revision / "mnli" / "train-00000-of-00001.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"?")
    with pytest.raises(DataError, match="other than those that were fetched"):
        TASKS["mnli"].source.read("train", "en", place_of(tmp_path))
    again = waystage(hub.address, tmp_path, "mnli", "--json")
    assert sorted(need["state"] for need in again.json()["needs"]) == ["already there", "already there", "fetched"]
    assert path.read_bytes() == content


def test_a_failed_source_does_not_stop_the_others(hub: DatasetHub, tmp_path: Path) -> None:
    hub.broken.add(repos.SNLI.dataset)
    answer = waystage(hub.address, tmp_path, "snli", "mnli")
    assert answer.status == 3
    assert "hf_abcdefghijkl" not in answer.out + answer.error
    assert "Traceback" not in answer.error
    assert "not all is there: snli (train), snli (validation), snli (test)" in answer.error
    rows = [line.split() for line in answer.out.splitlines()]
    assert [row[0] for row in rows if "failed" in row] == ["snli"] * 3
    assert [row[0] for row in rows if "fetched" in row] == ["mnli"] * 3
    hub.broken.clear()
    assert waystage(hub.address, tmp_path, "snli", "mnli").status == 0


def test_what_is_not_on_the_hub_is_said_with_where_it_is(hub: DatasetHub, tmp_path: Path) -> None:
    n_requests = len(hub.requested)
    answer = waystage(hub.address, tmp_path, "bucc2018", "--language", "zh", "--json")
    assert answer.status == 3
    (need,) = answer.json()["needs"]
    assert need["state"] == "not on the hub"
    assert "https://comparable.limsi.fr/bucc2018/" in need["reason"]
    assert "again" not in answer.error
    assert len(hub.requested) == n_requests


def test_a_download_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    n_mega = 1 << 20
    content = hashlib.shake_256(b"large").digest(24 * n_mega)
    path = tmp_path / "hub" / repos.GLUE.dataset / repos.GLUE.revision / "mnli" / "train-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with dataset_hub(tmp_path / "hub") as hub:
        hub.cut_after = 11 * n_mega
        hub.n_cuts = 1
        answer = waystage(hub.address, tmp_path / "cache", "mnli", "--json")
        train = answer.json()["needs"][0]
        assert (train["state"], answer.status) == ("fetched", 3)  # there are no files of the other splits
        ranges = [request for request in hub.requested if "bytes=" in request]
        # The client writes stretches of 10 MB: what came after the last whole one comes again.
        assert ranges == [
            f"GET /datasets/nyu-mll/glue/resolve/{repos.GLUE.revision}/mnli/{path.name} bytes={10 * n_mega}-"
        ]
        assert train["files"][0]["sha256"] == hashlib.sha256(content).hexdigest()


def test_what_another_process_left_is_gone_on_with(tmp_path: Path) -> None:
    content = hashlib.shake_256(b"small").digest(3000)
    path = tmp_path / "hub" / repos.GLUE.dataset / repos.GLUE.revision / "mnli" / "train-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    partial = tmp_path / "cache" / "hub" / "nyu-mll--glue" / repos.GLUE.revision / ".partial"
    partial.mkdir(parents=True)
    (partial / f"{path.name}.{hashlib.sha256(content).hexdigest()[:16]}").write_bytes(content[:1000])
    with dataset_hub(tmp_path / "hub") as hub:
        train = waystage(hub.address, tmp_path / "cache", "mnli", "--json").json()["needs"][0]
        assert train["files"][0]["sha256"] == hashlib.sha256(content).hexdigest()
        assert sum(hub.sent.values()) == 2000
        partial.mkdir(exist_ok=True)
        (tmp_path / "cache" / "hub" / "nyu-mll--glue" / repos.GLUE.revision / "manifest.json").unlink()
        (partial / f"{path.name}.{hashlib.sha256(content).hexdigest()[:16]}").write_bytes(b"?" * 1000)
        wrong = waystage(hub.address, tmp_path / "cache", "mnli", "--json").json()["needs"][0]
        assert wrong["state"] == "failed"
        assert "as the hub says" in wrong["files"][0]["reason"]
        assert waystage(hub.address, tmp_path / "cache", "mnli", "--json").json()["needs"][0]["state"] == "fetched"


def test_a_hub_that_does_not_answer(tmp_path: Path) -> None:
    answer = waystage("http://127.0.0.1:9", tmp_path, "mnli")
    assert answer.status == 3
    assert "Traceback" not in answer.error
    assert answer.out.count("failed") == 3


def test_what_is_asked_for_in_error(tmp_path: Path) -> None:
    answer = waystage("http://127.0.0.1:9", tmp_path, "xnlii")
    assert answer.status == 2
    assert "no task 'xnlii'; expected a task (waystage list tasks); did you mean 'xnli'?" in answer.error


def study_file(folder: Path, encoder: Path, *, is_own: bool = False) -> Path:
    task: dict[str, Any] = {"task": "own" if is_own else "mnli", "languages": ["en"]}
    study: dict[str, Any] = {
        "name": "fetch", "encoder": {"name": str(encoder)}, "seeds": [1], "sequences": {"base": []}, "targets": [task],
    }  # fmt: skip
    if is_own:
        files = {
            split: f"mnli/{name}-00000-of-00001.parquet" for split, name in (("train", "train"), ("test", "train"))
        }
        study["tasks"] = {
            "own": {
                "kind": "pair-classification", "languages": ["en"],
                "labels": ["entailment", "neutral", "contradiction"],
                "hub": {"dataset": repos.GLUE.dataset, "files": files},
                "columns": {"text": "premise", "pair": "hypothesis", "label": "label"},
            }
        }  # fmt: skip
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    return path


def test_a_study_gets_what_it_reads_and_only_that(hub: DatasetHub, tmp_path: Path, tiny_encoder_dir: Path) -> None:
    study = study_file(tmp_path, tiny_encoder_dir)
    answer = waystage(hub.address, tmp_path / "cache", str(study), "--json")
    assert answer.status == 0, answer.error
    assert [(need["split"], need["state"]) for need in answer.json()["needs"]] == [
        ("train", "fetched"),
        ("test", "fetched"),
    ]


def test_what_is_not_pinned_is_resolved_and_recorded(hub: DatasetHub, tmp_path: Path, tiny_encoder_dir: Path) -> None:
    study = study_file(tmp_path, tiny_encoder_dir, is_own=True)
    answer = waystage(hub.address, tmp_path / "cache", str(study), "--json")
    assert answer.status == 0, answer.error
    files = [file for need in answer.json()["needs"] for file in need["files"]]
    assert {(file["revision"], file["is_pinned"]) for file in files} == {(repos.GLUE.revision, False)}
    refs = json.loads((tmp_path / "cache" / "hub" / "nyu-mll--glue" / "refs.json").read_text(encoding="utf-8"))
    assert refs == {"main": repos.GLUE.revision}


def test_published_files_with_gold_are_not_fetched(hub: DatasetHub, tmp_path: Path) -> None:
    row = '{"pairID": "1n", "sentence1": "a", "sentence2": "b", "gold_label": "neutral"}\n'
    (tmp_path / "data" / "mnli").mkdir(parents=True)
    (tmp_path / "data" / "mnli" / "multinli_1.0_train.jsonl").write_text(row, encoding="utf-8")
    answer = waystage(hub.address, tmp_path / "cache", "mnli", "--data", str(tmp_path / "data"), "--json")
    states = {need["split"]: need["state"] for need in answer.json()["needs"]}
    assert states == {"train": "published files", "validation": "fetched", "test": "fetched"}
    place = Place(tmp_path, tmp_path / "cache", tmp_path / "data")
    assert TASKS["mnli"].source.read("train", "en", place) == [TextExample("1n", "a", "b", "neutral")]


def test_the_copy_is_read_where_the_published_file_has_no_gold(hub: DatasetHub, tmp_path: Path) -> None:
    (tmp_path / "data" / "pawsx").mkdir(parents=True)
    (tmp_path / "data" / "pawsx" / "test-en.tsv").write_text("a\tb\n", encoding="utf-8")
    place = Place(tmp_path, tmp_path / "cache", tmp_path / "data")
    withheld = TASKS["pawsx"].source.read("test", "en", place)
    assert [example.has_gold for example in withheld] == [False]
    data = ("--data", str(tmp_path / "data"), "--language", "en", "--json")
    asked = waystage(hub.address, tmp_path / "cache", "pawsx", *data)
    assert [need["state"] for need in asked.json()["needs"]] == ["fetched"] * 3
    assert TASKS["pawsx"].source.read("test", "en", place) == [
        TextExample("1", "a", "c", "1"),
        TextExample("2", "b", "d", "0"),
    ]


def test_a_folder_of_fetched_files_is_checked_and_read_with_data(hub: DatasetHub, tmp_path: Path) -> None:
    asked = waystage(hub.address, tmp_path / "cache", "copa", "--to", str(tmp_path / "data"))
    assert asked.status == 0
    found = check_folder(tmp_path / "data", [TASKS["copa"]])
    assert [(one.split, one.state, one.n_found) for one in found.checked] == [
        ("train", State.DIFFERS, 1),
        ("validation", State.DIFFERS, 1),
        ("test", State.DIFFERS, 1),
    ]
    assert not found.unread


@pytest.mark.parametrize("path", ["../x.parquet", "/etc/passwd", "a/../../x", "a\\b", ""])
def test_no_path_leads_out_of_the_folder(path: str, tmp_path: Path) -> None:
    folder = HubFolder(tmp_path)
    with pytest.raises(DataError, match="not the path of a file"):
        folder.path(RemoteFile("tiny/data", "0" * 40, path), "0" * 40)
    with pytest.raises(DataError, match="not the name of a dataset"):
        folder.path(RemoteFile("../data", "0" * 40, "x"), "0" * 40)
