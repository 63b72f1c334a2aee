"""The right answers of examples, in the form that predictions have."""

from __future__ import annotations

from collections.abc import Iterable

from waystage.data.examples import (
    Candidate,
    Example,
    MatchExample,
    ParallelExample,
    QueryExample,
    QuestionExample,
    TaggedExample,
)
from waystage.metrics.metric import Prediction


def right_answers(examples: Iterable[Example]) -> dict[str, Prediction]:
    """What a perfect system would predict, by id.

    Raises:
        ValueError: the gold of an example is withheld.

    >>> right_answers([TaggedExample("s1", ("a", "cat"), ("DET", "NOUN"))])
    {'s1': ('DET', 'NOUN')}
    """
    return {example.id: _right_answer(example) for example in examples}


def _right_answer(example: Example) -> Prediction:
    match example:
        case TaggedExample():
            answer: Prediction | None = example.tags
        case ParallelExample():
            answer = example.id
        case QuestionExample():
            answer = None if example.answers is None else tuple(answer.text for answer in example.answers)
        case QueryExample():
            answer = example.answers
        case MatchExample() | Candidate():
            raise ValueError(f"{example.id!r} is a {type(example).__name__}: nothing is predicted for it")
        case _:
            answer = example.label
    if answer is None:
        raise ValueError(f"the gold of {example.id!r} is withheld")
    return answer
