"""Files of answers by id: of questions, queries and mined pairs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from waystage.benchmark.json_file import JsonFile
from waystage.benchmark.lines import refuse, shown
from waystage.errors import DataError, Problem
from waystage.metrics.judged import Judged
from waystage.metrics.metric import FloatArray, Prediction


@dataclass(frozen=True, slots=True)
class Query:
    """A question, a mention or a sentence, with all its right answers."""

    id: str
    language: str
    answers: tuple[str, ...]


class JudgedMetric(Protocol):
    """A metric of examples with a set of right answers."""

    def statistics(self, gold: Judged, prediction: Prediction) -> tuple[float, ...]:
        """One row; ValueError where the prediction does not fit."""

    def score(self, sums: FloatArray) -> FloatArray:
        """Scores of sums of rows."""


def rows_of(metric: JudgedMetric, queries: Iterable[Query], predictions: Mapping[str, Prediction]) -> FloatArray:
    """The statistics of each query, ``[n_queries, n_columns]``; every query has a prediction."""
    return np.array([metric.statistics(query, predictions[query.id]) for query in queries], dtype=np.float64)


def check_ids(file: JsonFile, ids: Collection[str], gold: Path, known: Collection[str], *, all_needed: bool) -> None:
    """That predictions are for known ids, and for all of them if ``all_needed``.

    Raises:
        DataError: up to 20 ids that are too many, or else those that are missing.
    """
    refuse(
        file.problem(name, None, f"a prediction for {shown(name)}, which is not in {gold}", "ids of the gold file")
        for name in ids
        if name not in known
    )
    missing = [name for name in known if name not in ids] if all_needed else []
    if missing:
        some = ", ".join(map(shown, missing[:5])) + (", ..." if len(missing) > 5 else "")
        found = f"{len(missing)} of {len(known)} ids have no prediction: {some}"
        last_line = file.text.rstrip().count("\n") + 1
        raise DataError(Problem(file.path, last_line, None, found, f"a prediction for every id of {gold}"))


def texts(values: object) -> Sequence[str] | None:
    """The values, if they are a list of texts that are not empty; None otherwise."""
    if isinstance(values, list) and all(isinstance(value, str) and value.strip() for value in values):
        return values
    return None
