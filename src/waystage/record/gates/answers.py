"""Answers of a record scored again, example by example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waystage.record.form.evidence import Answer, CellEvidence, ExamplesEvidence, MetricStatistics
from waystage.record.form.provenance import TaskFacts
from waystage.record.independent.agreement import Agreement
from waystage.record.independent.rescoring import statistics

_ROUNDING = 1e-9


def check_answers(
    answers: CellEvidence, examples: ExamplesEvidence, facts: TaskFacts, agreement: Agreement, file: str
) -> int:
    """Compare the statistics of a cell with those of its answers and gold; the number of answers that were scored.

    Args:
        answers: of one cell.
        examples: of its task.
        facts: of its task.
        agreement: where values are counted and disagreements noted.
        file: of the cell, for messages.
    """
    n_answers = 0
    agreement.file = file
    for language, own in answers.languages.items():
        known = examples.languages.get(language)
        if known is None or known.gold is None or own.answers is None:
            agreement.value(_place(answers, language), "answers and gold", None, "both")
            continue
        if not len(known.ids) == len(known.gold) == len(own.answers):
            counts = [len(known.gold), len(own.answers)]
            agreement.value(_place(answers, language), "number of gold and answers", counts, [len(known.ids)] * 2)
            continue
        n_answers += len(own.answers)
        gold = [gold_form(facts, name, right) for name, right in zip(known.ids, known.gold, strict=True)]
        for metric, recorded in own.statistics.items():
            compare_rows(agreement, recorded, Scored(metric, language, gold, own.answers), _place(answers, language))
    return n_answers


def gold_form(facts: TaskFacts, name: str, gold: Answer) -> dict[str, Any]:
    """The gold of a record as the independent way reads it: tags, ids, or one label."""
    if facts.kind == "tagging":
        return {"id": name, "tags": list(gold)}
    if not isinstance(gold, str):
        return {"id": name, "answers": list(gold)}
    if facts.metric.partition("@")[2] or facts.metric == "pair-f1":
        return {"id": name, "answers": [gold]}
    return {"id": name, "label": gold}


@dataclass(frozen=True, slots=True)
class Scored:
    """Answers of one cell in one language, to be scored by one metric against the plain form of each example."""

    metric: str
    language: str
    gold: Sequence[Mapping[str, Any]]
    answers: Sequence[Answer]

    def rows(self, columns: Sequence[str]) -> NDArray[np.float64]:
        """``[n_examples, n_columns]``; NaN where gold and answer do not fit each other or the metric."""
        return np.array(
            [self._row(columns, gold, answer) for gold, answer in zip(self.gold, self.answers, strict=True)],
            dtype=np.float64,
        ).reshape(len(self.gold), len(columns))

    def _row(self, columns: Sequence[str], gold: Mapping[str, Any], answer: Answer) -> list[float]:
        try:
            return statistics(self.metric, columns, self.language, gold, answer)
        except (ValueError, KeyError):
            return [np.nan] * len(columns)


def compare_rows(agreement: Agreement, recorded: MetricStatistics, scored: Scored, place: str) -> None:
    """Count the recorded rows that are what scoring gives, and name those that are not."""
    rows, found = recorded.matrix(len(scored.gold)), scored.rows(recorded.columns)
    is_same = (np.abs(rows - found) <= _ROUNDING).all(axis=1)
    agreement.n_values += int(is_same.sum())
    for number in map(int, np.flatnonzero(~is_same)):
        at = f"{place} / {scored.gold[number].get('id', number)}"
        again = None if np.isnan(found[number]).any() else found[number].tolist()
        agreement.value(at, scored.metric, rows[number].tolist(), again)


def _place(answers: CellEvidence, language: str) -> str:
    seed = "no seed" if answers.seed is None else f"seed {answers.seed}"
    return f"{answers.sequence} / {answers.task} / {language} / {seed}"
