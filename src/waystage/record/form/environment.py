"""``environment.json``: where a run took place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from waystage.comparison import json_form
from waystage.report.record import Fact


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed Python distribution."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class GitState:
    """The checkout that ran. Where it ``is_dirty``, the commit does not name the code: files differ from it."""

    commit: str
    is_dirty: bool


@dataclass(frozen=True, slots=True)
class Hardware:
    """What it ran on; None where it cannot be told."""

    system: str
    machine: str
    processor: str
    n_cores: int | None
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a run took place. Never environment variables, host names, users or paths.

    Attributes:
        git: None: it ran from an installed package.
        lock: every installed distribution, by name: what a new environment has to hold to be the same.
        packages: those whose versions can change numbers; they are part of the ids of nodes.
        brought: tasks and corpora that came with other packages.
        gathered_at: when these were looked up, ISO 8601 in UTC: at the end of the run, or when the record was built.
    """

    __pydantic_config__ = json_form.STRICT_FIELDS

    waystage: str
    python: str
    git: GitState | None
    hardware: Hardware
    packages: dict[str, str]
    lock: tuple[Distribution, ...]
    brought: tuple[Fact, ...]
    gathered_at: str
    schema_version: Literal[1] = 1
