from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from waystage.data.examples import TextExample
from waystage.data.source import Place
from waystage.data.sources import vader
from waystage.data.sources.vader import VaderSnippets
from waystage.errors import DataError
from waystage.tasks.vader_sentiment import TASK


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def sdist(movie: bytes, product: bytes = b"1_1\t2.0\tworks\r\n") -> bytes:
    (_, movie_name), (_, product_name) = vader._TABLES
    return archive({vader._INNER_ARCHIVE: archive({movie_name: movie, product_name: product})})


def install(place: Place, content: bytes) -> Path:
    path = place.cache_dir / "sdists" / vader.FILE_NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def everything(place: Place) -> list[TextExample]:
    source = VaderSnippets()
    found = [*source.read("train", "en", place), *source.read("validation", "en", place)]
    return [example for example in found if isinstance(example, TextExample)]


def test_neutral_repeated_and_contradicted_snippets_are_left_out(place: Place) -> None:
    rows = ["1\t2.5\tgood", "2\t-1.0\tbad", "3\t0.3\tmeh", "4\t1.0\tgood", "5\t1\tboth", "6\t-1\tboth"]
    install(place, sdist("\r\n".join(rows).encode()))
    assert {(example.id, example.text, example.label) for example in everything(place)} == {
        ("movie-1", "good", "positive"),
        ("movie-2", "bad", "negative"),
        ("product-1_1", "works", "positive"),
    }


def test_a_malformed_row_is_named(place: Place) -> None:
    install(place, sdist(b"1\t2.5\tgood\r\n2\tbad\r\n"))
    with pytest.raises(DataError, match=r"movieReviewSnippets_GroundTruth\.txt:2: 2 columns"):
        everything(place)


@pytest.mark.parametrize("content", [b"", b"not an archive", archive({"other": b""}), sdist(b"\xff\t1\ta")])
def test_a_damaged_archive_is_a_data_error(place: Place, content: bytes) -> None:
    install(place, content)
    with pytest.raises(DataError, match="is damaged"):
        everything(place)


def fake_pip(content: bytes | None, status: int) -> Any:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert "--require-hashes" in command
        if content is not None:
            (Path(command[command.index("--dest") + 1]) / vader.FILE_NAME).write_bytes(content)
        return subprocess.CompletedProcess(command, status, "", "no index in reach")

    return run


def test_the_archive_is_fetched_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    content = sdist(b"1\t2\tgood\n")
    monkeypatch.setattr(vader, "SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(subprocess, "run", fake_pip(content, 0))
    assert everything(place)
    monkeypatch.setattr(subprocess, "run", fake_pip(None, 1))
    assert everything(place)
    assert [path.name for path in (place.cache_dir / "sdists").iterdir()] == [vader.FILE_NAME]


@pytest.mark.parametrize(("content", "status"), [(None, 1), (None, 0), (b"another archive", 0)])
def test_a_failed_download_says_what_to_do(
    place: Place, monkeypatch: pytest.MonkeyPatch, content: bytes | None, status: int
) -> None:
    monkeypatch.setattr(subprocess, "run", fake_pip(content, status))
    with pytest.raises(DataError, match="put it at") as caught:
        everything(place)
    assert str(place.cache_dir / "sdists" / vader.FILE_NAME) in str(caught.value)
    assert not list((place.cache_dir / "sdists").iterdir())


def test_there_is_no_test_split(place: Place) -> None:
    with pytest.raises(DataError, match="train and a validation split"):
        VaderSnippets().read("test", "en", place)


@pytest.fixture(scope="module")
def real_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("vader")
    place = Place(study_dir=folder, cache_dir=folder)
    try:
        VaderSnippets().files("train", "en", place)
    except DataError as error:
        pytest.skip(f"the source distribution cannot be had: {error}")
    return place


@pytest.mark.slow
def test_the_real_snippets(real_place: Place) -> None:
    for (split, language), expected in TASK.expected_counts.items():
        examples = TASK.source.read(split, language, real_place)
        assert len(examples) == expected
        assert {example.label for example in examples if isinstance(example, TextExample)} == set(TASK.labels)
