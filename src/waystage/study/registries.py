"""What a name in a study file may refer to: built-in tasks, corpora and encoders, hub ids and folders."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from waystage.data.corpus import Corpus
from waystage.tasks.task import Task

HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_MAX_CONFIG_BYTES = 1_000_000


class NamedEncoder(Protocol):
    """An entry of the registry of encoders."""

    @property
    def n_layers(self) -> int:
        """Number of layers."""


@dataclass(frozen=True, slots=True)
class Registries:
    """The built-in tasks, corpora and encoders, by name."""

    tasks: Mapping[str, Task]
    corpora: Mapping[str, Corpus]
    encoders: Mapping[str, NamedEncoder]


def installed_registries() -> Registries:
    """Everything that this version of Waystage brings, and tasks and corpora of other installed packages."""
    # Imported here because a study can be checked against other registries without loading every task.
    from waystage.data.corpora import installed_corpora
    from waystage.encoders.registry import ENCODERS
    from waystage.tasks.registry import installed_tasks

    return Registries(installed_tasks(), installed_corpora(), ENCODERS)


@dataclass(frozen=True, slots=True)
class FoundEncoder:
    """What an encoder's name refers to. ``n_layers`` is None where only loading it would tell."""

    name: str
    is_hub: bool
    n_layers: int | None


def find_encoder(name: str, encoders: Mapping[str, NamedEncoder], study_dir: Path) -> FoundEncoder | None:
    """The encoder of that name: of the registry, else an existing folder, else a hub id; or None.

    A folder's name becomes an absolute path, read relative to the folder of the study file.
    """
    if name in encoders:
        return FoundEncoder(name, False, encoders[name].n_layers)
    folder = study_dir / name
    if _is_folder(folder):
        return FoundEncoder(str(folder.resolve()), False, _layers_in(folder / "config.json"))
    return FoundEncoder(name, True, None) if HUB_ID.fullmatch(name) else None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name longer than the file system takes
        return False


def _layers_in(config: Path) -> int | None:
    try:
        with config.open("rb") as stream:
            values = json.loads(stream.read(_MAX_CONFIG_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    n_layers = values.get("num_hidden_layers") if isinstance(values, dict) else None
    return n_layers if isinstance(n_layers, int) and n_layers > 0 else None
