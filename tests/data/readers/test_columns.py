from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from waystage.data.examples import ParallelExample, TaggedExample, TextExample
from waystage.data.readers.columns import (
    MAX_PROBLEMS,
    Columns,
    ParallelColumns,
    TaggedColumns,
    TextColumns,
    examples_of,
)
from waystage.data.readers.rows import Row
from waystage.errors import DataError, Problem

PATH = Path("file.jsonl")
LABELS = ("positive", "negative")


def examples(columns: Columns, *values: dict[str, Any]) -> list[Any]:
    return examples_of(PATH, [Row(i + 1, value) for i, value in enumerate(values)], columns, LABELS)


def problems(columns: Columns, *values: dict[str, Any]) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as caught:
        examples(columns, *values)
    return caught.value.problems


def test_text_pair_and_label() -> None:
    found = examples(TextColumns(pair="pair"), {"text": " a ", "pair": "b", "label": "positive"})
    assert found == [TextExample("1", "a", "b", "positive")]


def test_a_null_label_is_withheld_and_an_index_is_resolved() -> None:
    found = examples(TextColumns(), {"text": "a", "label": None}, {"text": "b", "label": 1})
    assert [example.label for example in found] == [None, "negative"]


def test_labels_that_are_numbers_are_not_taken_for_indices() -> None:
    rows = [Row(1, {"text": "a", "label": 1})]
    (found,) = examples_of(PATH, rows, TextColumns(), ("1", "0"))
    assert isinstance(found, TextExample)
    assert found.label == "1"


def test_an_unknown_label_is_named_with_the_nearest() -> None:
    (problem,) = problems(TextColumns(), {"text": "a", "label": "positiv"})
    assert (problem.line, problem.field, problem.nearest) == (1, "label", "positive")


def test_words_are_lists_or_text() -> None:
    found = examples(
        TaggedColumns(),
        {"words": ["a", "b"], "tags": [0, 1]},
        {"words": "a b", "tags": "positive positive"},
        {"words": ["a"]},
    )
    assert found[0] == TaggedExample("1", ("a", "b"), ("positive", "negative"))
    assert found[1] == TaggedExample("2", ("a", "b"), ("positive", "positive"))
    assert found[2].tags is None


def test_parallel_text_with_ids() -> None:
    found = examples(ParallelColumns(id="key"), {"key": 7, "source": "a", "target": "b"})
    assert found == [ParallelExample("7", "a", "b")]


@pytest.mark.parametrize(
    ("columns", "values", "field"),
    [
        (TextColumns(), {"label": "positive"}, "text"),
        (TextColumns(), {"text": "  ", "label": "positive"}, "text"),
        (TextColumns(), {"text": 3, "label": "positive"}, "text"),
        (TextColumns(), {"text": "\ud800", "label": "positive"}, "text"),
        (TextColumns(), {"text": "a", "label": True}, "label"),
        (TextColumns(), {"text": "a", "label": 2}, "label"),
        (TextColumns(), {"text": "a", "label": ["positive"]}, "label"),
        (TextColumns(), {"text": "a"}, "label"),
        (TextColumns(id="id"), {"text": "a", "label": "positive", "id": None}, "id"),
        (TaggedColumns(), {"words": [], "tags": []}, "words"),
        (TaggedColumns(), {"words": ["a", ""], "tags": [0, 0]}, "words"),
        (TaggedColumns(), {"words": ["a"], "tags": [0, 0]}, "tags"),
        (TaggedColumns(), {"words": {"a": 1}, "tags": [0]}, "words"),
        (ParallelColumns(), {"source": "a", "target": None}, "target"),
    ],
)
def test_values_that_do_not_fit_are_named_by_field(columns: Columns, values: dict[str, Any], field: str) -> None:
    (problem,) = problems(columns, values)
    assert problem.field == field


def test_ids_that_repeat_name_the_first_line() -> None:
    value = {"text": "a", "label": "positive", "id": "x"}
    (problem,) = problems(TextColumns(id="id"), value, value)
    assert problem.line == 2
    assert "first in line 1" in problem.found


def test_all_problems_come_at_once_up_to_a_limit() -> None:
    assert len(problems(TextColumns(), *[{"text": ""}] * 3)) == 3
    assert len(problems(TextColumns(), *[{"text": ""}] * 99)) == MAX_PROBLEMS


def test_no_example_at_all_is_an_error() -> None:
    assert "no examples" in problems(TextColumns())[0].found
