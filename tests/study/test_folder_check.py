from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from waystage.cli import cli
from waystage.errors import DataError
from waystage.study.folder_check import Checked, FolderCheck, State, check_folder
from waystage.tasks.registry import PUBLISHED, TASKS


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def found(check: FolderCheck, task: str, split: str, language: str = "en") -> Checked:
    return next(one for one in check.checked if (one.task, one.split, one.language) == (task, split, language))


def squad(*contexts: str, answer: str = "Paris", start: int = 0) -> str:
    paragraphs = [
        {
            "context": context,
            "qas": [{"id": f"{i}", "question": "q", "answers": [{"text": answer, "answer_start": start}]}],
        }
        for i, context in enumerate(contexts)
    ]
    return json.dumps({"data": [{"paragraphs": paragraphs}]})


def test_states(tmp_path: Path) -> None:
    write(tmp_path, "copa/train-en.jsonl", "")
    row = '{"premise": "a", "choice1": "b", "choice2": "c", "question": "cause", "idx": %d, "label": 0}\n'
    write(tmp_path, "copa/val-en.jsonl", b"\xef\xbb\xbf" + "".join(row % i for i in range(100)).encode())
    write(tmp_path, "copa/test-en.jsonl", "".join(row % i for i in range(500)))
    check = check_folder(tmp_path, [TASKS["copa"], TASKS["mnli"]])
    assert check.absent == ("mnli",)
    assert found(check, "copa", "train").state is State.MALFORMED
    assert "the file is empty" in str(found(check, "copa", "train").problems[0])
    validation = found(check, "copa", "validation")
    assert (validation.state, validation.n_found, validation.notes) == (State.OK, 100, ("byte-order mark",))
    assert validation.n_repeated == 99
    assert found(check, "copa", "test").state is State.WITHHELD


def test_counts_and_partly_withheld_gold_differ(tmp_path: Path) -> None:
    write(tmp_path, "panx/train-en.tsv", "a\tO\n\n" * 3)
    write(tmp_path, "panx/test-en.tsv", "a\tO\n\n" * 10_000)
    check = check_folder(tmp_path, [TASKS["panx"]])
    train = found(check, "panx", "train")
    assert (train.state, train.n_found, train.n_expected) == (State.DIFFERS, 3, 20_000)
    assert str(train.problems[0]).endswith("panx train en: 3 examples; expected 20,000, as published")
    assert found(check, "panx", "test").state is State.OK
    assert found(check, "panx", "test").unused_labels[0] == "B-PER"
    assert found(check, "panx", "test", "sw").state is State.MISSING


def test_every_answer_that_is_not_where_it_should_be_is_named(tmp_path: Path) -> None:
    write(tmp_path, "squad/dev-v1.1.json", squad("Paris is", "In Paris", "London"))
    problems = found(check_folder(tmp_path, [TASKS["squad"]]), "squad", "validation").problems
    assert [problem.line for problem in problems] == [2, 3]
    assert "does not stand at character 0" in problems[0].found
    assert "is not in its context" in problems[1].found


def test_overlap_with_what_a_task_was_made_from(tmp_path: Path) -> None:
    write(tmp_path, "squad/dev-v1.1.json", squad("Paris is", "Paris was", "Paris will be"))
    write(tmp_path, "xquad/xquad.en.json", squad("Paris  was"))
    shared = {str(one) for one in check_folder(tmp_path, [TASKS["squad"], TASKS["xquad"]]).shared}
    assert "1 of 3 examples of squad (validation) have the text of test examples of xquad" in shared


def test_tags_that_continue_nothing_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "panx/dev-en.tsv", "a\tI-PER\nb\tI-PER\nc\tB-LOC\nd\tI-ORG\n")
    validation = found(check_folder(tmp_path, [TASKS["panx"]]), "panx", "validation")
    assert validation.notes == ("2 I- tags that continue nothing: each starts a span",)


def test_command_line(tmp_path: Path) -> None:
    write(tmp_path, "panx/dev-en.tsv", "a\tO\r\n\r\n" * 10_000)
    runner = CliRunner()
    fine = runner.invoke(cli, ["data", "check", str(tmp_path), "--task", "panx"])
    assert fine.exit_code == 0
    assert "CR LF" in fine.output
    strict = runner.invoke(cli, ["data", "check", str(tmp_path), "--task", "panx", "--strict"])
    assert isinstance(strict.exception, DataError)
    assert "panx/train-en.tsv: there is no such file" in str(strict.exception)
    as_json = json.loads(runner.invoke(cli, ["data", "check", str(tmp_path), "--task", "panx", "--json"]).output)
    assert as_json["checked"][1] == {
        "task": "panx",
        "split": "validation",
        "language": "en",
        "state": "ok",
        "n_found": 10_000,
        "n_expected": 10_000,
        "notes": ["CR LF"],
        "problems": [],
        "unused_labels": ["B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"],
        "n_repeated": 9_999,
    }


# What the files at hand have otherwise than it was published, and why; every other file of theirs is as published.
DIFFERENT = {
    ("anli", "validation", "en"): "made from a release that lacks two examples",
    ("anli-dev", "test", "en"): "made from the same files",
    ("anli-plus-dev", "test", "en"): "made from the same files",
    **{("udpos", "test", code): "one treebank of several" for code in ("en", "es", "fi", "id", "it", "pt", "tr")},
    **{("udpos", "test", code): "a later release of its treebank" for code in ("tl", "yo")},
}


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_truth_about_real_files(shared_data_dir: Path) -> None:
    small = [task for task in PUBLISHED if task.name not in ("panx-dev",)]
    check = check_folder(shared_data_dir, small)
    different = {(one.task, one.split, one.language) for one in check.checked if one.state is State.DIFFERS}
    assert different <= DIFFERENT.keys()
    assert different >= {("anli", "validation", "en"), ("udpos", "test", "en")}
    assert not [one for one in check.checked if one.state is State.MALFORMED]
    withheld = {one.task for one in check.checked if one.state is State.WITHHELD}
    assert withheld == {"panx", "tydiqa", "tydiqa-train-files", "pawsx"}
    shared = {str(one) for one in check.shared}
    assert "1,190 of 10,570 examples of squad (validation) have the text of test examples of xquad" in shared
    assert "500 of 500 examples of copa (test) have the text of test examples of xcopa" in shared
