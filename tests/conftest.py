"""Fixtures that several test packages share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from waystage.data.source import Place
from waystage.encoders.tokenizer import SubwordTokenizer

if TYPE_CHECKING:
    from waystage.encoders.model import Encoder

# Tiny encoders gain nothing from threads, which get in each other's way on a busy machine. Read when torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data_dir() -> Path:
    """The folder of real benchmark files: WAYSTAGE_TEST_DATA, or ``../shared/data`` beside the checkout."""
    checkout = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("WAYSTAGE_TEST_DATA") or checkout.parent / "shared" / "data")
    if folder.is_dir():
        return folder
    reason = f"no benchmark files at {folder}: name their folder in WAYSTAGE_TEST_DATA"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place whose folders are the test's own."""
    return Place(study_dir=tmp_path, cache_dir=tmp_path / "cache")


@pytest.fixture(scope="session")
def tiny_encoder_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with three layers and a vocabulary of 300 pieces, in the transformers format."""
    # Imported here because only some tests need torch.
    from tests.fixtures.encoders import write_encoder

    return write_encoder(tmp_path_factory.mktemp("encoder") / "bert")


@pytest.fixture(scope="session")
def architecture_dirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A random encoder of each architecture, by name."""
    from tests.fixtures.encoders import ARCHITECTURES, write_encoder

    folder = tmp_path_factory.mktemp("encoders")
    return {name: write_encoder(folder / name, name) for name in ARCHITECTURES}


@pytest.fixture(scope="session")
def tokenizer_dirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder with a tokeniser of each kind (``unigram``, ``byte-level``, ``word-piece``), without weights."""
    from tests.fixtures.encoders import TOKENIZERS, write_tokenizer

    folder = tmp_path_factory.mktemp("tokenizers")
    for name in TOKENIZERS:
        write_tokenizer(folder / name, name)
    return {name: folder / name for name in TOKENIZERS}


@pytest.fixture
def tiny_study_path(tmp_path: Path, tiny_encoder_dir: Path) -> Path:
    """A study file with its own data: three sequences, three targets, two seeds; it runs in seconds."""
    from tests.fixtures.studies import tiny_study, write_study

    return write_study(tmp_path / "study", tiny_study(tiny_encoder_dir, tmp_path / "out"))


@pytest.fixture
def short_study_path(tmp_path: Path, tiny_encoder_dir: Path) -> Path:
    """A smaller study file: two sequences, two targets, one seed."""
    from tests.fixtures.studies import short_study, write_study

    return write_study(tmp_path / "study", short_study(tiny_encoder_dir, tmp_path / "out"))


@pytest.fixture(scope="session")
def pretrained(tiny_encoder_dir: Path) -> Encoder:
    """The tiny encoder, in memory. Train a copy of it."""
    from waystage.encoders.model import load_encoder

    return load_encoder(tiny_encoder_dir)


@pytest.fixture(scope="session")
def tokenizer(tiny_encoder_dir: Path) -> SubwordTokenizer:
    """The tokeniser of the tiny encoder."""
    return SubwordTokenizer(tiny_encoder_dir)
