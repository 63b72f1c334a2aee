"""What a study, or a task, needs from the hub, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from waystage.data.source import Place, RemoteFile, RemoteSource, Source, Split, remote_files
from waystage.data.sources.hub import HubCorpus
from waystage.data.sources.hub_fetch import Fetched, FetchState, Hub
from waystage.data.sources.hub_folder import HubFolder
from waystage.errors import DataError
from waystage.study.data_check import CorpusUse, PoolUse, TaskUse, data_uses
from waystage.study.study import Study
from waystage.tasks.task import Task

# States of a need besides those of its files.
AT_HAND, NOT_ON_HUB = "published files", "not on the hub"


@dataclass(frozen=True, slots=True)
class Need:
    """A split of a task in one language.

    Attributes:
        task: name of the task.
        files: its files on the hub; none where the hub does not have it.
        is_at_hand: files with gold that need no fetching are there: published ones, or those of a package.
        obtain: where its published files are to be had and why no copy on the hub is read; empty where one is.
    """

    task: str
    split: Split | Literal["corpus"]
    language: str
    files: tuple[RemoteFile, ...]
    is_at_hand: bool
    obtain: str = ""


@dataclass(frozen=True, slots=True)
class NeedOutcome:
    """What became of a need."""

    need: Need
    fetched: tuple[Fetched, ...]

    @property
    def state(self) -> str:
        """The worst state of its files, or why there are none."""
        if self.need.is_at_hand:
            return AT_HAND
        if self.fetched:
            states = {outcome.state for outcome in self.fetched}
            order = (FetchState.FAILED, FetchState.FETCHED, FetchState.THERE)
            return next(state for state in order if state in states).value
        return NOT_ON_HUB

    @property
    def is_wrong(self) -> bool:
        """Whether the data is not there."""
        return self.state in (FetchState.FAILED.value, NOT_ON_HUB)

    @property
    def n_bytes(self) -> int:
        """Bytes of its files that are there."""
        return sum(outcome.known.size for outcome in self.fetched if outcome.known is not None)

    @property
    def reason(self) -> str:
        """Why it failed, or where what is not on the hub is to be had."""
        if self.state == NOT_ON_HUB:
            return self.need.obtain
        return "; ".join(dict.fromkeys(outcome.reason for outcome in self.fetched if outcome.reason))

    def to_json(self) -> dict[str, Any]:
        """JSON object: the need, its state, and each file with commit, size and digest."""
        return {
            "task": self.need.task,
            "split": self.need.split,
            "language": self.need.language,
            "state": self.state,
            "reason": self.reason or None,
            "files": [_file_json(outcome) for outcome in self.fetched],
        }


def _file_json(outcome: Fetched) -> dict[str, Any]:
    return {
        "dataset": outcome.remote.dataset,
        "path": outcome.remote.path,
        "revision": outcome.commit,
        "is_pinned": outcome.remote.revision == outcome.commit,
        "state": outcome.state.value,
        "size": outcome.known.size if outcome.known else None,
        "sha256": outcome.known.sha256 if outcome.known else None,
        "reason": outcome.reason or None,
    }


def study_needs(study: Study, place: Place) -> list[Need]:
    """What a study reads, and what it compares its training data with."""
    stages = (stage for stages in study.sequences.values() for stage in stages)
    needs = []
    for use in data_uses(stages, study.targets):
        if isinstance(use, TaskUse):
            needs.append(_need(use.task, use.task.source, use.split, use.language, place))
        elif isinstance(use, PoolUse):
            needs.append(_pool_need(use, place))
        elif isinstance(use, CorpusUse) and isinstance(use.corpus.source, HubCorpus):
            needs.append(_corpus_need(use.corpus.name, use.corpus.source, use.language, place))
    for target in study.targets:
        for original in target.task.originals:
            language = target.task.source_language
            needs.append(_need(target.task, original.source, original.split, language, place))
    return list(dict.fromkeys(needs))


def task_needs(task: Task, languages: Sequence[str], place: Place) -> list[Need]:
    """Every declared split of a task; its test split in ``languages``, or in all of them where none are given."""
    keys: list[tuple[Split, str]] = [("train", task.source_language), ("validation", task.source_language)]
    keys = [key for key in keys if key in task.expected_counts]
    keys += [("test", language) for language in task.languages if not languages or language in languages]
    return [_need(task, task.source, split, language, place) for split, language in keys]


def _need(task: Task, source: Source, split: Split, language: str, place: Place) -> Need:
    is_at_hand = _is_at_hand(source, split, language, place)
    files = () if is_at_hand else remote_files(source, split, language)
    return Need(task.name, split, language, files, is_at_hand, task.obtain or "")


def _corpus_need(name: str, source: HubCorpus, language: str, place: Place) -> Need:
    try:
        return Need(name, "corpus", language, source.remote(language, place, asks_again=True), False)
    except DataError as error:
        return Need(name, "corpus", language, (), False, str(error))


def _pool_need(use: PoolUse, place: Place) -> Need:
    name = f"{use.task.name} candidates"
    if isinstance(use.pool, RemoteSource):
        return Need(name, use.split, use.language, use.pool.remote(use.split, use.language), False)
    try:
        use.pool.files(use.split, use.language, place)
    except DataError:
        return Need(name, use.split, use.language, (), False, use.task.obtain or "")
    return Need(name, use.split, use.language, (), True)


def _is_at_hand(source: Source, split: Split, language: str, place: Place) -> bool:
    """Whether files with gold are there that did not come from the hub.

    Those that did are not asked for: fetching them again verifies them.
    """
    if remote_files(source, split, language) and place.data_dir is None:
        return False
    fetched_below = [HubFolder(root).root for root in (place.data_dir, place.cache_dir) if root is not None]
    try:
        files = source.files(split, language, place)
        if any(path.is_relative_to(root) for path in files for root in fetched_below):
            return False
        return any(example.has_gold for example in source.read(split, language, place))
    except DataError:
        return False


def fetch(
    needs: Iterable[Need],
    root: Path,
    expect: Callable[[int], None] = lambda n_bytes: None,
    advance: Callable[[int], None] = lambda n_bytes: None,
) -> list[NeedOutcome]:
    """Fetch what is not there, each file once, and go on past failures.

    ``expect`` is told how many bytes there will be, as far as the hub says; ``advance`` how many more have come.

    Raises:
        StoreError: ``root`` cannot be written.
    """
    needs = list(needs)
    hub = Hub(HubFolder(root))
    files = list(dict.fromkeys(file for need in needs for file in need.files))
    expect(sum(hub.sizes(files).values()))
    outcomes = {file: hub.fetch(file, advance) for file in files}
    return [NeedOutcome(need, tuple(outcomes[file] for file in need.files)) for need in needs]
