"""English snippets of film and product reviews, rated by people from -4 (negative) to 4 (positive).

The ratings come with the source distribution of vaderSentiment only, in an archive inside the archive. It is
read in
memory: nothing of it is unpacked or run by Waystage.

Reference: Hutto and Gilbert (2014), VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social
    Media Text;
https://github.com/cjhutto/vaderSentiment (MIT).
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.examples import Example, TextExample
from waystage.data.source import Place, Split
from waystage.errors import DataError, Problem

FILE_NAME = "vaderSentiment-3.3.2.tar.gz"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
_REQUIREMENT = f"vaderSentiment==3.3.2 --hash=sha256:{SHA256}\n"
_INNER_ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
_TABLES = (
    ("movie", "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"),
    ("product", "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"),
)
_DOWNLOAD_SECONDS = 300
_N_VALIDATION_PERCENT = 5


@dataclass(frozen=True, slots=True)
class VaderSnippets:
    """Snippets labelled ``negative`` or ``positive``, in English, split by a hash of their ids.

    Attributes:
        neutral_zone: snippets whose mean rating lies in [-neutral_zone, neutral_zone] are left out.
    """

    neutral_zone: float = 0.3
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The source distribution in the cache, fetched with pip where it is not there yet."""
        path = place.cache_dir / "sdists" / FILE_NAME
        if not path.is_file():
            _fetch(path)
        return [path]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Film snippets, then product snippets; a text that occurs twice is kept once, if labels agree."""
        if split == "test" or language != "en":
            raise DataError("vaderSentiment's snippets have a train and a validation split, in English only")
        path = self.files(split, language, place)[0]
        by_text: dict[str, TextExample] = {}
        contradicted: set[str] = set()
        for example in self._labelled(path):
            first = by_text.setdefault(example.text, example)
            if first.label != example.label:
                contradicted.add(example.text)
        return [
            example for text, example in by_text.items() if text not in contradicted and _split_of(example.id) == split
        ]

    def _labelled(self, path: Path) -> Iterator[TextExample]:
        for genre, name, content in _tables(path):
            for number, line in enumerate(content.rstrip().split("\n"), start=1):
                snippet_id, rating, text = _row(path, name, number, line)
                if abs(rating) > self.neutral_zone:
                    label = "positive" if rating > 0 else "negative"
                    yield TextExample(f"{genre}-{snippet_id}", text, None, label)


def _split_of(snippet_id: str) -> Split:
    is_validation = int(hashlib.sha256(snippet_id.encode()).hexdigest(), 16) % 100 < _N_VALIDATION_PERCENT
    return "validation" if is_validation else "train"


def _row(path: Path, name: str, number: int, line: str) -> tuple[str, float, str]:
    columns = line.split("\t")
    try:
        snippet_id, rating, text = columns
        return snippet_id, float(rating), text.strip()
    except ValueError:
        problem = Problem(f"{path}/{name}", number, None, f"{len(columns)} columns", "id, mean rating and text")
        raise DataError(problem) from None


def _tables(path: Path) -> Iterator[tuple[str, str, str]]:
    """Genre, name and text of each table in the archive."""
    try:
        with tarfile.open(path) as outer:
            inner_bytes = _member(outer, _INNER_ARCHIVE)
        with tarfile.open(fileobj=io.BytesIO(inner_bytes)) as inner:
            for genre, name in _TABLES:
                yield genre, name, _member(inner, name).decode("utf-8")
    except (tarfile.TarError, EOFError, OSError, KeyError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is damaged ({error}): delete it, it is fetched again") from error


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(f"{name} is not a file")
    return file.read()


def _fetch(path: Path) -> None:
    """Fetch the archive with pip, from the index that the user has configured, to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(_REQUIREMENT, encoding="utf-8")
        # With a hash in the requirement, pip checks the archive before it looks into it.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        command += ["--require-hashes", "--requirement", str(requirements), "--dest", folder]
        try:
            result = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DataError(_instructions(path, str(error))) from error
        fetched = Path(folder) / FILE_NAME
        found = next((file for file in Path(folder).iterdir() if file.name.lower() == FILE_NAME.lower()), fetched)
        if result.returncode != 0 or not found.is_file():
            raise DataError(_instructions(path, result.stderr.strip()[-600:] or "pip gave no file"))
        if hashlib.sha256(found.read_bytes()).hexdigest() != SHA256:
            raise DataError(_instructions(path, "what pip gave has another digest"))
        os.replace(found, path)


def _instructions(path: Path, reason: str) -> str:
    return (
        f"cannot fetch {FILE_NAME} with pip: {reason}\n"
        f"Get it on a computer with access to a package index (`pip download --no-deps --no-binary :all: "
        f"vaderSentiment==3.3.2`) and put it at {path} (sha256 {SHA256})."
    )
