"""Answers, rankings and mined pairs: worked examples, and the quirks of the published evaluations."""

from __future__ import annotations

import pytest

from waystage.data.examples import Answer, Example, QuestionExample, TextExample
from waystage.metrics.answer_overlap import token_f1
from waystage.metrics.metric import Prediction
from waystage.metrics.normalisation import MLQA_LANGUAGES, mlqa_normalisation, squad_normalised
from waystage.metrics.pair_f1 import PairF1
from waystage.metrics.ranking import AveragePrecision, ReciprocalRank
from waystage.metrics.registry import make_metric, score_examples

from .strategies import Judgement


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Norman's,", "normans"),
        ("a b an\tc the\n", "b c"),
        ("cona", "cona"),
        ("de a la", "de la"),  # English articles go in every language
        ("¿qué? «x»", "¿qué «x»"),  # only ASCII punctuation goes
        ("a-b", "ab"),
        ("a.", ""),
        ("中文，", "中文，"),
    ],
)
def test_squad_normalisation(text: str, expected: str) -> None:
    assert squad_normalised(text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "“The” cost: $5", "cost 5"),
        ("es", "¿Los unos y el otro?", "y otro"),
        ("es", "L'a casa", "casa"),  # punctuation goes first, and leaves an article
        ("vi", "của những cái nhà", "nhà"),
        ("de", "Des Dorfes einer", "dorfes"),
        ("ar", "الكتاب", "كتاب"),
        ("ar", "طالب", "ط ب"),  # inside a word too
        ("hi", "यह है।", "यह है"),
        ("zh", "中文abc de，12", "中 文 abc de12"),
        ("zh", "龦a", "龦a"),  # U+9FA6 is beyond the range that is split
        ("zh", "一龥", "一 龥"),
    ],
)
def test_mlqa_normalisation(language: str, text: str, expected: str) -> None:
    assert mlqa_normalisation(language)(text) == expected


def test_mlqa_languages() -> None:
    assert set(MLQA_LANGUAGES) == {"en", "es", "de", "ar", "hi", "vi", "zh"}
    with pytest.raises(ValueError, match="MLQA has no answers in 'fr'"):
        mlqa_normalisation("fr")


def test_a_case_passes_if_all_its_questions_are_answered() -> None:
    """Rows are cases, in the order in which they begin; a question without a case is one by itself."""
    gold: list[Example] = [
        QuestionExample(f"{case}/{i}", "Who?", "Ulm", (Answer(0, "Ulm"),), case) for case in "ab" for i in range(3)
    ]
    gold.insert(4, QuestionExample("alone", "Who?", "Ulm", (Answer(0, "Ulm"),)))
    answers: dict[str, Prediction] = {example.id: "ulm" for example in gold}
    metric = make_metric("case-accuracy")
    assert score_examples(metric, gold, answers).ids == ("a", "b", "alone")
    assert score_examples(metric, gold, answers).statistics.tolist() == [[1, 1], [1, 1], [1, 1]]
    answers["b/1"] = "Bonn"
    statistics = score_examples(metric, gold, answers).statistics
    assert statistics.tolist() == [[1, 1], [0, 1], [1, 1]]
    assert metric.score(statistics.sum(axis=0)) == pytest.approx(2 / 3)
    by_question = make_metric("exact-match")
    assert by_question.score(score_examples(by_question, gold, answers).statistics.sum(axis=0)) == pytest.approx(6 / 7)


def test_repeated_tokens_count_as_often_as_both_have_them() -> None:
    assert token_f1("x x y", "x x x") == pytest.approx(2 / 3)
    assert token_f1("", "") == 0.0


def row(name: str, answers: tuple[str, ...], prediction: str | tuple[str, ...], language: str = "en") -> list[float]:
    return list(make_metric(name).statistics(Judgement("1", answers, language), prediction))


def test_the_best_of_several_answers_counts_for_each_score_by_itself() -> None:
    assert row("answer-f1", ("red house", "the house"), "house") == [1.0, 1.0, 1.0]
    assert row("exact-match", ("big red house", "red"), "red house") == [0.0, pytest.approx(0.8), 1.0]


def test_an_answer_that_is_all_articles_matches_without_overlap() -> None:
    assert row("answer-f1", ("the",), "a") == [1.0, 0.0, 1.0]


def test_an_empty_answer_scores_nothing() -> None:
    assert row("mlqa-f1", ("Haus",), "", "de") == [0.0, 0.0, 1.0]


def test_reciprocal_rank_looks_at_twenty() -> None:
    others = tuple(f"o{number}" for number in range(25))
    assert row("reciprocal-rank@20", ("x",), (*others[:3], "x")) == [0.25, 1.0]
    assert row("reciprocal-rank@20", ("x",), (*others[:19], "x")) == [0.05, 1.0]
    assert row("reciprocal-rank@20", ("x",), (*others[:20], "x")) == [0.0, 1.0]
    assert row("reciprocal-rank@20", ("x",), ()) == [0.0, 1.0]


def test_average_precision_divides_by_what_could_be_found() -> None:
    assert row("map@20", ("x", "y"), ("x", "o", "y")) == [pytest.approx((1 + 2 / 3) / 2), 1.0]
    right = tuple(f"r{number}" for number in range(30))
    assert row("map@20", right, right) == [1.0, 1.0]
    assert AveragePrecision(2).statistics(Judgement("1", ("x", "y", "z")), ("x", "o", "y")) == (0.5, 1.0)
    with pytest.raises(ValueError, match="names an id twice"):
        row("map@20", ("x",), ("x", "x"))


def test_pairs() -> None:
    assert PairF1().statistics(Judgement("1", ()), ("x",)) == (0.0, 1.0, 0.0)
    assert PairF1().statistics(Judgement("1", ("x", "y")), ("x", "x")) == (1.0, 1.0, 2.0)


@pytest.mark.parametrize(
    ("name", "gold", "prediction", "message"),
    [
        ("answer-f1", TextExample("1", "text", None, "no"), "no", "has no set of right answers"),
        ("answer-f1", Judgement("1", ()), "x", "has no right answer"),
        ("answer-f1", Judgement("1", ("x",)), ("x",), "needs one answer"),
        ("map@20", Judgement("1", ("x",)), "x", "needs a list of ids"),
        ("mlqa-f1", Judgement("1", ("x",), None), "x", "does not say which language"),
        ("mlqa-f1", Judgement("1", ("x",), "fr"), "x", "MLQA has no answers in 'fr'"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, gold: Judgement, prediction: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_metric(name).statistics(gold, prediction)


def test_names_say_how_many_are_looked_at() -> None:
    assert (ReciprocalRank().name, AveragePrecision().name) == ("reciprocal-rank@20", "map@20")
