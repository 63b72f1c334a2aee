"""Where an encoder comes from: an installed package, the hub or a folder; each becomes a plain transformers folder.

All three are the same kind of thing afterwards: a folder with config.json, safetensors weights and tokenizer.json. No
torch here unless a hub encoder has to be converted.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from waystage.encoders import embedded
from waystage.encoders.registry import ENCODERS, EncoderShape
from waystage.errors import DataError, Problem, first_line, nearest_name
from waystage.store.canonical import digest_file
from waystage.store.files import writing_tensors

_WANTED = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
)
_TOKENIZER_SOURCES = ("*.model", "vocab.txt", "vocab.json", "merges.txt")


class EncoderSource(Protocol):
    """An encoder before it is in the store."""

    def identity(self) -> dict[str, Any]:
        """What decides the encoder's bytes: goes into the address of everything that is trained from it."""

    def shape(self) -> EncoderShape:
        """Sizes for cost estimates."""

    def write(self, folder: Path) -> None:
        """Write the encoder as a transformers folder."""

    def write_tokenizer(self, folder: Path) -> None:
        """Write what such a folder has but for the weights."""


def encoder_source(name: str, revision: str | None, trust_remote_code: bool, study_dir: Path) -> EncoderSource:
    """The source that ``name`` stands for: a registry name, an existing folder, or a hub id, in that order.

    Raises:
        DataError: it is none of them.
    """
    info = ENCODERS.get(name)
    if info is not None and info.origin == "package":
        return PackageEncoder()
    if info is not None:
        return HubEncoder(info.address, revision, trust_remote_code)
    folder = (study_dir / name).expanduser()
    if folder.is_dir():
        return FolderEncoder(folder, trust_remote_code)
    if re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", name):
        return HubEncoder(name, revision, trust_remote_code)
    expected = f"one of {', '.join(ENCODERS)}, a folder, or a hub id such as org/name"
    raise DataError(Problem(name, None, "encoder", "no such encoder", expected, nearest_name(name, ENCODERS)))


@dataclass(frozen=True, slots=True)
class PackageEncoder:
    """The encoder inside the installed package."""

    def identity(self) -> dict[str, Any]:
        """Package, version and digest of the weights, and the version of the conversion."""
        package = f"{embedded.PACKAGE}=={embedded.PACKAGE_VERSION}"
        return {"origin": "package", "package": package, "sha256": embedded.FILE_SHA256, "conversion": 1}

    def shape(self) -> EncoderShape:
        """multilingual-e5-small."""
        return EncoderShape(12, 384, 1536, 250_037)

    def write(self, folder: Path) -> None:
        """Convert the package's container."""
        embedded.convert(embedded.weights_path(), folder)

    def write_tokenizer(self, folder: Path) -> None:
        """Convert the package's tokeniser."""
        embedded.convert(embedded.weights_path(), folder, with_weights=False)


@dataclass(frozen=True, slots=True)
class FolderEncoder:
    """A local folder in the transformers format."""

    path: Path
    trust_remote_code: bool = False

    def identity(self) -> dict[str, Any]:
        """Digests of the files; the folder's place does not matter."""
        return {"origin": "folder", "files": {path.name: digest_file(path) for path in self._files()}}

    def shape(self) -> EncoderShape:
        """From config.json."""
        return shape_from_config(self.path / "config.json")

    def write(self, folder: Path) -> None:
        """Copy the files, converting weights and tokeniser where they are in another form."""
        _write_folder(self._files(), self.path, folder)

    def write_tokenizer(self, folder: Path) -> None:
        """Copy the configuration and the tokeniser, converted where it is in another form."""
        _write_tokenizer(self._files(), self.path, folder)

    def _files(self) -> list[Path]:
        if not (self.path / "config.json").is_file():
            raise DataError(f"{self.path}: no config.json: this is not a transformers folder")
        return _encoder_files(self.path)


@dataclass(frozen=True, slots=True)
class HubEncoder:
    """An encoder of the model hub, pinned to a commit."""

    repo_id: str
    revision: str | None
    trust_remote_code: bool = False

    def identity(self) -> dict[str, Any]:
        """Hub id and commit."""
        return {"origin": "hub", "repo_id": self.repo_id, "commit": self.commit()}

    def commit(self) -> str:
        """The commit that ``revision`` (default: main) names; asked of the hub unless it is one that is cached."""
        return _commit_of(self.repo_id, self.revision)

    def shape(self) -> EncoderShape:
        """From config.json, downloaded when it is not in the hub cache."""
        return shape_from_config(self._download(["config.json"]) / "config.json")

    def write(self, folder: Path) -> None:
        """Download and copy; pickled weights are read with ``weights_only`` and rewritten as safetensors."""
        snapshot = self._download([*_WANTED, *_TOKENIZER_SOURCES])
        if not any(snapshot.glob("*.safetensors")):
            snapshot = self._download([*_WANTED, *_TOKENIZER_SOURCES, "pytorch_model*.bin*"])
        _write_folder(_encoder_files(snapshot), snapshot, folder)
        if self.trust_remote_code:
            _point_code_to_hub(folder / "config.json", self.repo_id)

    def write_tokenizer(self, folder: Path) -> None:
        """Download and copy the configuration and the tokeniser."""
        patterns = [pattern for pattern in _WANTED if "safetensors" not in pattern]
        snapshot = self._download([*patterns, *_TOKENIZER_SOURCES])
        _write_tokenizer(_encoder_files(snapshot), snapshot, folder)

    def _download(self, patterns: list[str]) -> Path:
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(self.repo_id, revision=self.commit(), allow_patterns=patterns))
        except DataError:
            raise
        except Exception as error:  # as in _commit_of
            raise _unreachable(self.repo_id, error) from None


# A process asks once, so that what is planned and what is downloaded are the same commit.
@cache
def _commit_of(repo_id: str, revision: str | None) -> str:
    """The commit that a branch or tag (default: main) names: of the hub, or what it was when last asked, offline."""
    from huggingface_hub import HfApi, hf_hub_download, try_to_load_from_cache

    try:
        if not isinstance(try_to_load_from_cache(repo_id, "config.json", revision=revision), str):
            # Fails at once where there is no hub; the download would try again for half a minute.
            HfApi().model_info(repo_id, revision=revision)
        return Path(hf_hub_download(repo_id, "config.json", revision=revision)).parent.name
    except Exception as error:  # the hub client raises errors of its own, of its HTTP library and of the system
        raise _unreachable(repo_id, error) from None


def _unreachable(repo_id: str, error: Exception) -> DataError:
    return DataError(f"cannot load the encoder {repo_id} from the hub: {first_line(error)}")


def _encoder_files(folder: Path) -> list[Path]:
    safetensors = any(folder.glob("*.safetensors"))
    patterns = [*_WANTED, *_TOKENIZER_SOURCES, *([] if safetensors else ["pytorch_model*.bin"])]
    files = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return sorted(files)


def _write_folder(files: list[Path], source: Path, folder: Path) -> None:
    for path in files:
        if path.suffix == ".safetensors":
            shutil.copyfile(path, folder / path.name)
    pickled = [path for path in files if path.suffix == ".bin"]
    if pickled:
        _convert_pickled(pickled, folder / "model.safetensors")
    if not any(folder.glob("*.safetensors")):
        raise DataError(f"{source}: no weights (*.safetensors or pytorch_model.bin)")
    _write_tokenizer(files, source, folder)


def _write_tokenizer(files: list[Path], source: Path, folder: Path) -> None:
    """Everything but the weights."""
    for path in files:
        if path.suffix in (".json", ".txt", ".model"):
            shutil.copyfile(path, folder / path.name)
    if not (folder / "tokenizer.json").is_file():
        _convert_tokenizer(source, folder)


def _convert_pickled(paths: list[Path], target: Path) -> None:
    """Rewrite pickled weights, read without running any code in them, as safetensors."""
    import pickle  # only for the name of the error

    import torch
    from safetensors.torch import save_file

    tensors: dict[str, torch.Tensor] = {}
    for path in paths:
        try:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
            raise DataError(f"{path}: refused as weights: {first_line(error)}") from None
        tensors |= {name: value.contiguous().clone() for name, value in _tensors_of(loaded).items()}
    with writing_tensors(target):
        save_file(tensors, target, metadata={"format": "pt"})


def _tensors_of(loaded: object) -> Mapping[str, Any]:
    import torch

    if not isinstance(loaded, Mapping):
        raise DataError("pickled weights are not a mapping of names to tensors")
    return {str(name): value for name, value in loaded.items() if isinstance(value, torch.Tensor)}


def _convert_tokenizer(source: Path, folder: Path) -> None:
    from transformers import AutoTokenizer

    try:
        AutoTokenizer.from_pretrained(source, trust_remote_code=False).save_pretrained(folder)
    except Exception as error:  # converters raise whatever they meet
        found = "no tokenizer.json, and its tokeniser cannot be converted"
        raise DataError(f"{source}: {found}: {first_line(error)}") from None
    if not (folder / "tokenizer.json").is_file():
        raise DataError(f"{source}: its tokeniser has no fast form (tokenizer.json), which Waystage needs")


def _point_code_to_hub(config_path: Path, repo_id: str) -> None:
    """Make ``auto_map`` name the hub repository, since the code itself is never copied into the store."""
    config = json.loads(config_path.read_text(encoding="utf-8"))
    auto_map = config.get("auto_map", {})
    config["auto_map"] = {
        role: name if "--" in name else f"{repo_id}--{name}" for role, name in auto_map.items() if isinstance(name, str)
    }
    config_path.write_text(json.dumps(config, indent=2), encoding="utf-8")


def shape_from_config(path: Path) -> EncoderShape:
    """Sizes that a configuration states.

    Raises:
        DataError: it states none.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        hidden = int(config["hidden_size"])
        return EncoderShape(
            n_layers=int(config["num_hidden_layers"]),
            hidden_size=hidden,
            intermediate_size=int(config.get("intermediate_size", 4 * hidden)),
            vocabulary_size=int(config["vocab_size"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not the configuration of an encoder ({type(error).__name__}: {error})") from None
