"""A finished run of a study of published tasks, of each kind one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.fixtures.published import published_study, write_published
from waystage import api
from waystage.exports.run import FinishedRun
from waystage.store.store import Store


@pytest.fixture(scope="package")
def run(tiny_encoder_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    folder = tmp_path_factory.mktemp("published")
    data_dir = write_published(folder / "data")
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(published_study(tiny_encoder_dir, folder / "out")), encoding="utf-8")
    store = Store(folder / "store")
    api.run_study(api.load_checked_study(path, data_dir), store, n_threads=1, command="waystage run study.yaml")
    return FinishedRun.open(folder / "out", store)
