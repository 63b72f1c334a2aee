"""Answers of a record scored again, example by example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from waystage.record.form.evidence import Answer, CellEvidence, ExamplesEvidence
from waystage.record.form.provenance import TaskFacts
from waystage.record.independent.agreement import Agreement
from waystage.record.independent.rescoring import statistics


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
            rows = recorded.matrix(len(known.ids))
            for place, (right, answer) in enumerate(zip(gold, own.answers, strict=True)):
                found = _scored(metric, recorded.columns, language, right, answer)
                if found is None or not np.allclose(rows[place], found, rtol=0.0, atol=1e-9):
                    at = f"{_place(answers, language)} / {known.ids[place]}"
                    agreement.value(at, metric, rows[place].tolist(), found)
                else:
                    agreement.n_values += 1
    return n_answers


def gold_form(facts: TaskFacts, name: str, gold: Answer) -> dict[str, Any]:
    """The gold of a record as the independent way reads it: tags, ids, or one label."""
    if facts.kind == "tagging":
        return {"tags": list(gold)}
    if not isinstance(gold, str):
        return {"id": name, "answers": list(gold)}
    if facts.metric.partition("@")[2] or facts.metric == "pair-f1":
        return {"id": name, "answers": [gold]}
    return {"id": name, "label": gold}


def _scored(
    metric: str, columns: Sequence[str], language: str, gold: dict[str, Any], answer: Answer
) -> list[float] | None:
    try:
        return statistics(metric, columns, language, gold, answer)
    except (ValueError, KeyError):
        return None


def _place(answers: CellEvidence, language: str) -> str:
    seed = "no seed" if answers.seed is None else f"seed {answers.seed}"
    return f"{answers.sequence} / {answers.task} / {language} / {seed}"
