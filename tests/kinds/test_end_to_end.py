"""A tiny study of each kind, from files to scores, with an encoder that knows nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from waystage import api
from waystage.errors import StudyError
from waystage.prediction.files import read_predictions
from waystage.store.store import Store

from .conftest import ANSWERS, CONTEXTS

QA_METRICS = ("answer-f1", "exact-match", "answer-f1-em")
TRAINING = {"learning_rate": 3e-3, "batch_size": 4, "max_tokens": 40, "warmup_fraction": 0.1}


def question_rows(language: str, with_none: bool) -> list[dict[str, Any]]:
    context = CONTEXTS[language]
    rows = []
    for number, answer in enumerate(ANSWERS[language]):
        answers = [{"text": answer, "answer_start": context.index(answer)}]
        for word in ("who?", "was?", "哪里？"):
            rows.append({"question": f"{word} {number}", "context": context, "answers": answers})
    unanswered = {"question": "never?", "context": context, "answers": []}
    return [*rows, unanswered] if with_none else rows


def choice_rows(language: str) -> list[dict[str, Any]]:
    first, second = ANSWERS[language]
    rows = [
        {"premise": CONTEXTS[language][:20], "question": "cause", "a": first, "b": second, "right": 0},
        {"premise": CONTEXTS[language][20:], "question": "effect", "a": second, "b": first, "right": "B"},
    ]
    return rows * 4


def write_rows(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / name).write_text(text, encoding="utf-8")


def write_study(folder: Path, encoder_dir: Path) -> Path:
    languages = list(CONTEXTS)
    for language in languages:
        write_rows(folder, f"qa-{language}.jsonl", question_rows(language, with_none=False))
        write_rows(folder, f"open-{language}.jsonl", question_rows(language, with_none=True))
        write_rows(folder, f"choice-{language}.jsonl", choice_rows(language))

    def task(kind: str, name: str, **keys: Any) -> dict[str, Any]:
        files = {"train": f"{name}-en.jsonl", "test": f"{name}-{{lang}}.jsonl"}
        return {"kind": kind, "files": files, "languages": languages, **keys}

    columns = {"text": "{premise} What was the {question}?", "choices": ["a", "b"], "answer": "right"}
    content = {
        "name": "kinds",
        "encoder": str(encoder_dir),
        "seeds": [1],
        "stages": {
            "choice-first": {
                "kind": "intermediate", "task": "choices", "budget": {"steps": 2}, "training": TRAINING,
            },
        },
        "sequences": {"base": [], "staged": ["choice-first"]},
        "targets": [
            {"task": "questions", "budget": {"steps": 4}, "training": {**TRAINING, "stride": 8}},
            {"task": "open-questions", "budget": {"steps": 2}, "training": {**TRAINING, "max_question_tokens": 4}},
            {"task": "choices", "budget": {"epochs": 1}, "training": TRAINING},
        ],
        "tasks": {
            "questions": task("extractive-qa", "qa"),
            "open-questions": task("extractive-qa-or-none", "open", metric="exact-match"),
            "choices": task("multiple-choice", "choice", columns=columns),
        },
        "output": str(folder / "out"),
    }  # fmt: skip
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def test_a_study_of_questions_and_choices_runs(script_encoder_dir: Path, tmp_path: Path) -> None:
    study = api.load_checked_study(write_study(tmp_path, script_encoder_dir))
    store = Store(tmp_path / "store")
    run = api.run_study(study, store, n_threads=1)
    frame = run.scores()
    found = set(zip(frame["task"], frame["metric"], strict=True))
    qa = {(task, metric) for task in ("questions", "open-questions") for metric in QA_METRICS}
    assert found == {*qa, ("choices", "accuracy")}
    assert frame["score"].between(0, 1).all()
    assert set(frame["language"]) == set(CONTEXTS)
    for cell in run.plan.cells:
        for language, context in CONTEXTS.items():
            predictions = read_predictions(store.open(cell.prediction_id).path(f"test-{language}.jsonl"))
            for answer in map(str, predictions.values()):
                if cell.target.task.name == "choices":
                    assert answer in {"0", "1"}
                else:
                    assert answer in context
                    assert bool(answer) or cell.target.task.name == "open-questions"
    again = api.plan_study(study, store)
    assert {node.id for node in again.nodes} == {node.id for node in run.plan.nodes}


def test_windows_are_part_of_a_stage_only_where_they_are_read(script_encoder_dir: Path, tmp_path: Path) -> None:
    study = api.load_study(write_study(tmp_path, script_encoder_dir))
    plan = api.plan_study(study, Store(tmp_path / "store"))
    of_kind = {node.spec["objective"]["kind"]: node.spec["training"] for node in plan.nodes if node.kind == "train"}
    assert of_kind["extractive-qa"]["stride"] == 8
    assert of_kind["extractive-qa"]["max_question_tokens"] == 64
    assert of_kind["extractive-qa-or-none"]["stride"] == 128
    assert "stride" not in of_kind["multiple-choice"]
    windows = {node.spec["task_kind"]: node.spec.get("windows") for node in plan.nodes if node.kind == "predict"}
    assert windows["extractive-qa-or-none"] == {"stride": 128, "max_question_tokens": 4}
    assert windows["multiple-choice"] is None


def test_pooling_is_part_of_a_stage_only_where_a_head_reads_one_vector(
    script_encoder_dir: Path, tmp_path: Path
) -> None:
    path = write_study(tmp_path, script_encoder_dir)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["targets"][2]["training"] = {**TRAINING, "pooling": "cls"}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    plan = api.plan_study(api.load_study(path), Store(tmp_path / "store"))
    trained = [node.spec for node in plan.nodes if node.kind == "train"]
    poolings = {(spec["objective"]["kind"], spec["training"].get("pooling")) for spec in trained}
    of_questions = {("extractive-qa", None), ("extractive-qa-or-none", None)}
    assert poolings == {("multiple-choice", "mean"), ("multiple-choice", "cls"), *of_questions}
    asked = {node.spec["task_kind"]: node.spec.get("pooling") for node in plan.nodes if node.kind == "predict"}
    assert asked == {"multiple-choice": "cls", "extractive-qa": None, "extractive-qa-or-none": None}
    content["targets"][0]["training"]["pooling"] = "cls"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(StudyError, match="'pooling' for a task of extractive-qa, whose head"):
        api.load_study(path)


def test_windows_for_a_kind_that_reads_none_are_a_mistake(script_encoder_dir: Path, tmp_path: Path) -> None:
    path = write_study(tmp_path, script_encoder_dir)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["targets"][2]["training"] = {**TRAINING, "stride": 8}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(StudyError, match="'stride' for a task of multiple-choice, which reads no windows"):
        api.load_study(path)
