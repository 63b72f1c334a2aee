"""Where things are in a store's folder, and the locks between the processes that use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from waystage.errors import Problem, StoreError
from waystage.store.files import writing

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of a store. Nothing is created by asking for a path."""

    root: Path

    @property
    def objects_dir(self) -> Path:
        """Finished artefacts, ``<first two digits>/<id>``."""
        return self.root / "objects"

    @property
    def drafts_dir(self) -> Path:
        """Artefacts that are being written, and folders that are being removed."""
        return self.root / "tmp"

    @property
    def damaged_dir(self) -> Path:
        """Artefacts set aside because their bytes changed."""
        return self.root / "damaged"

    @property
    def work_dir(self) -> Path:
        """Checkpoints of stages that are not finished, ``<id>``."""
        return self.root / "work"

    @property
    def roots_dir(self) -> Path:
        """What must be kept, one file a name."""
        return self.root / "roots"

    @property
    def memo_dir(self) -> Path:
        """Values that are cheap to lose, ``<name>``."""
        return self.root / "memo"

    def object_dir(self, artefact_id: str) -> Path:
        """The folder of one artefact."""
        return self.objects_dir / artefact_id[:2] / artefact_id

    def lock_path(self, name: str) -> Path:
        """The file whose lock guards ``name``: an artefact's id, or ``roots``."""
        return self.root / "locks" / f"{name}.lock"

    def draft_lock_path(self, draft_dir: Path) -> Path:
        """The file that the writer of a draft holds locked; it is free again when the writer dies."""
        return draft_dir.with_name(f"{draft_dir.name}.lock")

    def object_dirs(self) -> Iterator[Path]:
        """The folders of all artefacts, by id, whatever state they are in."""
        yield from sorted(self.objects_dir.glob("??/*"))


@contextmanager
def hold(path: Path, timeout: float | None = None, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds a lock between processes; the operating system frees it when the holder dies.

    Args:
        path: the file to lock, created when missing.
        timeout: seconds to wait for another holder; None waits for ever, 0 does not wait.
        on_wait: called once, when another process turns out to hold the lock.

    Raises:
        StoreError: the lock is held for longer than ``timeout``, or cannot be created.
    """
    lock = FileLock(path, thread_local=False)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if on_wait is not None:
                on_wait()
            _wait(lock, path, timeout)
    try:
        yield
    finally:
        lock.release()


def _wait(lock: FileLock, path: Path, timeout: float | None) -> None:
    try:
        lock.acquire(timeout=-1 if timeout is None else timeout, poll_interval=_POLL_SECONDS)
    except Timeout:
        found = f"another process has held this lock for {timeout:g} seconds"
        raise LockedError(Problem(path, None, None, found, "that it finishes or is stopped")) from None


class LockedError(StoreError):
    """Another process holds a lock for longer than the caller waits."""
