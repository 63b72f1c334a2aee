"""Cases of MultiCheckList, from a little table and from the published one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.checklist import write_templates
from waystage.data.checklist.names import N_NAMES, names_of
from waystage.data.examples import Example, QuestionExample, case_of
from waystage.data.prepare import choose
from waystage.data.source import Place
from waystage.data.sources.multichecklist import TESTS, MultiCheckList
from waystage.errors import DataError
from waystage.tasks import multichecklist
from waystage.tasks.qa import XQUAD_SOURCE

LANGUAGES = ("en", "de", "ru")
# Contexts times questions, as the published table has them in English.
N_QUESTIONS = {
    "comparison": 2, "intensifiers": 12, "properties": 2, "profession": 8, "animal-vehicle": 4, "animal-vehicle-v2": 4,
}  # fmt: skip


@pytest.fixture
def little(tmp_path: Path) -> Place:
    write_templates(tmp_path / "data")
    return Place(tmp_path, tmp_path / "cache", tmp_path / "data")


def source(test: str, n_cases: int = 8, seed: int = 42) -> MultiCheckList:
    return MultiCheckList(test, XQUAD_SOURCE, n_cases, seed)


def cases(test: str, language: str, place: Place, n_cases: int = 8, seed: int = 42) -> list[QuestionExample]:
    return questions(source(test, n_cases, seed).read("test", language, place))


def questions(examples: list[Example]) -> list[QuestionExample]:
    return [example for example in examples if isinstance(example, QuestionExample)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("test", TESTS)
def test_answers_stand_where_they_say(test: str, language: str, little: Place) -> None:
    for case in cases(test, language, little):
        assert case.answers
        for answer in case.answers:
            assert answer.text
            assert case.context[answer.start : answer.stop] == answer.text
        assert "{" not in case.context + case.question


@pytest.mark.parametrize("test", TESTS)
def test_the_seed_decides(test: str, little: Place) -> None:
    assert cases(test, "de", little) == cases(test, "de", little)
    assert cases(test, "de", little) != cases(test, "de", little, seed=1)
    some = cases(test, "de", little, n_cases=3)
    assert cases(test, "de", little)[: len(some)] == some
    assert len({case_of(question) for question in some}) == 3


@pytest.mark.parametrize("test", TESTS)
def test_cases_differ(test: str, little: Place) -> None:
    found = [(case.context, case.question) for case in cases(test, "en", little)]
    assert len(set(found)) == len({case.id for case in cases(test, "en", little)}) == len(found)


@pytest.mark.parametrize("test", TESTS)
def test_a_case_asks_every_question_of_every_context(test: str, little: Place) -> None:
    by_case: dict[str, list[QuestionExample]] = {}
    for question in cases(test, "en", little):
        by_case.setdefault(case_of(question), []).append(question)
    assert len(by_case) == 8
    for case_id, own in by_case.items():
        contexts, asked = {one.context for one in own}, {one.question for one in own}
        assert len(own) == len({(one.context, one.question) for one in own}) == len(contexts) * len(asked)
        assert all(one.id.startswith(f"{case_id}/") for one in own)


@given(st.integers(0, 9), st.integers(0, 9))
def test_a_limit_counts_cases_and_cuts_none(first: int, second: int) -> None:
    examples = [QuestionExample(f"{c}/{q}", "q", "c", (), str(c)) for c in range(8) for q in range(3)]
    chosen = choose(examples, first)
    assert len({case_of(example) for example in chosen}) * 3 == len(chosen) == 3 * min(first, 8)
    assert chosen == [example for example in examples if example in chosen]
    if first <= second:
        assert set(chosen) <= set(choose(examples, second))


def test_the_same_id_is_the_same_case_in_every_language(little: Place) -> None:
    german = {case.id: case for case in cases("comparison", "de", little)}
    russian = {case.id: case for case in cases("comparison", "ru", little)}
    for case in cases("comparison", "en", little):
        assert (
            ("older" in case.context) == ("älter" in german[case.id].context) == ("старше" in russian[case.id].context)
        )
        assert case.answers is not None
        answers = german[case.id].answers
        assert answers is not None
        assert answers[0].text == case.answers[0].text  # names are alike in Latin letters


def test_a_variant_is_taken_for_what_it_is_for(little: Place) -> None:
    for case in cases("intensifiers", "de", little):
        assert ("glücklich" in case.context) == ("darüber" in case.context) == ("darüber" in case.question)
        assert ("offen" in case.context) == ("dafür" in case.context)
    for case in cases("properties", "de", little):
        assert not re.search("Tür ist .*roter|Tisch ist .*rote ", case.context)


def test_a_draw_that_a_language_has_no_words_for_is_passed_over(little: Place) -> None:
    english = {case.id for case in cases("intensifiers", "en", little)}
    assert any("vocal" in case.context for case in cases("intensifiers", "en", little))
    german = cases("intensifiers", "de", little)
    assert not any("lautstark" in case.context for case in german)
    assert len({case_of(case) for case in german}) == 8
    assert {case.id for case in german} != english


def test_a_form_is_taken_by_the_test_that_it_is_for(little: Place) -> None:
    assert any("hat ein Hund" in case.context for case in cases("animal-vehicle", "de", little))
    assert any("kaufte einen Hund" in case.context for case in cases("animal-vehicle-v2", "de", little))


def test_a_question_names_the_property_that_it_asks_for(little: Place) -> None:
    for case in cases("properties", "de", little):
        assert case.answers is not None
        assert ("Farbe" in case.question) == case.answers[0].text.startswith(("rote", "blaue"))


def test_sentences_begin_with_a_capital(little: Place) -> None:
    assert all(re.search(r"\. The \w+ is", case.context) for case in cases("properties", "en", little))


def test_an_answer_is_right_with_its_article_and_without(little: Place) -> None:
    found = {tuple(answer.text for answer in case.answers or ()) for case in cases("profession", "en", little)}
    assert found == {("a nurse", "nurse"), ("an actor", "actor")}


def test_an_answer_with_more_than_a_value_is_found_whole(tmp_path: Path, little: Place) -> None:
    path = tmp_path / "data" / "multichecklist" / "checklist_templates.tsv"
    text = path.read_bytes().decode("utf-8")
    row = "Answer\t{first_name1}\t{first_name1}\t"
    path.write_bytes(text.replace(row, "Answer\t{first_name1}\tals {first_name1}\t").encode("utf-8"))
    found = [case for case in cases("comparison", "de", little) if "weniger" in case.question]
    assert found
    assert all(case.context.endswith(f"{case.answers[0].text}.") for case in found if case.answers)
    assert all(case.answers[0].text.startswith("als ") for case in found if case.answers)


def test_training_data_are_squad(little: Place) -> None:
    with pytest.raises(DataError, match=r"train-v1\.1\.json"):
        source("comparison").files("train", "en", little)


@pytest.mark.parametrize("language", ["fr", "de-placeholders"])
def test_a_language_that_the_table_lacks_is_named(language: str, little: Place) -> None:
    with pytest.raises(DataError, match="no column"):
        cases("comparison", language, little)


def test_more_cases_than_the_table_has_are_refused(little: Place) -> None:
    small = replace(source("profession"), n_cases=60)
    with pytest.raises(DataError, match="expected 60"):
        small.read("test", "en", little)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"multichecklist/checklist_templates\.tsv"):
        source("comparison").files("test", "en", Place(tmp_path, tmp_path, tmp_path))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (("Field\ten", "Feld\ten"), "not a table of templates"),
        (("A is COMP", "B is COMP"), "no test 'A is COMP"),
        (("älter, alt", ""), "no text for 'older, old'"),
        (("старше, старый", "старше\tx"), "8 columns"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, little: Place, damage: tuple[str, str], message: str) -> None:
    path = tmp_path / "data" / "multichecklist" / "checklist_templates.tsv"
    path.write_bytes(path.read_bytes().decode("utf-8").replace(*damage).encode("utf-8"))
    with pytest.raises(DataError, match=message):
        cases("comparison", "de", little)


@pytest.mark.parametrize("language", ["en", "ru", "ar", "zh", "xx"])
def test_names_are_different_and_no_part_of_each_other(language: str) -> None:
    names = names_of(language)
    assert len(set(names)) == N_NAMES
    assert not [(one, other) for one in names for other in names if one != other and one in other]


@pytest.mark.parametrize("test", TESTS)
def test_the_published_table_gives_every_test_in_every_language(test: str, shared_data_dir: Path) -> None:
    place = Place(shared_data_dir, shared_data_dir, shared_data_dir / "xtreme_mock")
    (task,) = (task for task in multichecklist.TASKS if task.name == f"multichecklist-{test}")
    assert len(task.languages) == 50
    shared: set[str] | None = None
    for language in task.languages:
        examples = questions(task.source.read("test", language, place))
        n_questions = Counter(map(case_of, examples))
        assert len(n_questions) == 200
        assert 2 <= max(n_questions.values()) <= N_QUESTIONS[test]
        if language == "en":
            assert set(n_questions.values()) == {N_QUESTIONS[test]}
        for example in examples:
            assert example.answers
            assert all(example.context[own.start : own.stop] == own.text != "" for own in example.answers)
            assert "{" not in example.context + example.question
        shared = set(n_questions) if shared is None else shared & set(n_questions)
    assert shared is not None
    assert len(shared) >= 100
