"""Extracted answers: gold as SQuAD writes it, predictions ``{id: text}``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waystage.benchmark.form import Measure, ScoredFile
from waystage.benchmark.json_file import JsonFile
from waystage.benchmark.judged import Query, check_ids, rows_of
from waystage.benchmark.lines import refuse, shown
from waystage.errors import DataError, Problem
from waystage.metrics.answer_overlap import AnswerOverlap

_EXPECTED = 'an object {"id": "text", ...}'


@dataclass(frozen=True, slots=True)
class QuestionAnswers:
    """Exact match, F1 and the mean of both. Every question needs an answer, which may be empty."""

    exact_match: AnswerOverlap
    f1: AnswerOverlap
    metric: AnswerOverlap
    extension: str = "json"

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Both count for the task's score."""
        return (Measure("exact_match", self.exact_match.score), Measure("f1", self.f1.score))

    def score(self, gold: Path, predictions: Path, language: str) -> ScoredFile:
        """Exact match, F1, and 1, for each question."""
        questions = read_questions(JsonFile.read(gold), language)
        file = JsonFile.read(predictions)
        answers = _read_answers(file)
        check_ids(file, answers, gold, {question.id for question in questions}, all_needed=True)
        ids = tuple(question.id for question in questions)
        return ScoredFile(rows_of(self.f1, questions, answers), example_ids=ids)


def read_questions(file: JsonFile, language: str) -> list[Query]:
    """The questions of a SQuAD file: ``{"data": [...]}``, or the list alone.

    Raises:
        DataError: up to 20 problems: another structure, an id twice, no answer, or one that is not in its
            paragraph.
    """
    questions: dict[str, Query] = {}
    refuse(_gathered(file, language, questions))
    if not questions:
        raise DataError(Problem(file.path, 1, None, "no questions in the file", "at least one"))
    return list(questions.values())


def _gathered(file: JsonFile, language: str, questions: dict[str, Query]) -> Iterator[Problem]:
    """Puts the questions into ``questions``, and gives what is wrong on the way."""
    for value, field, context in _asked(file):
        query = _question(file, value, field, context, language)
        if isinstance(query, Problem):
            yield query
        elif query.id in questions:
            yield file.problem(query.id, field, f"id {shown(query.id)} stands twice", "unique ids")
        else:
            questions[query.id] = query


def _asked(file: JsonFile) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """Each question with the path to it and the context of its paragraph."""
    data = file.value["data"] if isinstance(file.value, dict) and "data" in file.value else file.value
    for article, place in _objects(file, data, "data"):
        for paragraph, where in _objects(file, article.get("paragraphs"), f"{place}.paragraphs"):
            for question, field in _objects(file, paragraph.get("qas"), f"{where}.qas"):
                yield question, field, paragraph.get("context")


def _question(file: JsonFile, value: dict[str, Any], field: str, context: Any, language: str) -> Query | Problem:
    name = value.get("id")
    if not isinstance(name, str) or not name:
        return Problem(file.path, None, f"{field}.id", "no id, or not a text", "a text")
    answers = value.get("answers")
    if not isinstance(answers, list) or not answers:
        return file.problem(name, f"{field}.answers", f"question {shown(name)} has no answers", "at least one")
    found = [answer.get("text") if isinstance(answer, dict) else None for answer in answers]
    right = tuple(text for text in found if isinstance(text, str))
    if len(right) < len(found):
        return file.problem(name, f"{field}.answers", f"an answer to {shown(name)} without a text", '{"text": ...}')
    absent = [text for text in right if isinstance(context, str) and text not in context]
    if absent:
        what = f"answer {shown(absent[0])} to {shown(name)} is not in its paragraph"
        return file.problem(name, f"{field}.answers", what, "a part of it")
    return Query(name, language, right)


def _objects(file: JsonFile, value: Any, field: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of a list, each with the path to it."""
    if not isinstance(value, list):
        found = "nothing" if value is None else f"a JSON {type(value).__name__}"
        raise DataError(Problem(file.path, None, field, found, "a list of objects, as SQuAD has it"))
    for place, item in enumerate(value):
        if not isinstance(item, dict):
            found = f"a JSON {type(item).__name__}"
            raise DataError(Problem(file.path, None, f"{field}[{place}]", found, "an object, as SQuAD has it"))
        yield item, f"{field}[{place}]"


def _read_answers(file: JsonFile) -> dict[str, str]:
    answers = file.members(_EXPECTED)
    refuse(
        file.problem(name, None, f"a JSON {type(answer).__name__} as the answer to {shown(name)}", "a text")
        for name, answer in answers.items()
        if not isinstance(answer, str)
    )
    return answers
