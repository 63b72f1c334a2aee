"""Removing what nothing needs: artefacts that no root reaches, drafts of dead writers, abandoned work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from waystage.errors import StoreError
from waystage.store.artefact import MissingArtefactError, read_manifest
from waystage.store.files import random_name, remove_tree, tree_size, writing
from waystage.store.layout import Layout, LockedError, hold


@dataclass(frozen=True, slots=True)
class GcReport:
    """What a collection removed, or would remove when ``dry_run``.

    Attributes:
        artefacts: ids.
        work: ids of stages whose unfinished work went.
        drafts: names of folders that a writer left behind when it was killed.
        locked: ids that were spared because a process holds them.
        n_bytes: bytes freed.
        dry_run: nothing was removed.
    """

    artefacts: tuple[str, ...]
    work: tuple[str, ...]
    drafts: tuple[str, ...]
    locked: tuple[str, ...]
    n_bytes: int
    dry_run: bool


def closure(layout: Layout, ids: Iterable[str]) -> set[str]:
    """``ids`` and all that they were made from.

    Raises:
        DamagedArtefactError: a manifest on the way is unreadable, so that its parents are not known.
    """
    kept: set[str] = set()
    waiting = list(ids)
    while waiting:
        artefact_id = waiting.pop()
        if artefact_id in kept:
            continue
        kept.add(artefact_id)
        try:
            waiting.extend(read_manifest(layout.object_dir(artefact_id)).parents)
        except MissingArtefactError:
            continue
    return kept


def collect(layout: Layout, keep: Iterable[str], *, dry_run: bool) -> GcReport:
    """Removes all but the closure of ``keep``. What a process holds locked is spared.

    Raises:
        StoreError: a kept artefact is damaged (quarantine it first), or something cannot be removed.
    """
    kept = closure(layout, keep)
    kept |= _caches_of(layout, kept)
    sweep = _Sweep(layout, dry_run)
    objects = [path for path in layout.object_dirs() if path.name not in kept]
    artefacts = sweep.remove_all(objects, lambda path: layout.lock_path(path.name))
    works = [path for path in sorted(layout.work_dir.glob("*")) if path.name not in kept]
    work = sweep.remove_all(works, lambda path: layout.lock_path(path.name))
    locked = tuple(sorted(sweep.locked))
    # Drafts go last: folders on their way out are moved among them. One whose writer lives is simply not
    # stale.
    drafts = sweep.remove_all(
        [path for path in sorted(layout.drafts_dir.glob("*")) if path.is_dir()], layout.draft_lock_path
    )
    return GcReport(artefacts, work, drafts, locked, sweep.n_bytes, dry_run)


def _caches_of(layout: Layout, kept: set[str]) -> set[str]:
    """The caches that were made from what is kept."""
    caches = set()
    for path in layout.object_dirs():
        try:
            manifest = read_manifest(path)
        except StoreError:
            continue
        if manifest.is_cache and kept.issuperset(manifest.parents):
            caches.add(path.name)
    return caches


class _Sweep:
    """Removes folders one by one and adds up what they held."""

    def __init__(self, layout: Layout, dry_run: bool) -> None:
        self.layout = layout
        self.dry_run = dry_run
        self.n_bytes = 0
        self.locked: set[str] = set()

    def remove_all(self, paths: Iterable[Path], lock_path: Callable[[Path], Path]) -> tuple[str, ...]:
        """The names of the folders that went; those whose lock is held are noted in ``locked``."""
        removed: list[str] = []
        for path in paths:
            try:
                with hold(lock_path(path), timeout=0):
                    n_bytes = tree_size(path)
                    if not self.dry_run:
                        discard(self.layout, path)
            except LockedError:
                self.locked.add(path.name)
                continue
            if not self.dry_run and path.parent == self.layout.drafts_dir:
                lock_path(path).unlink(missing_ok=True)
            removed.append(path.name)
            self.n_bytes += n_bytes
        return tuple(removed)


def discard(layout: Layout, directory: Path) -> None:
    """Removes a folder so that no reader ever sees a part of it: it is moved out of the way first.

    Raises:
        StoreError: it cannot be moved or removed.
    """
    doomed = layout.drafts_dir / f"removed-{random_name()}"
    with writing(directory):
        doomed.parent.mkdir(parents=True, exist_ok=True)
        try:
            directory.rename(doomed)
        except FileNotFoundError:
            return
    remove_tree(doomed)
