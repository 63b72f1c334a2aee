"""Fixtures that several test packages share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from waystage.data.source import Place


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
