"""Several systems on the same test examples: what is compared, whatever files it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from waystage.errors import Problem, StudyError
from waystage.metrics.metric import FloatArray, Metric


@dataclass(frozen=True, slots=True)
class SystemRun:
    """One trained copy of a system.

    Attributes:
        seed: from 1, in the order in which the runs of a system are named. What the true seed was is not known.
        source: the folder of its predictions, or of the files that they stand in.
    """

    system: str
    seed: int
    source: Path

    def __str__(self) -> str:
        return f"{self.system} (seed {self.seed})"


@dataclass(frozen=True, eq=False)
class PairedLanguage:
    """One language of a task, scored alike for every run.

    Attributes:
        ids: of the examples; the same id is the same example in other languages of the task, where they are parallel.
        statistics: float64, ``[n_runs, n_examples, n_columns]``.
    """

    task: str
    language: str
    category: str | None
    metric: Metric
    ids: tuple[str, ...]
    statistics: FloatArray


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A language of a task that is compared for no system, because something is missing for one."""

    task: str
    language: str
    reason: str

    def __str__(self) -> str:
        return f"{self.task}/{self.language}: {self.reason}"


@dataclass(frozen=True, eq=False)
class PairedSystems:
    """Runs of systems on the same examples.

    Attributes:
        languages: what every run has; an item a task and language.
        left_out: what some run, or the gold, lacks: compared for none.
        notes: what the reader of a comparison should know.
    """

    runs: tuple[SystemRun, ...]
    languages: tuple[PairedLanguage, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def systems(self) -> tuple[str, ...]:
        """Names, in the order in which they first appear."""
        return tuple(dict.fromkeys(run.system for run in self.runs))

    @property
    def has_seeds(self) -> bool:
        """Whether there are several runs of each system."""
        return len(self.runs) > len(self.systems)


def system_runs(named: Iterable[tuple[str, Path]], gold_dir: Path | None = None) -> tuple[SystemRun, ...]:
    """The runs of ``(system, folder)`` pairs; folders of one system are its seeds, in order.

    Raises:
        StudyError: with all problems: a folder that is not there, stands twice or is the gold; one system only;
            systems with different numbers of seeds.

    >>> system_runs([("A", Path("src")), ("A", Path("src"))])
    Traceback (most recent call last):
    waystage.errors.StudyError: --system: A=src: the same folder as A (seed 1); expected another folder for each run
    --system: one system, 'A'; expected at least two systems, each with a name of its own
    """
    runs: list[SystemRun] = []
    folders: dict[str, list[Path]] = {}
    for name, folder in named:
        folders.setdefault(name, []).append(folder)
        runs.append(SystemRun(name, len(folders[name]), folder))
    problems = [*_folder_problems(runs, gold_dir), *_count_problems(folders)]
    if problems:
        raise StudyError(problems)
    return tuple(runs)


def _folder_problems(runs: Sequence[SystemRun], gold_dir: Path | None) -> Iterator[Problem]:
    seen: dict[Path, str] = {} if gold_dir is None else {gold_dir.resolve(): "the gold"}
    for run in runs:
        place = f"{run.system}={run.source}"
        if not run.source.is_dir():
            yield Problem("--system", None, place, "there is no such folder", "a folder of predictions")
            continue
        first = seen.setdefault(run.source.resolve(), str(run))
        if first != str(run):
            yield Problem("--system", None, place, f"the same folder as {first}", "another folder for each run")


def _count_problems(folders: Mapping[str, Sequence[Path]]) -> Iterator[Problem]:
    expected = "at least two systems, each with a name of its own"
    if len(folders) < 2:
        found = f"one system, '{next(iter(folders))}'" if folders else "no system"
        yield Problem("--system", None, None, found, expected)
    counts = {name: len(own) for name, own in folders.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
        yield Problem("--system", None, None, f"different numbers of runs: {listed}", "as many seeds for each system")


def undefined_runs(metric: Metric, statistics: FloatArray, runs: Sequence[SystemRun]) -> list[SystemRun]:
    """Runs whose rows, ``[n_runs, n_examples, n_columns]``, have nothing to score."""
    undefined = np.isnan(metric.score(statistics.sum(axis=1)))
    return [run for run, is_undefined in zip(runs, undefined, strict=True) if is_undefined]
