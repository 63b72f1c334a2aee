"""BUCC, XQuAD-R and Mewsli-X in their published forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from waystage.data.examples import Candidate, Example, MatchExample, QueryExample, example_from_json
from waystage.data.prepare import load_candidates, prepare_pool, prepare_queries
from waystage.data.source import Place
from waystage.errors import DataError
from waystage.store.store import Store
from waystage.tasks.registry import TASKS


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def place(tmp_path: Path, data_dir: Path) -> Place:
    return Place(tmp_path, tmp_path / "cache", data_dir)


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = content if isinstance(content, str) else "".join(json.dumps(c, ensure_ascii=False) + "\n" for c in content)
    path.write_text(lines, encoding="utf-8")


def answers(examples: list[Example]) -> dict[str, tuple[str, ...] | None]:
    return {example.id: example.answers for example in examples if isinstance(example, QueryExample)}


def read_all(name: str, place: Place) -> None:
    """Queries and candidates of a task."""
    task = TASKS[name]
    task.source.read("test", "de", place)
    list(task.pool.read("test", "de", place) if task.pool else ())


@pytest.mark.parametrize(
    "example",
    [
        QueryExample("1", "where?", ("a", "b")),
        QueryExample("1", "where?", ()),
        QueryExample("1", "where?", None),
        MatchExample("1", "where?", "here", "here it is"),
        MatchExample("1", "where?", "here", None),
        Candidate("1", "here", None),
        Candidate("1", "here", "here it is"),
    ],
)
def test_examples_survive_json(example: Example) -> None:
    assert example_from_json(json.loads(json.dumps(example.to_json()))) == example
    assert example.n_characters > 0
    assert example.has_gold == (getattr(example, "answers", ()) is not None)


# BUCC


def write_bucc(folder: Path, split: str, n_sentences: int = 40) -> None:
    stem = folder / f"bucc2018/de-en.{split}"
    write(stem.with_name(f"{stem.name}.de"), "".join(f"de-{n}\tSatz {n}\n" for n in range(n_sentences)))
    write(stem.with_name(f"{stem.name}.en"), "".join(f"en-{n}\tsentence {n}\n" for n in range(n_sentences)))
    write(stem.with_name(f"{stem.name}.gold"), "".join(f"de-{n}\ten-{n + 1}\n" for n in range(0, 10, 2)))


def test_bucc_gives_sentences_with_their_translations(place: Place, data_dir: Path) -> None:
    write_bucc(data_dir, "dev")
    write_bucc(data_dir, "test", 12)
    task = TASKS["bucc2018"]
    examples = task.source.read("test", "de", place)
    assert examples[2] == QueryExample("de-2", "Satz 2", ("en-3",))
    assert sum(bool(found) for found in answers(examples).values()) == 5
    assert task.pool is not None
    assert list(task.pool.read("test", "de", place))[1] == Candidate("en-1", "sentence 1", None)
    assert len(task.source.read("validation", "de", place)) == 40
    (data_dir / "bucc2018/de-en.test.gold").unlink()
    assert set(answers(task.source.read("test", "de", place)).values()) == {None}
    with pytest.raises(DataError, match="no train split"):
        task.source.read("train", "de", place)


def test_halves_of_bucc_share_no_sentence_and_lose_no_pair(place: Place, data_dir: Path) -> None:
    write_bucc(data_dir, "dev")
    task = TASKS["bucc2018-dev"]
    assert task.pool is not None
    gold, sources, targets = {}, [], []
    for split in ("validation", "test"):
        found = answers(task.source.read(split, "de", place))  # type: ignore[arg-type]
        pool = [candidate.id for candidate in task.pool.read(split, "de", place)]  # type: ignore[arg-type]
        assert all(answer in pool for of in found.values() for answer in of or ())
        assert 5 < len(found) < 35
        gold |= {source: of for source, of in found.items() if of}
        sources += list(found)
        targets += pool
    assert sorted(sources) == sorted(f"de-{n}" for n in range(40))
    assert sorted(targets) == sorted(f"en-{n}" for n in range(40))
    assert gold == {f"de-{n}": (f"en-{n + 1}",) for n in range(0, 10, 2)}


BUCC_MISTAKES: list[tuple[str, str, str]] = [
    ("gold", "de-0\ten-99\n", "the id 'en-99' of no sentence"),
    ("gold", "de-0\ten-1\nde-0\ten-1\n", "a pair that stands before"),
    ("gold", "de-0 en-1\n", "1 columns"),
    ("de", "de-0\ta\nde-0\tb\n", "id 'de-0' again"),
    ("en", "en-1\t \n", "empty"),
]


@pytest.mark.parametrize(("file", "content", "found"), BUCC_MISTAKES)
def test_mistakes_in_bucc_are_named(place: Place, data_dir: Path, file: str, content: str, found: str) -> None:
    write_bucc(data_dir, "test")
    if file != "gold":
        (data_dir / "bucc2018/de-en.test.gold").unlink()
    write(data_dir / f"bucc2018/de-en.test.{file}", content)
    with pytest.raises(DataError, match=found):
        read_all("bucc2018", place)


# LAReQA


def paragraph(*sentences: str, questions: list[tuple[str, str]]) -> dict[str, Any]:
    context, breaks = "", []
    for sentence in sentences:
        breaks.append([len(context), len(context) + len(sentence)])
        context += sentence + " "
    qas = [
        {"id": name, "question": f"{name}?", "answers": [{"text": text, "answer_start": context.index(text)}]}
        for name, text in questions
    ]
    return {"context": context, "sentence_breaks": breaks, "qas": qas}


def write_lareqa(folder: Path) -> None:
    english = [
        paragraph("Oslo is in\nNorway.", "Rome is in Italy.", questions=[("q1", "Rome"), ("q2", "Norway")]),
        paragraph("Lima is in Peru.", questions=[("q3", "Peru")]),
    ]
    german = [
        paragraph("Oslo liegt in Norwegen.", "Ja.", "Rom in Italien.", questions=[("q1", "Rom"), ("q2", "Oslo")]),
        paragraph("Lima liegt in Peru.", questions=[("q3", "Lima")]),
    ]
    for language, paragraphs in (("en", english), ("de", german)):
        write(folder / f"lareqa/xquad-r/{language}.json", json.dumps({"data": [{"paragraphs": paragraphs}]}))


def test_lareqa_joins_the_answers_of_all_languages(place: Place, data_dir: Path, tmp_path: Path) -> None:
    write_lareqa(data_dir)
    task, store = TASKS["lareqa"], Store(tmp_path / "store")
    assert answers(task.source.read("test", "de", place)) == {"q1": ("de_1_2",), "q2": ("de_1_0",), "q3": ("de_2_0",)}
    joined = prepare_queries(store, place, task.source, ("en", "de"), None)
    assert {language: text.n_items for language, text in joined.items()} == {"en": 3, "de": 3}
    assert joined == prepare_queries(store, place, task.source, ("de", "en"), None)
    limited = prepare_queries(store, place, task.source, ("de", "en"), 2)
    assert {text.n_items for text in limited.values()} == {2}
    assert task.pool is not None
    pools = [prepare_pool(store, place, task.pool, "test", language) for language in ("de", "en")]
    blocks = list(load_candidates(store, [pool.artefact_id for pool in pools], 3))
    assert [len(block) for block in blocks] == [3, 1, 3]
    candidates = {candidate.id: candidate for block in blocks for candidate in block}
    assert candidates["en_1_0"] == Candidate("en_1_0", "Oslo is inNorway.", "Oslo is inNorway. Rome is in Italy. ")
    assert list(candidates) == ["de_1_0", "de_1_1", "de_1_2", "de_2_0", "en_1_0", "en_1_1", "en_2_0"]


def test_lareqa_learns_from_the_sentence_around_an_answer(place: Place, data_dir: Path) -> None:
    training = paragraph("Bern is in Switzerland.", "Nice is in France.", questions=[("a", "Nice"), ("b", "Bern")])
    write(data_dir / "squad/train-v1.1.json", json.dumps({"data": [{"paragraphs": [training]}]}))
    context = "Bern is in Switzerland. Nice is in France. "
    assert TASKS["lareqa"].source.read("train", "en", place) == [
        MatchExample("a", "a?", "Nice is in France.", context),
        MatchExample("b", "b?", "Bern is in Switzerland.", context),
    ]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda p: p.update(sentence_breaks=[[0, 3]]), "in no sentence"),
        (lambda p: p.update(sentence_breaks=[[0, 999]]), "no stretch of the context"),
        (lambda p: p.pop("sentence_breaks"), "no stretch of the context"),
        (lambda p: p["qas"][0].update(answers=[]), "no start of an answer"),
        (lambda p: p.update(context=""), "no text"),
    ],
)
def test_mistakes_in_lareqa_are_named(
    place: Place, data_dir: Path, change: Callable[[dict[str, Any]], Any], found: str
) -> None:
    wrong = paragraph("Oslo is in Norway.", questions=[("q1", "Norway")])
    change(wrong)
    write(data_dir / "lareqa/xquad-r/de.json", json.dumps({"data": [{"paragraphs": [wrong]}]}))
    with pytest.raises(DataError, match=found):
        TASKS["lareqa"].source.read("test", "de", place)


# Mewsli-X


def span(text: str, part: str) -> dict[str, Any]:
    return {"start": text.index(part), "end": text.index(part) + len(part)}


def context(language: str, *sentences: str) -> dict[str, Any]:
    text = "\n".join(sentences)
    return {"language": language, "text": text, "sentence_spans": [span(text, sentence) for sentence in sentences]}


def mention(where: dict[str, Any], name: str, example_id: str, entity_id: str) -> dict[str, Any]:
    return {
        "example_id": example_id,
        "entity_id": entity_id,
        "mention_span": {**span(where["text"], name), "text": name},
    }


def entity(entity_id: str, *sentences: str) -> dict[str, Any]:
    text = "  ".join(sentences)
    spans = [span(text, sentence) for sentence in sentences]
    return {"entity_id": entity_id, "title": entity_id, "description": text, "sentence_spans": spans}


def write_mewsli(folder: Path) -> None:
    german = context("de", "Am Montag.", "Die {Stadt} Bonn liegt am Rhein, sagt man.")
    polish = context("pl", "Wisła płynie przez Kraków.")
    write(
        folder / "mewslix/wikinews_mentions-test.jsonl",
        [
            {
                "context": german,
                "mentions": [mention(german, "Bonn", "m1", "Q1"), mention(german, "Rhein", "m2", "Q2")],
            },
            {"context": polish, "mentions": [mention(polish, "Kraków", "m3", "Q3")]},
        ],
    )
    english = context("en", "Paris lies on the Seine.")
    pair = {"context": english, "mention": mention(english, "Seine", "t1", "Q9")}
    write(
        folder / "mewslix/wikipedia_pairs-train.jsonl",
        [{"contextual_mention": pair, "entity": entity("Q9", "A river.", "It is long.")}],
    )
    entities = [entity("Q1", "Stadt am Rhein."), entity("Q2", "A river\nin Europe."), entity("Q3", "Miasto.")]
    write(folder / "mewslix/candidate_set_entities.jsonl", entities)


def test_mewsli_x_gives_mentions_in_their_sentences(place: Place, data_dir: Path) -> None:
    write_mewsli(data_dir)
    task = TASKS["mewslix"]
    assert task.source.read("test", "de", place) == [
        QueryExample("m1", "Bonn: Die (Stadt) { Bonn } liegt am Rhein, sagt man.", ("Q1",)),
        QueryExample("m2", "Rhein: Die (Stadt) Bonn liegt am { Rhein } , sagt man.", ("Q2",)),
    ]
    assert [example.id for example in task.source.read("test", "pl", place)] == ["m3"]
    assert task.source.read("train", "en", place) == [
        MatchExample("t1", "Seine: Paris lies on the { Seine } .", "A river. It is long.", None)
    ]
    assert task.pool is not None
    assert list(task.pool.read("test", "en", place)) == [
        Candidate("Q1", "Stadt am Rhein.", None),
        Candidate("Q2", "A river in Europe.", None),
        Candidate("Q3", "Miasto.", None),
    ]
    with pytest.raises(DataError, match="no examples"):
        task.source.read("test", "ta", place)


MEWSLI_MISTAKES = [
    ("wikinews_mentions-test", lambda v: v["context"].update(text=""), r"context\.text"),
    ("wikinews_mentions-test", lambda v: v["context"].update(sentence_spans=[]), "not inside one sentence"),
    ("wikinews_mentions-test", lambda v: v["mentions"][0]["mention_span"].update(text="Köln"), "'Köln' where"),
    ("wikinews_mentions-test", lambda v: v["mentions"][0].pop("entity_id"), "entity_id"),
    ("wikinews_mentions-test", lambda v: v["mentions"][0]["mention_span"].update(end=9999), "no stretch"),
    ("candidate_set_entities", lambda v: v.update(sentence_spans=[]), "no sentence"),
    ("candidate_set_entities", lambda v: v.pop("description"), "description"),
]


@pytest.mark.parametrize(("file", "change", "found"), MEWSLI_MISTAKES)
def test_mistakes_in_mewsli_x_are_named_with_their_line(
    place: Place, data_dir: Path, file: str, change: Callable[[dict[str, Any]], Any], found: str
) -> None:
    write_mewsli(data_dir)
    path = data_dir / f"mewslix/{file}.jsonl"
    values = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(values[0])
    write(path, values)
    with pytest.raises(DataError, match=found) as error:
        read_all("mewslix", place)
    assert error.value.problems[0].line == 1


def test_a_pool_is_addressed_by_its_content(place: Place, data_dir: Path, tmp_path: Path) -> None:
    write_mewsli(data_dir)
    task, store = TASKS["mewslix"], Store(tmp_path / "store")
    assert task.pool is not None
    first = prepare_pool(store, place, task.pool, "test", "en")
    path = data_dir / "mewslix/candidate_set_entities.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"title"', '"name"'), encoding="utf-8")
    assert prepare_pool(store, place, task.pool, "test", "en") == first
    path.write_text(path.read_text(encoding="utf-8") * 2, encoding="utf-8")
    with pytest.raises(DataError, match="'Q1' a second time"):
        prepare_pool(store, place, task.pool, "test", "en")


# Real files


@pytest.mark.shared_data
def test_counts_of_the_real_files(shared_data_dir: Path, place: Place) -> None:
    real = replace(place, data_dir=shared_data_dir)
    n_candidates = 0
    for language in ("ar", "de", "en", "es", "tr", "zh"):
        task = TASKS["lareqa-squad-dev"]
        questions = task.source.read("test", language, real)
        assert len(questions) == task.expected_counts["test", language]
        assert task.pool is not None
        pool = {candidate.id for candidate in task.pool.read("test", language, real)}
        assert all(len(found or ()) == 1 and pool.issuperset(found or ()) for found in answers(questions).values())
        n_candidates += len(pool)
    assert n_candidates == 7256
    for split in ("train", "validation"):
        matches = TASKS["lareqa-squad-dev"].source.read(split, "en", real)  # type: ignore[arg-type]
        assert len(matches) == TASKS["lareqa-squad-dev"].expected_counts[split, "en"]  # type: ignore[index]
        assert all(isinstance(m, MatchExample) and m.match in (m.context or "") for m in matches)
    bucc = TASKS["bucc2018"].source.read("validation", "zh", real)
    assert (len(bucc), sum(len(found or ()) for found in answers(bucc).values())) == (8624, 257)
    halves = [TASKS["bucc2018-dev"].source.read(split, "zh", real) for split in ("validation", "test")]  # type: ignore[arg-type]
    assert [len(half) for half in halves] == [4308, 4316]
    assert [sum(len(found or ()) for found in answers(half).values()) for half in halves] == [133, 124]
