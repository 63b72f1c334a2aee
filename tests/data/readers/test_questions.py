from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from waystage.data.examples import Answer, MultipleChoiceExample, QuestionExample, example_from_json
from waystage.data.readers.columns import ChoiceColumns, QuestionColumns, examples_of
from waystage.data.readers.rows import JsonLines, Row
from waystage.data.readers.squad import SquadJson
from waystage.data.readers.supertags import CcgAuto, Supertags
from waystage.errors import DataError

CONTEXT = " القاهرة هي عاصمة مصر، 长城在中国。"


def squad_file(folder: Path, *questions: dict[str, Any], context: Any = CONTEXT) -> Path:
    path = folder / "squad.json"
    content = {"data": [{"paragraphs": [{"context": context, "qas": list(questions)}]}]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def question(id_: Any, *answers: tuple[str, int], **changes: Any) -> dict[str, Any]:
    listed = [{"text": text, "answer_start": start} for text, start in answers]
    return {"id": id_, "question": "أين؟", "answers": listed, **changes}


def read(path: Path, **options: bool) -> list[Any]:
    columns = QuestionColumns(id="id")
    return examples_of(path, SquadJson(**options).rows(path, columns.names), columns, ())


def test_answers_keep_their_place_and_the_context_its_white_space(tmp_path: Path) -> None:
    start = CONTEXT.index("中国")
    (example,) = read(squad_file(tmp_path, question("q", ("中国", start), ("القاهرة", 1))))
    assert example == QuestionExample("q", "أين؟", CONTEXT, (Answer(start, "中国"), Answer(1, "القاهرة")))
    assert [CONTEXT[answer.start : answer.stop] for answer in example.answers] == ["中国", "القاهرة"]
    assert example_from_json(json.loads(json.dumps(example.to_json()))) == example


def test_no_answer_and_withheld_answers_differ(tmp_path: Path) -> None:
    path = squad_file(tmp_path, question("a", is_impossible=True), question("b", ("", 0)), question("c", answers=None))
    assert [example.answers for example in read(path)] == [(), None, None]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (("中国", 0), "does not stand at character 0"),
        (("中国", -3), "does not stand at character -3"),
        (("日本", 0), "is not in its context"),
    ],
)
def test_an_answer_that_is_elsewhere_is_an_error(answer: tuple[str, int], message: str, tmp_path: Path) -> None:
    path = squad_file(tmp_path, question("a", ("القاهرة", 1)), question("b", answer))
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    assert f"{path}:2: answers" in str(caught.value)


def test_ids_that_repeat_are_an_error_or_renamed(tmp_path: Path) -> None:
    path = squad_file(tmp_path, question(0), question(1), question(0), question(0))
    with pytest.raises(DataError, match="id '0' again"):
        read(path)
    assert [example.id for example in read(path, renames_repeated_ids=True)] == ["0", "1", "0-2", "0-3"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"data": [\n}', ":2: not JSON"),
        ("[]", "no list 'data'"),
        ('{"data": [{"paragraphs": [{}]}]}', r"data\[0\]\.paragraphs\[0\]: no list 'qas'"),
        ('{"data": [{"paragraphs": [{"qas": [3]}]}]}', r"qas\[0\]: a JSON int"),
        ('{"data": []}', "no examples"),
    ],
)
def test_what_is_not_squad_says_where(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "squad.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read(path)


def test_answers_of_rows(tmp_path: Path) -> None:
    columns = QuestionColumns("q", "c", "a")
    for given, expected in (
        ("b", (Answer(2, "b"),)),
        ("", ()),
        ([], ()),
        ({"text": ["b", "a"], "answer_start": [2, 0]}, (Answer(2, "b"), Answer(0, "a"))),
        (None, None),
    ):
        (example,) = examples_of(tmp_path, [Row(1, {"q": "?", "c": "a b", "a": given})], columns, ())
        assert isinstance(example, QuestionExample)
        assert example.answers == expected


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (ChoiceColumns(), '{"text": "Why?", "choices": ["a", "b", "c"], "answer": 1}'),
        (ChoiceColumns(), '{"text": "Why?", "choices": ["a", "b", "c"], "answer": "B"}'),
        (ChoiceColumns("{s}?", ("x", "y", "z"), "l"), '{"s": "Why", "x": "a", "y": "b ", "z": "c", "l": "1"}'),
    ],
)
def test_choices_in_all_their_forms(columns: ChoiceColumns, line: str, tmp_path: Path) -> None:
    path = tmp_path / "choices.jsonl"
    path.write_text(line, encoding="utf-8")
    (example,) = examples_of(path, JsonLines().rows(path, columns.names), columns, ())
    assert example == MultipleChoiceExample("1", "Why?", ("a", "b", "c"), 1)
    assert example_from_json(json.loads(json.dumps(example.to_json()))) == example


@pytest.mark.parametrize("answer", [3, -1, "D", "", "yes", True, 1.0, "²"])
def test_an_answer_that_is_no_choice_is_an_error(answer: Any, tmp_path: Path) -> None:
    row = Row(4, {"text": "Why?", "choices": ["a", "b", "c"], "answer": answer})
    with pytest.raises(DataError, match="is none of 3 choices"):
        examples_of(tmp_path, [row], ChoiceColumns(), ())


def test_supertags(tmp_path: Path) -> None:
    path = tmp_path / "tags"
    path.write_text("An|DT|NP/N old|JJ|N/N\n", encoding="utf-8")
    assert [row.values for row in Supertags().rows(path, ())] == [{"words": ["An", "old"], "tags": ["NP/N", "N/N"]}]
    path.write_text("ID=1 X\n(<T NP 0 2> (<L NP/N DT DT An NP_1/N_1>) (<L N NN NN cat N>) ) \n", encoding="utf-8")
    assert [row.values for row in CcgAuto().rows(path, ())] == [{"words": ["An", "cat"], "tags": ["NP/N", "N"]}]
    with pytest.raises(DataError, match=":1: 'ID=1'"):
        list(Supertags().rows(path, ()))


@pytest.mark.shared_data
def test_the_sample_of_ccgbank_is_read(shared_data_dir: Path) -> None:
    rows = list(CcgAuto().rows(shared_data_dir / "ccg" / "sample.auto", ()))
    assert [row.values["words"][0] for row in rows] == ["Pierre", "Mr."]
    assert rows[0].values["tags"][:3] == ["N/N", "N", ","]
