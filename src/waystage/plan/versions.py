"""Versions of the packages that can change numbers. They are read without importing the packages."""

from __future__ import annotations

from functools import cache
from importlib import metadata

_PACKAGES = ("torch", "transformers", "tokenizers", "numpy")


@cache
def package_versions() -> dict[str, str]:
    """Version of each package that takes part in training and prediction; ``missing`` where one is not installed."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "missing"
    return versions
