"""Gold that is a set of right answers: texts of a question, ids of a query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from waystage.data.examples import Example, QuestionExample
from waystage.metrics.metric import Prediction

NO_ANSWER = ""
"""The right answer to a question that its context does not answer (SQuAD v2.0)."""


class Judged(Protocol):
    """An example with every answer that is right: texts, or ids of entities, candidates or sentences."""

    @property
    def id(self) -> str:
        """Unique within its split."""

    @property
    def answers(self) -> tuple[str, ...]:
        """Right answers."""


def answers_and_text(gold: Example | Judged, prediction: Prediction) -> tuple[Sequence[str], str]:
    """The right texts, at least one, and the predicted one.

    Raises:
        ValueError: not an example with answers, there is none, or several texts are predicted.
    """
    if not isinstance(prediction, str):
        raise ValueError(f"example {gold.id!r} needs one answer, not {len(prediction)}")
    return _answers(gold, can_be_none=False), prediction


def answers_and_ranking(
    gold: Example | Judged, prediction: Prediction, *, can_be_none: bool = False
) -> tuple[Sequence[str], Sequence[str]]:
    """The right ids and the predicted ones, best first.

    Raises:
        ValueError: not an example with answers, there is none and that cannot be, or one text is predicted.
    """
    if isinstance(prediction, str):
        raise ValueError(f"example {gold.id!r} needs a list of ids, not the one answer {prediction!r}")
    return _answers(gold, can_be_none=can_be_none), prediction


def language_of(gold: Example | Judged) -> str:
    """The language of an example's answers; ValueError where it does not say."""
    language = getattr(gold, "language", None)
    if not isinstance(language, str):
        raise ValueError(f"example {gold.id!r} does not say which language its answers are in")
    return language


def _answers(gold: Example | Judged, *, can_be_none: bool) -> tuple[str, ...]:
    if isinstance(gold, QuestionExample):
        if gold.answers is None:
            raise ValueError(f"the answers to example {gold.id!r} are withheld")
        return tuple(answer.text for answer in gold.answers) or (NO_ANSWER,)
    # An attribute, not isinstance of the protocol: that is twenty times as slow, and this runs for each example.
    answers: tuple[str, ...] | None = getattr(gold, "answers", None)
    if answers is None:
        raise ValueError(f"example {gold.id!r} is a {type(gold).__name__}: it has no set of right answers")
    if not answers and not can_be_none:
        raise ValueError(f"example {gold.id!r} has no right answer")
    return answers
