"""A tiny run and its sealed record, made once."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.studies import CLAIMS, short_study, write_study
from waystage import api
from waystage.record.seal import seal_run
from waystage.store.store import Store

# Runs in an environment of its own (`make crate`).
collect_ignore = ["crate"]


@dataclass(frozen=True, slots=True)
class SealedRun:
    """A finished run, its store, and its record. Tests that change the record copy it."""

    run_dir: Path
    store: Store
    folder: Path

    def copy(self, to: Path) -> Path:
        """A record of one's own."""
        return Path(shutil.copytree(self.folder, to / "record"))


@pytest.fixture(scope="session")
def sealed(tiny_encoder_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> SealedRun:
    """Two sequences, one seed; topics may be passed on, pairs are under no known licence."""
    folder = tmp_path_factory.mktemp("sealed")
    content = short_study(tiny_encoder_dir, folder / "out")
    content["tasks"]["topics"]["licence"] = "CC BY 4.0"
    content["claims"] = CLAIMS
    path = write_study(folder / "study", content)
    store = Store(folder / "store")
    text = path.read_text(encoding="utf-8")
    run = api.run_study(api.load_checked_study(path), store, n_threads=1, study_yaml=text)
    seal_run(run.output_dir, store, folder / "record")
    return SealedRun(run.output_dir, store, folder / "record")
