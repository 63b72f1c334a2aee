"""The folder that an export leaves: there whole or not at all, and never in the place of something else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waystage.errors import Problem, StudyError
from waystage.store.files import random_name, remove_tree, sync_tree, writing

MARK_NAME = "waystage-export.json"
"""Says what was exported; only a folder that has it is ever replaced."""


@contextmanager
def new_folder(target: Path, about: dict[str, Any], *, is_forced: bool = False) -> Iterator[Path]:
    """A draft that becomes ``target`` when the block ends without an error; ``about`` is noted in it.

    Raises:
        StudyError: there is something at ``target``, and it is not to be replaced or was not exported by Waystage.
        StoreError: it cannot be written.
    """
    _check_free(target, is_forced)
    draft = target.parent / f".{target.name}.{random_name()}"
    with writing(target):
        try:
            draft.mkdir(parents=True)
            yield draft
            text = json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False, sort_keys=True)
            (draft / MARK_NAME).write_text(text + "\n", encoding="utf-8")
            sync_tree(draft)
            _put(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a file of a draft, with the folders that it needs and with LF as its line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def _check_free(target: Path, is_forced: bool) -> None:
    if not os.path.lexists(target) or (target.is_dir() and not any(target.iterdir())):
        return
    if not is_forced:
        raise StudyError(Problem(target, None, None, "there is something already", "a new folder, or --force"))
    if not (target / MARK_NAME).is_file():
        found = f"not a folder that Waystage exported (no {MARK_NAME}), so it is not replaced"
        raise StudyError(Problem(target, None, None, found, "a new folder"))


def _put(draft: Path, target: Path) -> None:
    if not target.is_dir():
        draft.rename(target)
        return
    aside = target.parent / f".{target.name}.{random_name()}"
    target.rename(aside)
    try:
        draft.rename(target)
    except OSError:
        aside.rename(target)
        raise
    remove_tree(aside)
