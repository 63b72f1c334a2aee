"""Learning from what a target is tested on is refused, or said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kinds.conftest import script_encoder_dir  # noqa: F401
from waystage import api
from waystage.errors import StudyError
from waystage.plan.plan import Plan
from waystage.record.protocol import task_protocols
from waystage.store.store import Store

PARAGRAPHS = ("Oslo is in Norway.", "Rome is in Italy.", "Lima is in Peru.")
TRANSLATED = "Oslo liegt in Norwegen."


def write_squad(path: Path, contexts: list[str]) -> None:
    paragraphs = [
        {"context": c, "qas": [{"id": f"{i}", "question": "Where?", "answers": [{"text": c[:4], "answer_start": 0}]}]}
        for i, c in enumerate(contexts)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")


def write_copa(path: Path, rows: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = [
        {"premise": "It rained.", "choice1": a, "choice2": b, "question": "cause", "label": 0, "idx": i}
        for i, (a, b) in enumerate(rows)
    ]
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    write_squad(folder / "squad/train-v1.1.json", list(PARAGRAPHS[1:]))
    write_squad(folder / "squad/train-v2.0.json", [f" {PARAGRAPHS[0].upper()}", *PARAGRAPHS[1:]])
    write_squad(folder / "xquad/xquad.en.json", [PARAGRAPHS[0]])
    write_squad(folder / "xquad/xquad.de.json", [TRANSLATED])
    write_copa(folder / "copa/train-en.jsonl", [("a cloud", "a sun")])
    write_copa(folder / "copa/val-en.jsonl", [("a fish", "a bird")])
    write_copa(folder / "copa/test-en.jsonl", [("a cat", "a dog")])
    write_copa(folder / "xcopa/data/it/test.it.jsonl", [("un gatto", "un cane")])
    return folder


def plan_of(folder: Path, encoder_dir: Path, **changes: Any) -> Plan:
    content = {
        "name": "overlap", "encoder": str(encoder_dir), "seeds": [1],
        "stages": {"first": {"kind": "intermediate", "task": "squad-v2", "budget": {"steps": 1}}},
        "sequences": {"base": [], "staged": ["first"]},
        "targets": [{"task": "xquad", "languages": ["de"], "budget": {"steps": 1}}],
        **changes,
    }  # fmt: skip
    study = api.parse_study(yaml.safe_dump(content), study_dir=folder, data_dir=folder / "data")
    return api.plan_study(study, Store(folder / "store"))


def test_a_stage_on_test_paragraphs_is_refused_unless_the_study_allows_it(
    script_encoder_dir: Path,  # noqa: F811
    data_dir: Path,
    tmp_path: Path,
) -> None:
    with pytest.raises(
        StudyError, match=r"target xquad: 1 of 3 training examples of squad-v2 are test .*allow_overlap"
    ):
        plan_of(tmp_path, script_encoder_dir)
    plan = plan_of(tmp_path, script_encoder_dir, allow_overlap=True)
    (protocol,) = task_protocols(plan.study, plan.overlaps)
    assert "1 of 3 training examples of squad-v2 are test examples of this task" in protocol.departures


def test_every_task_of_a_mixture_is_looked_at(
    script_encoder_dir: Path,  # noqa: F811
    data_dir: Path,
    tmp_path: Path,
) -> None:
    stages = {"first": {"kind": "intermediate", "tasks": ["squad", "squad-v2"], "budget": {"steps": 1}}}
    with pytest.raises(StudyError, match="target xquad: 1 of 3 training examples of squad-v2 are test"):
        plan_of(tmp_path, script_encoder_dir, stages=stages)


def test_training_data_in_a_tested_language_is_compared_with_the_test_data_in_it(
    script_encoder_dir: Path,  # noqa: F811
    data_dir: Path,
    tmp_path: Path,
) -> None:
    write_squad(data_dir / "own-en.json", list(PARAGRAPHS[1:]))
    for context, is_refused in (("Rom liegt in Italien.", False), (TRANSLATED, True)):
        write_squad(data_dir / "own-de.json", [context])
        files = {"train": "data/own-{lang}.json", "test": "data/own-{lang}.json"}
        own = {"kind": "extractive-qa", "languages": ["en"], "format": "squad-json", "files": files}
        target = {"task": "xquad", "languages": ["de"], "train_on": "mine", "train_languages": ["en", "de"]}
        changes = {"stages": None, "sequences": {"base": []}, "tasks": {"mine": own}}
        changes["targets"] = [{**target, "budget": {"steps": 1}}]
        if is_refused:
            with pytest.raises(StudyError, match="target xquad: 1 of 3 training examples of mine are test"):
                plan_of(tmp_path, script_encoder_dir, **changes)
        else:
            assert plan_of(tmp_path, script_encoder_dir, **changes).overlaps == ()


def test_other_training_data_is_no_overlap(
    script_encoder_dir: Path,  # noqa: F811
    data_dir: Path,
    tmp_path: Path,
) -> None:
    plan = plan_of(tmp_path, script_encoder_dir, stages=None, sequences={"base": []})
    assert plan.overlaps == ()


def test_without_the_originals_the_record_says_that_nothing_was_checked(
    script_encoder_dir: Path,  # noqa: F811
    data_dir: Path,
    tmp_path: Path,
) -> None:
    (data_dir / "xquad/xquad.en.json").unlink()
    plan = plan_of(tmp_path, script_encoder_dir, stages=None, sequences={"base": []})
    (protocol,) = task_protocols(plan.study, plan.overlaps)
    assert any("not checked whether the training data of xquad" in departure for departure in protocol.departures)


def test_a_checkpoint_chosen_on_originals_of_the_test_examples_is_said(
    script_encoder_dir: Path,  # noqa: F811
    data_dir: Path,
    tmp_path: Path,
) -> None:
    """XQuAD's validation data is SQuAD's development set, where its English originals stand."""
    write_squad(data_dir / "squad/dev-v1.1.json", list(PARAGRAPHS))
    alone: dict[str, Any] = {"stages": None, "sequences": {"base": []}}
    target = {"task": "xquad", "languages": ["de"], "budget": {"steps": 1}}
    for rule, expected in (("best", ["1 of 3 validation examples (xquad in en)"]), ("last", [])):
        plan = plan_of(tmp_path, script_encoder_dir, **alone, targets=[{**target, "selection": {"rule": rule}}])
        (protocol,) = task_protocols(plan.study, plan.departures)
        said = [own.partition(": ")[2] for own in protocol.departures if "chosen on its test examples" in own]
        assert said == expected
    (data_dir / "xquad/xquad.en.json").unlink()
    plan = plan_of(tmp_path, script_encoder_dir, **alone, targets=[{**target, "selection": {"rule": "best"}}])
    (chosen,) = plan.chosen_on
    assert "not checked" in str(chosen)


def test_a_test_split_that_was_cut_off_is_said(
    script_encoder_dir: Path,  # noqa: F811
    data_dir: Path,
    tmp_path: Path,
) -> None:
    alone: dict[str, Any] = {"stages": None, "sequences": {"base": []}}
    plan = plan_of(tmp_path, script_encoder_dir, **alone)
    assert [str(own) for own in plan.other_counts] == ["1 test examples in de instead of 1,190, as published"]
    (protocol,) = task_protocols(plan.study, plan.departures)
    assert str(plan.other_counts[0]) in protocol.departures
    target = {"task": "xquad", "languages": ["de"], "budget": {"steps": 1}, "limits": {"test": 1}}
    assert plan_of(tmp_path, script_encoder_dir, **alone, targets=[target]).other_counts == ()


def test_own_data_that_is_copas_test_set_is_refused_for_xcopa(
    script_encoder_dir: Path,  # noqa: F811
    data_dir: Path,
    tmp_path: Path,
) -> None:
    columns = {"text": "premise", "choices": ["choice1", "choice2"], "answer": "label"}
    own = {"kind": "multiple-choice", "languages": ["en"], "columns": columns}
    targets = [{"task": "xcopa", "languages": ["it"], "train_on": "mine", "budget": {"steps": 1}}]
    for name, is_refused in (("train", False), ("val", True), ("test", True)):
        path = f"data/copa/{name}-en.jsonl"
        tasks = {"mine": {**own, "files": {"train": path, "test": path}}}
        changes = {"stages": None, "sequences": {"base": []}, "targets": targets, "tasks": tasks}
        if is_refused:
            with pytest.raises(StudyError, match="target xcopa: 1 of 1 training examples of mine"):
                plan_of(tmp_path, script_encoder_dir, **changes)
        else:
            assert plan_of(tmp_path, script_encoder_dir, **changes).overlaps == ()


def test_paragraphs_of_lareqa_are_recognised_in_questions_and_in_pairs(
    script_encoder_dir: Path,  # noqa: F811
    data_dir: Path,
    tmp_path: Path,
) -> None:
    text = PARAGRAPHS[0]
    question = {"id": "q", "question": "Where?", "answers": [{"text": "Oslo", "answer_start": 0}]}
    paragraph = {"context": text, "sentence_breaks": [[0, len(text)]], "qas": [question]}
    path = data_dir / "lareqa/xquad-r/en.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"data": [{"paragraphs": [paragraph]}]}), encoding="utf-8")
    targets = [{"task": "lareqa", "languages": ["en"], "budget": {"steps": 1}}]
    with pytest.raises(StudyError, match="target lareqa: 1 of 3 training examples of squad-v2"):
        plan_of(tmp_path, script_encoder_dir, targets=targets)
    alone: dict[str, Any] = {"targets": targets, "stages": None, "sequences": {"base": []}}
    assert plan_of(tmp_path, script_encoder_dir, **alone).overlaps == ()
    write_squad(data_dir / "squad/train-v1.1.json", list(PARAGRAPHS))
    with pytest.raises(StudyError, match="target lareqa: 1 of 3 training examples of lareqa"):
        plan_of(tmp_path, script_encoder_dir, **alone)
