"""A finished run: its folder, and what the store keeps of it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.data.examples import Example
from waystage.data.prepare import load_examples
from waystage.errors import DataError, Problem, StoreError, StudyError, nearest_name
from waystage.metrics.metric import Prediction
from waystage.prediction.files import read_predictions
from waystage.record.files import SCORES_NAME, read_record
from waystage.report.record import ResultDigest, RunRecord, TaskProtocol
from waystage.store.artefact import Artefact, MissingArtefactError
from waystage.store.store import Store
from waystage.study.forms.base import LANGUAGE_PATTERN, NAME_PATTERN

_N_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A line of ``scores.csv``; ``score`` is a fraction."""

    sequence: str
    task: str
    language: str
    seed: int | None
    metric: str
    score: float
    n_examples: int


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run whose record was written.

    Attributes:
        folder: with ``record.json`` and ``scores.csv``.
        scores: in the order of ``scores.csv``: every metric that was computed.
        store: where the run's artefacts are.
    """

    folder: Path
    record: RunRecord
    scores: tuple[ScoreRow, ...]
    store: Store

    @classmethod
    def open(cls, folder: Path, store: Store) -> FinishedRun:
        """The run whose files are in ``folder``.

        Raises:
            DataError: record or scores are missing, malformed, or have a name that no study can have.
        """
        record = read_record(folder)
        _check_names(record, folder)
        return cls(folder, record, _read_scores(folder / SCORES_NAME), store)

    def protocol(self, task: str) -> TaskProtocol:
        """How a target was learned and scored; KeyError where the run has no such target."""
        return {protocol.task: protocol for protocol in self.record.protocol}[task]

    def cells(self, sequence: str | None = None, seed: int | None = None) -> list[ResultDigest]:
        """The predictions of a sequence with a seed; None: of all. What is not random belongs to every seed."""
        return [
            cell
            for cell in self.record.digests
            if sequence in (None, cell.sequence) and (seed is None or cell.seed in (None, seed))
        ]

    def artefacts(self, cells: Sequence[ResultDigest]) -> dict[ResultDigest, Artefact]:
        """The stored predictions of cells, verified.

        Raises:
            StoreError: some are not in the store, or are not those that the record speaks of; all are named.
        """
        found = {cell: self._artefact(cell.artefact_id) for cell in cells}
        missing = [_name_of(cell) for cell, artefact in found.items() if artefact is None]
        if missing:
            raise self.missing_error("predictions", missing)
        opened = {cell: artefact for cell, artefact in found.items() if artefact is not None}
        others = [cell for cell, artefact in opened.items() if artefact.manifest.content_digest != cell.content_digest]
        if others:
            names = "; ".join(map(_name_of, others[:_N_SHOWN]))
            what = f"{len(others)} predictions in the store are not those of the record ({names})"
            raise StoreError(Problem(self.folder, None, None, what, "the store that the run was made with"))
        return opened

    def _artefact(self, artefact_id: str) -> Artefact | None:
        try:
            return self.store.open(artefact_id)
        except MissingArtefactError:
            return None

    def missing_error(self, what: str, names: Sequence[str]) -> StoreError:
        """That the store lacks ``names``, with the command that makes them again."""
        some = "; ".join(names[:_N_SHOWN]) + ("; ..." if len(names) > _N_SHOWN else "")
        found = f"{len(names)} {what} of this run are not there: {some}"
        return StoreError(Problem(self.store.root, None, None, found, f"them, as `{self.record.command}` makes them"))

    def examples(self, artefact_id: str, name: str) -> list[Example]:
        """A prepared test set; StoreError where it is not in the store."""
        if not self.store.has(artefact_id):
            raise self.missing_error("test sets", [name])
        return load_examples(self.store, artefact_id)

    def score_of(self, cell: ResultDigest, language: str, metric: str) -> float | None:
        """A score of ``scores.csv``, a fraction; None where the metric was not computed."""
        key = (cell.sequence, cell.task, language, cell.seed, metric)
        return next((r.score for r in self.scores if (r.sequence, r.task, r.language, r.seed, r.metric) == key), None)


def predictions_of(artefact: Artefact, language: str) -> dict[str, Prediction]:
    """Stored predictions of one language, by the id of their example."""
    return read_predictions(artefact.path(f"test-{language}.jsonl"))


def chosen_sequence(record: RunRecord, name: str | None, task: str | None = None) -> str:
    """The sequence called ``name``; for None, the one that is shown to be the best (on ``task``, or over all).

    Raises:
        StudyError: there is no such sequence, or none is shown to be the best.
    """
    names = list(record.comparison.sequences)
    if name is not None:
        return one_of(name, names, "--sequence", "sequence")
    best = record.comparison.best_overall
    if task is not None:
        best = next(own for own in record.comparison.best_by_task if own.task == task)
    if best.sequence is not None:
        return best.sequence
    if len(names) == 1:
        return names[0]
    where = "" if task is None else f" on {task}"
    found = f"no sequence is shown to be the best{where}, so name one ({best.highest} has the highest mean)"
    raise StudyError(Problem("waystage export", None, "--sequence", found, f"one of {', '.join(names)}"))


def one_of(name: str, names: Sequence[str], option: str, what: str) -> str:
    """``name``, if it is one of ``names``.

    Raises:
        StudyError: it is not; the message names all and the nearest.
    """
    if name in names:
        return name
    found, expected = f"the run has no {what} {name!r}", f"one of {', '.join(names)}"
    raise StudyError(Problem("waystage export", None, option, found, expected, nearest_name(name, names)))


def _name_of(cell: ResultDigest) -> str:
    return f"{cell.sequence}, {cell.task}" + ("" if cell.seed is None else f", seed {cell.seed}")


def _check_names(record: RunRecord, folder: Path) -> None:
    """Names become folders and files, so a record that was written by hand must not name others."""
    names = {name for cell in record.digests for name in (cell.sequence, cell.task)}
    languages = {language for protocol in record.protocol for language in protocol.languages}
    wrong = [name for name in names if not re.fullmatch(NAME_PATTERN, name)]
    wrong += [language for language in languages if not re.fullmatch(LANGUAGE_PATTERN, language)]
    if wrong:
        found = f"names that no study can have: {', '.join(map(ascii, sorted(wrong)[:_N_SHOWN]))}"
        raise DataError(Problem(folder, None, None, found))
    if not record.digests:
        expected = f"one written by this version: run `{record.command}` again"
        raise DataError(Problem(folder, None, "digests", "a record that names no predictions", expected))


def _read_scores(path: Path) -> tuple[ScoreRow, ...]:
    rows: list[ScoreRow] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                rows.append(_score_row(row, path, number))
    except (OSError, UnicodeDecodeError) as error:
        found = "missing" if isinstance(error, FileNotFoundError) else "unreadable"
        raise DataError(Problem(path, None, None, found, "the scores of a run")) from None
    if not rows:
        raise DataError(Problem(path, None, None, "no score in it", "the scores of a run"))
    return tuple(rows)


def _score_row(row: dict[str, str], path: Path, line: int) -> ScoreRow:
    readers: dict[str, Callable[[str], object]] = {
        "sequence": str, "task": str, "language": str, "seed": lambda text: int(text) if text else None,
        "metric": str, "score": float, "n_examples": int,
    }  # fmt: skip
    values = {}
    for name, read in readers.items():
        try:
            values[name] = read(row[name])
        except (KeyError, TypeError, ValueError):
            raise DataError(Problem(path, line, name, f"{row.get(name)!r}", "a line of scores.csv")) from None
    return ScoreRow(**values)  # type: ignore[arg-type]
