from __future__ import annotations

import numpy as np
import pytest

from waystage.data.examples import Answer, QuestionExample, TextExample
from waystage.metrics.answer_overlap import ANSWER_F1, ANSWER_F1_EM, EXACT_MATCH, MLQA_F1_EM
from waystage.metrics.registry import make_metric

QUESTION = QuestionExample("1", "Where?", "In the old town of Paris.", (Answer(3, "the old town"), Answer(19, "Paris")))
UNANSWERED = QuestionExample("2", "Why?", "In Paris.", ())


@pytest.mark.parametrize(
    ("answer", "f1", "exact"),
    [
        ("The Old  Town!", 1.0, 1.0),
        ("paris", 1.0, 1.0),
        ("old town hall", 0.8, 0.0),
        ("Rome", 0.0, 0.0),
        ("", 0.0, 0.0),
        ("town town", 0.5, 0.0),
    ],
)
def test_the_best_of_the_accepted_answers_counts(answer: str, f1: float, exact: float) -> None:
    assert ANSWER_F1.statistics(QUESTION, answer) == pytest.approx((exact, f1, 1.0))


@pytest.mark.parametrize(("answer", "score"), [("", 1.0), ("Paris", 0.0)])
def test_no_answer_is_the_empty_text(answer: str, score: float) -> None:
    assert ANSWER_F1.statistics(UNANSWERED, answer) == (score, score, 1.0)


def test_articles_are_english_and_punctuation_is_ascii_in_every_language() -> None:
    german = QuestionExample("3", "Wo?", "die Stadt。", (Answer(0, "die Stadt。"),))
    assert ANSWER_F1.statistics(german, "Stadt。") == pytest.approx((0.0, 2 / 3, 1.0))
    assert ANSWER_F1.statistics(german, "die Stadt") == (0.0, 0.5, 1.0)


def test_the_mean_of_exact_match_and_f1_has_the_same_statistics_and_is_their_mean() -> None:
    rows = [ANSWER_F1_EM.statistics(QUESTION, answer) for answer in ("paris", "old town hall", "Rome")]
    assert rows == [ANSWER_F1.statistics(QUESTION, answer) for answer in ("paris", "old town hall", "Rome")]
    sums = np.array([np.sum(rows, axis=0), rows[1]])
    expected = (EXACT_MATCH.score(sums) + ANSWER_F1.score(sums)) / 2
    assert ANSWER_F1_EM.score(sums) == pytest.approx(expected)
    assert ANSWER_F1_EM.score(sums) == pytest.approx([(1 + 1.8) / 6, 0.4])
    assert make_metric("mlqa-f1-em") is MLQA_F1_EM


def test_what_is_withheld_or_no_question_has_no_statistics() -> None:
    with pytest.raises(ValueError, match="withheld"):
        ANSWER_F1.statistics(QuestionExample("4", "Who?", "x", None), "x")
    with pytest.raises(ValueError, match="no set of right answers"):
        make_metric("exact-match").statistics(TextExample("5", "x", None, "a"), "x")
