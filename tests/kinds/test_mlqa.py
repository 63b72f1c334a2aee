"""Examples of a study do not say their language, and MLQA is scored by the rules of each language all the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

from waystage import api
from waystage.data.examples import QuestionExample
from waystage.data.prepare import load_examples
from waystage.metrics.registry import make_metric
from waystage.prediction.files import read_predictions
from waystage.store.store import Store

from .conftest import ANSWERS, CONTEXTS

LANGUAGES = ("en", "de", "zh")


@dataclass(frozen=True)
class Asked:
    """A question that says which language it is in, as those of a submission do."""

    id: str
    language: str
    answers: tuple[str, ...]


def write_squad(path: Path, language: str) -> None:
    context = CONTEXTS[language]
    # A whole context as the answer: whatever is predicted shares some of it.
    answers = [[{"text": text, "answer_start": context.index(text)}] for text in (*ANSWERS[language], context)]
    questions = [{"id": str(i), "question": f"{i}?", "answers": found} for i, found in enumerate(answers)]
    path.parent.mkdir(parents=True, exist_ok=True)
    article = {"title": "", "paragraphs": [{"context": context, "qas": questions}]}
    path.write_text(json.dumps({"version": "1.1", "data": [article]}), encoding="utf-8")


@pytest.fixture
def run(script_encoder_dir: Path, tmp_path: Path) -> api.Run:
    write_squad(tmp_path / "data" / "squad" / "train-v1.1.json", "en")
    for language in LANGUAGES:
        name = f"dev-context-{language}-question-{language}.json"
        write_squad(tmp_path / "data" / "mlqa" / "MLQA_V1" / "dev" / name, language)
    content = {
        "name": "mlqa",
        "encoder": str(script_encoder_dir),
        "seeds": [1],
        "sequences": {"base": []},
        "targets": [{"task": "mlqa-dev", "languages": list(LANGUAGES), "budget": {"steps": 2}}],
        "output": str(tmp_path / "out"),
    }
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    study = api.load_checked_study(path, data_dir=tmp_path / "data")
    return api.run_study(study, Store(tmp_path / "store"), n_threads=1)


def test_scores_are_those_of_questions_that_say_their_language(run: api.Run) -> None:
    frame = run.scores().set_index(["language", "metric"])["score"]
    (cell,) = run.plan.cells
    names = ("mlqa-f1", "mlqa-exact-match", "mlqa-f1-em")
    assert set(frame.index) == {(language, name) for language in LANGUAGES for name in names}
    for language, data_id in run.plan.node(cell.score_id).spec["data"].items():
        predictions = read_predictions(run.store.open(cell.prediction_id).path(f"test-{language}.jsonl"))
        examples = [example for example in load_examples(run.store, data_id) if isinstance(example, QuestionExample)]
        asked = [Asked(e.id, language, tuple(answer.text for answer in e.answers or ())) for e in examples]
        for name in (*names, "answer-f1"):
            metric = make_metric(name)
            rows = [metric.statistics(question, predictions[question.id]) for question in asked]
            expected = float(metric.score(np.array(rows).sum(axis=0)))
            if name in names:
                assert frame[language, name] == pytest.approx(expected)
            elif language == "zh":  # SQuAD's rule counts a Chinese answer as one word
                assert frame["zh", "mlqa-f1"] > expected
