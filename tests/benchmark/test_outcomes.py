"""Files with the outcomes of several systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from waystage.benchmark.outcomes import read_outcomes
from waystage.errors import DataError, StudyError


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path


def label_rows(*outcomes: tuple[Any, Any, Any]) -> list[dict[str, Any]]:
    return [{"id": number, "gold": gold, "a": a, "b": b} for number, (gold, a, b) in enumerate(outcomes)]


def row(name: Any, **values: Any) -> dict[str, Any]:
    return {"id": name, "gold": "n", "a": "n", "b": "n"} | values


def answer(*texts: str) -> dict[str, Any]:
    return {"text": list(texts), "answer_start": [-1] * len(texts)}


def test_labels_give_accuracy(tmp_path: Path) -> None:
    write(tmp_path / "xnli.de.jsonl", *label_rows(("yes", "yes", "no"), ("no", "no", "no"), ("no", "yes", "no")))
    systems = read_outcomes(tmp_path)
    (german,) = systems.languages
    assert systems.systems == ("a", "b")
    assert (german.task, german.language, german.metric.name) == ("xnli", "de", "accuracy")
    assert german.ids == ("0", "1", "2")
    assert german.statistics[:, :, 0].tolist() == [[1, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize("labels", [("0", "1"), (0, 1), (False, True)])
def test_labels_may_be_numbers(tmp_path: Path, labels: tuple[Any, Any]) -> None:
    write(tmp_path / "pawsx.de.jsonl", *label_rows((labels[0], labels[0], labels[1]), (labels[1], *labels)))
    assert read_outcomes(tmp_path).languages[0].statistics[:, :, 0].tolist() == [[1, 0], [0, 1]]


def test_answers_give_the_mean_of_exact_match_and_f1(tmp_path: Path) -> None:
    rows = [
        {"id": "q", "gold": answer("the red house"), "a": {"text": "red house"}, "b": {"text": "house"}},
        {"id": "r", "gold": answer("four", "4"), "a": {"text": "4"}, "b": "five"},
    ]
    write(tmp_path / "xquad.en.jsonl", *rows)
    (english,) = read_outcomes(tmp_path).languages
    assert english.statistics[0].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert english.statistics[1] == pytest.approx(np.array([[0, 2 / 3, 1], [0, 0, 1]]))
    assert english.metric.score(english.statistics.sum(axis=1)) == pytest.approx([1.0, 1 / 6])


def test_mlqa_is_scored_by_its_own_rules(tmp_path: Path) -> None:
    row = {"id": "q", "gold": answer("das Haus"), "a": {"text": "Haus"}, "b": {"text": "Hof"}}
    write(tmp_path / "mlqa.de.jsonl", row)
    write(tmp_path / "xquad.de.jsonl", row)
    by_task = {language.task: language.statistics[0, 0, 0] for language in read_outcomes(tmp_path).languages}
    assert by_task == {"mlqa": 1.0, "xquad": 0.0}


def test_one_id_in_all_lines_means_that_they_are_numbered(tmp_path: Path) -> None:
    write(
        tmp_path / "xnli.de.jsonl",
        *({**row, "id": "0"} for row in label_rows(("y", "y", "n"), ("n", "y", "n"), ("n", "n", "y"))),
    )
    systems = read_outcomes(tmp_path)
    assert systems.languages[0].ids == ("1", "2", "3")
    assert systems.notes == ("all lines have one id in xnli.de: examples are numbered by line instead",)


def test_what_a_system_lacks_is_left_out_for_all(tmp_path: Path) -> None:
    rows = label_rows(("y", "y", "n"), ("n", "n", "n"))
    write(tmp_path / "xnli.de.jsonl", *rows)
    write(tmp_path / "xnli.fr.jsonl", *({key: value for key, value in row.items() if key != "b"} for row in rows))
    systems = read_outcomes(tmp_path)
    assert [language.language for language in systems.languages] == ["de"]
    assert [str(gap) for gap in systems.left_out] == ["xnli/fr: no outcomes of b"]


def test_other_files_are_not_read(tmp_path: Path) -> None:
    write(tmp_path / "xnli.de.jsonl", *label_rows(("y", "y", "n"), ("n", "n", "n")))
    (tmp_path / "SOURCE.md").write_text("about", encoding="utf-8")
    assert len(read_outcomes(tmp_path).languages) == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(1), row(1), row(2)], "x.de.jsonl:2: id: '1' of line 1 again"),
        ([row(1), {"id": 2, "gold": "y", "a": "y"}], "x.de.jsonl:2: the keys 'id', 'gold', 'a'"),
        ([row(1, b=None)], "x.de.jsonl:1: b: a JSON NoneType for a label"),
        ([row(1, gold=1, a=1, b="1")], "x.de.jsonl:1: b: a JSON str for a label that is a int"),
        ([row(1, gold=None)], "x.de.jsonl:1: gold: a JSON NoneType"),
        ([row(1, gold=["y"])], "x.de.jsonl:1: gold: a JSON list"),
        ([row(1), row(2, gold=answer("y"))], "x.de.jsonl:2: a: the gold is a JSON dict"),
        ([row(1, gold=answer())], "with at least one answer"),
        ([row(1, gold=answer("y"), b=3)], "x.de.jsonl:1: b: the prediction is neither"),
        ([row(None)], "x.de.jsonl:1: id: a JSON NoneType"),
        ([{"gold": "y", "a": "y", "b": "n"}], "x.de.jsonl:1: the keys 'gold', 'a', 'b'"),
        ([row(1, b="Y")], "x.de.jsonl:1: b: no label of b is one of the gold's"),
        ([{"id": 1, "gold": "y", "a": "y"}], "the outcomes of one system, a"),
        ([{"id": 1, "gold": "y"}], "no system"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    write(tmp_path / "x.de.jsonl", *rows)
    with pytest.raises(DataError) as refused:
        read_outcomes(tmp_path)
    assert message in str(refused.value)


def test_malformed_lines_of_all_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "xnli.de.jsonl").write_text('{"id": 1', encoding="utf-8")
    (tmp_path / "xnli.fr.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read_outcomes(tmp_path)
    assert [Path(problem.file).name for problem in refused.value.problems] == ["xnli.de.jsonl", "xnli.fr.jsonl"]


def test_a_folder_without_outcomes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file of outcomes"):
        read_outcomes(tmp_path)
    with pytest.raises(StudyError, match="no such folder"):
        read_outcomes(tmp_path / "absent")


def test_published_outcomes_have_the_published_accuracy(shared_data_dir: Path) -> None:
    systems = read_outcomes(shared_data_dir / "paired_predictions")
    found = {
        (own.task, own.language): (100 * own.metric.score(own.statistics.sum(axis=1))).round(2).tolist()
        for own in systems.languages
    }
    assert systems.systems == ("mlpp", "mt5base")
    assert found["xnli", "en"] == [78.72, 76.77]
    assert found["xnli", "es"] == [76.79, 73.77]
    assert {own.statistics.shape[1] for own in systems.languages} == {4000, 5010, 1190}
