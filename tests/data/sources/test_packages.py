from __future__ import annotations

from pathlib import Path

import pytest

from waystage.data.sources.packages import existing_file, package_dir
from waystage.errors import DataError


def test_a_package_that_is_not_installed_names_the_command() -> None:
    with pytest.raises(DataError, match=r"pip install no-such-package==1\.0"):
        package_dir("no-such-package", "1.0", "no_such_package")


def test_another_version_is_refused() -> None:
    with pytest.raises(DataError, match=r"is installed, but .*pip install pytest==0\.1"):
        package_dir("pytest", "0.1", "pytest")


def test_the_folder_of_an_installed_package() -> None:
    assert package_dir("pytest", pytest.__version__, "pytest") == Path(pytest.__file__).parent


def test_a_file_that_the_installation_lacks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing from the installed package demo"):
        existing_file(tmp_path / "absent.json", "demo")
