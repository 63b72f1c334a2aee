"""Where encoders come from: names, folders, and pickled weights."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from waystage.encoders.model import load_encoder
from waystage.encoders.sources import FolderEncoder, HubEncoder, PackageEncoder, encoder_source
from waystage.errors import DataError


@pytest.fixture
def folder(tiny_encoder_dir: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny_encoder_dir, tmp_path / "encoder")
    return tmp_path / "encoder"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


class TouchesAFile:
    """Unpickled, it would run code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_what_a_name_stands_for(tmp_path: Path) -> None:
    (tmp_path / "org" / "mine").mkdir(parents=True)
    assert encoder_source("e5-small-embedded", None, False, tmp_path) == PackageEncoder()
    assert encoder_source("xlm-r-base", None, False, tmp_path) == HubEncoder("FacebookAI/xlm-roberta-base", None)
    assert encoder_source("org/mine", None, False, tmp_path) == FolderEncoder(tmp_path / "org" / "mine")
    assert encoder_source("org/other", "v1", True, tmp_path) == HubEncoder("org/other", "v1", True)


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean 'xlm-r-base'"):
        encoder_source("xlmr-base", None, False, tmp_path)


def test_a_folder_is_copied_and_loads(folder: Path, target: Path) -> None:
    source = FolderEncoder(folder)
    source.write(target)
    assert load_encoder(target).n_layers == source.shape().n_layers == 3
    assert source.shape().vocabulary_size == load_encoder(target).token_embeddings.num_embeddings


def test_the_place_of_a_folder_does_not_matter(folder: Path, tmp_path: Path) -> None:
    before = FolderEncoder(folder).identity()
    moved = folder.rename(tmp_path / "moved")
    assert FolderEncoder(moved).identity() == before
    (moved / "README.md").write_text("notes do not count")
    assert FolderEncoder(moved).identity() == before


def test_weights_decide_the_identity(folder: Path) -> None:
    before = FolderEncoder(folder).identity()
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(bytes(content))
    assert FolderEncoder(folder).identity() != before


def test_code_beside_the_weights_is_not_copied(folder: Path, target: Path) -> None:
    (folder / "modeling.py").write_text("raise SystemExit")
    FolderEncoder(folder).write(target)
    assert not list(target.glob("*.py"))


def test_pickled_weights_are_converted(folder: Path, target: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    FolderEncoder(folder).write(target)
    assert not list(target.glob("*.bin"))
    converted = load_file(target / "model.safetensors")
    assert converted.keys() == tensors.keys()
    assert all(torch.equal(converted[name], tensor) for name, tensor in tensors.items())
    assert load_encoder(target).n_layers == 3


def test_pickled_code_is_refused_and_not_run(folder: Path, target: Path, tmp_path: Path) -> None:
    evidence = tmp_path / "it-ran"
    (folder / "model.safetensors").unlink()
    torch.save({"weight": torch.zeros(2), "evil": TouchesAFile(evidence)}, folder / "pytorch_model.bin")
    with pytest.raises(DataError, match="refused as weights"):
        FolderEncoder(folder).write(target)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(TouchesAFile(evidence)))
    with pytest.raises(DataError, match="refused as weights"):
        FolderEncoder(folder).write(target)
    assert not evidence.exists()


def test_a_broken_pickle_is_a_mistake_of_the_data(folder: Path, target: Path) -> None:
    (folder / "model.safetensors").unlink()
    for content in (b"", b"not a pickle", b"PK\x03\x04 half an archive"):
        (folder / "pytorch_model.bin").write_bytes(content)
        with pytest.raises(DataError, match=r"pytorch_model\.bin"):
            FolderEncoder(folder).write(target)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_that_is_missing_is_named(folder: Path, target: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DataError, match=r"config\.json|weights|tokenizer\.json"):
        FolderEncoder(folder).write(target)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"hidden_size": "wide"}'])
def test_a_config_without_sizes(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(DataError, match="not the configuration of an encoder"):
        FolderEncoder(folder).shape()
