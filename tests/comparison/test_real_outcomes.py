"""Two real systems on the same test examples: XNLI and XQuAD, one training run each."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from waystage.comparison.compare import compare
from waystage.comparison.context import Options
from waystage.comparison.intervals import ONE_SEED
from waystage.comparison.results import CellScores
from waystage.data.examples import Answer, QuestionExample, TextExample
from waystage.metrics.registry import make_metric

SYSTEMS = ("mt5base", "mlpp")
TASKS = {"xnli": "accuracy", "xquad": "answer-f1-em"}


def cells_of(folder: Path, seed: int | None) -> list[CellScores]:
    cells = []
    for task, metric_name in TASKS.items():
        metric = make_metric(metric_name)
        for language in ("en", "es"):
            lines = (folder / f"{task}.{language}.jsonl").read_text(encoding="utf-8").splitlines()
            rows = [json.loads(line) for line in lines]
            for system in SYSTEMS:
                statistics = np.array([metric.statistics(gold_of(row), answer_of(row[system])) for row in rows])
                # Ids of XQuAD's file repeat: an example is a line, the same in both languages.
                ids = tuple(f"{number:05}" for number in range(len(rows)))
                cells.append(CellScores(system, task, language, seed, metric.name, metric.columns, ids, statistics))
    return cells


def gold_of(row: dict) -> TextExample | QuestionExample:  # type: ignore[type-arg]
    if isinstance(row["gold"], str):
        return TextExample(str(row["id"]), "", None, row["gold"])
    texts = row["gold"]["text"]
    return QuestionExample(str(row["id"]), "", " ".join(texts), tuple(Answer(0, text) for text in texts))


def answer_of(answer: str | dict[str, str]) -> str:
    return answer if isinstance(answer, str) else answer["text"]


@pytest.mark.shared_data
def test_paired_differences_are_those_of_the_textbook(shared_data_dir: Path) -> None:
    cells = cells_of(shared_data_dir / "paired_predictions", seed=None)
    metrics = {task: make_metric(name) for task, name in TASKS.items()}
    result = compare(cells, metrics, "mt5base", dict.fromkeys(TASKS, "en"), options=Options(n_resamples=20_000))
    xnli = result.mean_score("mlpp", "xnli")
    assert (xnli.score, xnli.source_score) == pytest.approx((0.7679, 0.7872), abs=1e-4)
    for task in TASKS:
        own = result.mean_score("mlpp", task).difference
        outcomes = [cell for cell in cells if (cell.task, cell.language) == (task, "es")]
        scored = [cell.statistics[:, :-1].mean(axis=1) for cell in outcomes]
        theirs = stats.ttest_rel(scored[1], scored[0])
        interval = theirs.confidence_interval()
        assert own is not None
        assert (own.low, own.high) == pytest.approx((interval.low, interval.high), abs=0.0005)
        assert own.permutations[0].p == pytest.approx(theirs.pvalue, abs=0.01)


@pytest.mark.shared_data
def test_one_training_run_each_concludes_nothing_about_training(shared_data_dir: Path) -> None:
    cells = cells_of(shared_data_dir / "paired_predictions", seed=1)
    metrics = {task: make_metric(name) for task, name in TASKS.items()}
    result = compare(cells, metrics, "mt5base", dict.fromkeys(TASKS, "en"), options=Options(n_resamples=500))
    assert result.recommendation().verdict == "not conclusive"
    assert ONE_SEED in result.recommendation().sentence
