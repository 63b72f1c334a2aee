"""Data that lives inside an installed Python package, at one pinned version."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from waystage.errors import DataError


@lru_cache(maxsize=64)
def package_dir(distribution: str, pinned_version: str, module: str) -> Path:
    """The folder of an installed package, which is not imported.

    Raises:
        DataError: the package is not installed, or at another version; the message names the pip command.
    """
    command = f"pip install {distribution}=={pinned_version}"
    try:
        found = version(distribution)
    except PackageNotFoundError:
        raise DataError(f"the package {distribution}=={pinned_version} is not installed: run `{command}`") from None
    if found != pinned_version:
        raise DataError(
            f"{distribution} {found} is installed, but the examples are defined by {pinned_version}: run `{command}`"
        )
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise DataError(f"{distribution} {found} has no module {module}: run `{command} --force-reinstall`")
    return Path(spec.origin).parent


def existing_file(path: Path, distribution: str) -> Path:
    """``path`` itself, a file of an installed package; DataError where the installation lacks it."""
    if not path.is_file():
        raise DataError(f"{path} is missing from the installed package {distribution}: reinstall it")
    return path
