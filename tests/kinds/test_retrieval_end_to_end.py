"""A tiny study of each kind of retrieval with a pool, from files to scores, with an encoder that knows nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from waystage import api
from waystage.errors import DataError, StudyError
from waystage.prediction.files import read_predictions
from waystage.store.store import Store

WORDS = {
    "en": ("lighthouse", "bridge", "river", "harbour", "mountain", "garden"),
    "de": ("Leuchtturm", "Brücke", "Fluss", "Hafen", "Berg", "Garten"),
    "zh": ("长城", "山海关", "两万公里", "中国", "古代", "工程"),
}
TRAINING = {"learning_rate": 3e-3, "batch_size": 4, "micro_batch_size": 2, "max_tokens": 24, "max_question_tokens": 12}


def write_lines(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / name).write_text(text, encoding="utf-8")


def write_mined(folder: Path) -> dict[str, Any]:
    """Sentences of which every other one has a translation; the encoder sees the same text on both sides.

    Both splits have the same sentences: a random encoder's scores of others need not reach a threshold fitted on these.
    """
    for language in ("de", "zh"):
        for split in ("validation", "test"):
            rows, candidates = [], []
            for number, word in enumerate(WORDS[language]):
                is_paired = number % 2 == 0
                answers = [f"en-{number}"] if is_paired else []
                rows.append({"id": f"{language}-{number}", "text": f"{word} here", "answers": answers})
                text = f"{word} here" if is_paired else f"{WORDS['en'][number]} elsewhere"
                candidates.append({"id": f"en-{number}", "text": text})
            write_lines(folder, f"mined-{split}-{language}.jsonl", rows)
            write_lines(folder, f"english-{split}-{language}.jsonl", candidates)
    splits = ("validation", "test")
    return {
        "kind": "sentence-mining",
        "files": {split: f"mined-{split}-{{lang}}.jsonl" for split in splits},
        "candidates": {split: f"english-{split}-{{lang}}.jsonl" for split in splits},
        "languages": ["de", "zh"],
    }


def write_dual(folder: Path, name: str, pool: str) -> dict[str, Any]:
    """Questions with the same id in every language, whose answers stand in the pool of each or in one pool."""
    contexts = [f"There is a {word} in the north." for word in WORDS["en"]]
    rows = [
        {"query": f"where is the {word}?", "text": word, "context": context}
        for word, context in zip(WORDS["en"], contexts, strict=True)
    ]
    write_lines(folder, f"{name}-train.jsonl", rows)
    everything = []
    for language, words in WORDS.items():
        questions = [
            {"id": f"q{n}", "query": f"{word}?", "answers": f"{language}_{n}" if pool == "{lang}" else f"en_{n}"}
            for n, word in enumerate(words)
        ]
        candidates = [{"id": f"{language}_{n}", "text": word, "context": f"{word}."} for n, word in enumerate(words)]
        write_lines(folder, f"{name}-{language}.jsonl", questions)
        write_lines(folder, f"{name}-pool-{language}.jsonl", candidates)
        everything += candidates
    write_lines(folder, f"{name}-pool-all.jsonl", everything)
    return {
        "files": {"train": f"{name}-train.jsonl", "test": f"{name}-{{lang}}.jsonl"},
        "candidates": {"test": f"{name}-pool-{pool}.jsonl"},
        "columns": {"context": "context"},
        "languages": list(WORDS),
    }


def study_content(folder: Path, encoder_dir: Path) -> dict[str, Any]:
    return {
        "name": "retrieval",
        "encoder": str(encoder_dir),
        "seeds": [1],
        "sequences": {"base": []},
        "targets": [
            {"task": "mined", "retrieval": {"pooling": "mean"}},
            {
                "task": "answers", "budget": {"steps": 3}, "training": TRAINING,
                "retrieval": {"pooling": "mean", "text_prefix": "a ", "candidate_prefix": "the "},
            },
            {"task": "entities", "budget": {"epochs": 1}, "training": TRAINING},
            {"task": "answers-as-they-are", "untrained": True, "retrieval": {"pooling": "mean"}},
        ],
        "tasks": {
            "mined": write_mined(folder),
            "answers": {"kind": "question-answer-retrieval", **write_dual(folder, "qa", "{lang}")},
            "entities": {"kind": "entity-retrieval", **write_dual(folder, "entity", "all")},
            "answers-as-they-are": {"kind": "question-answer-retrieval", **write_dual(folder, "raw", "{lang}")},
        },
        "output": str(folder / "out"),
    }  # fmt: skip


def write_study(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def test_a_study_of_each_kind_runs(script_encoder_dir: Path, tmp_path: Path) -> None:
    path = write_study(tmp_path, study_content(tmp_path, script_encoder_dir))
    study = api.load_checked_study(path)
    store = Store(tmp_path / "store")
    run = api.run_study(study, store, n_threads=1)
    frame = run.scores()
    found = set(zip(frame["task"], frame["metric"], strict=True))
    assert found == {
        ("mined", "pair-f1"),
        ("answers", "map@20"),
        ("answers-as-they-are", "map@20"),
        ("entities", "reciprocal-rank@20"),
    }
    assert frame["score"].between(0, 1).all()
    mined = frame[frame["task"] == "mined"]
    assert (mined["score"] == 1.0).all(), "a sentence that stands on both sides is found"
    assert set(mined["language"]) == {"de", "zh"}
    for cell in run.plan.cells:
        artefact = store.open(cell.prediction_id)
        languages = cell.target.languages
        rankings = {language: read_predictions(artefact.path(f"test-{language}.jsonl")) for language in languages}
        if cell.target.task.name == "mined":
            assert set(artefact.read_json("thresholds.json")) == {"de", "zh"}
            assert rankings["de"]["de-0"] == ("en-0",)
            assert rankings["de"]["de-1"] == ()
        else:
            pool = {f"{language}_{n}" for language in WORDS for n in range(6)}
            assert all(set(ranking) == pool for of in rankings.values() for ranking in of.values())
    again = api.plan_study(study, store)
    assert {node.id for node in again.nodes} == {node.id for node in run.plan.nodes}


def test_what_answers_a_question_in_one_language_answers_it_in_all(script_encoder_dir: Path, tmp_path: Path) -> None:
    from waystage.data.prepare import load_examples

    study = api.load_study(write_study(tmp_path, study_content(tmp_path, script_encoder_dir)))
    store = Store(tmp_path / "store")
    plan = api.plan_study(study, store)
    spec = next(node.spec for node in plan.nodes if node.spec.get("task_kind") == "question-answer-retrieval")
    gold = {language: load_examples(store, text) for language, text in spec["data"].items()}
    for examples in gold.values():
        assert [getattr(example, "answers", ()) for example in examples] == [
            (f"de_{n}", f"en_{n}", f"zh_{n}") for n in range(6)
        ]


def test_pools_and_settings_are_part_of_what_decides(script_encoder_dir: Path, tmp_path: Path) -> None:
    content = study_content(tmp_path, script_encoder_dir)
    store = Store(tmp_path / "store")

    def ids() -> dict[str, str]:
        plan = api.plan_study(api.load_study(write_study(tmp_path, content)), store)
        return {cell.target.task.name: cell.prediction_id for cell in plan.cells}

    before = ids()
    with (tmp_path / "entity-pool-all.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "Q1", "text": "one more", "context": "one more."}\n')
    with_candidate = ids()
    assert {name for name in before if before[name] != with_candidate[name]} == {"entities"}
    content["targets"][0]["retrieval"]["score"] = "cosine"
    content["targets"][1]["retrieval"]["candidate_prefix"] = "an "
    assert {name for name, found in ids().items() if with_candidate[name] != found} == {"mined", "answers"}


MISTAKES = [
    (0, {"training": {"batch_size": 4}}, "'training' for 'mined', a task of sentence-mining, which trains nothing"),
    (0, {"untrained": True}, "'untrained' for 'mined', a task of sentence-mining, which trains nothing"),
    (0, {"retrieval": {"direction": "backward"}}, "a direction for a task of sentence-mining"),
    (1, {"retrieval": {"score": "margin"}}, "the score 'margin' for a task of question-answer-retrieval"),
    (1, {"training": {"stride": 8}}, "'stride' for a task of question-answer-retrieval"),
    (2, {"training": {"micro_batch_size": 1}}, "the number 1 for a task of entity-retrieval"),
    (3, {"budget": {"steps": 1}}, "'budget' for 'answers-as-they-are'"),
]


@pytest.mark.parametrize(("index", "keys", "found"), MISTAKES)
def test_keys_without_meaning_are_mistakes(
    index: int, keys: dict[str, Any], found: str, script_encoder_dir: Path, tmp_path: Path
) -> None:
    content = study_content(tmp_path, script_encoder_dir)
    content["targets"][index] = {"task": content["targets"][index]["task"], **keys} | (
        {"untrained": True} if index == 3 else {}
    )
    with pytest.raises(StudyError) as error:
        api.load_study(write_study(tmp_path, content))
    assert found in str(error.value)


CANDIDATE_MISTAKES = [
    ("mined", {"test": "english-test-{lang}.jsonl"}, "no file of candidates for the validation split"),
    ("mined", {"train": "a.jsonl"}, "candidates of the train split"),
    ("answers", {"test": "qa-pool-en.jsonl"}, "one test file 'qa-pool-en.jsonl' for 3 languages"),
    ("entities", {"test": "entity-pool-{lang}.jsonl"}, "where all languages search the same candidates"),
]


@pytest.mark.parametrize(("task", "files", "found"), CANDIDATE_MISTAKES)
def test_candidates_that_do_not_fit_are_mistakes(
    task: str, files: dict[str, str], found: str, script_encoder_dir: Path, tmp_path: Path
) -> None:
    content = study_content(tmp_path, script_encoder_dir)
    content["tasks"][task]["candidates"] = files
    with pytest.raises(StudyError) as error:
        api.load_study(write_study(tmp_path, content))
    assert found in str(error.value)


def test_a_candidate_that_stands_twice_is_named_before_anything_is_trained(
    script_encoder_dir: Path, tmp_path: Path
) -> None:
    path = write_study(tmp_path, study_content(tmp_path, script_encoder_dir))
    with (tmp_path / "entity-pool-all.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "en_0", "text": "again", "context": "again."}\n')
    with pytest.raises(DataError, match="id 'en_0' again, first in line 1"):
        api.load_checked_study(path)


def write_part_of_bucc(source: Path, folder: Path, n_pairs: int, n_others: int) -> None:
    """The first pairs of the real development files, and some sentences without a translation, cut to 80 characters."""
    stem = "bucc2018/zh-en.dev"
    pairs = [line.split("\t") for line in (source / f"{stem}.gold").read_text(encoding="utf-8").splitlines()[:n_pairs]]
    (folder / "bucc2018").mkdir(parents=True)
    (folder / f"{stem}.gold").write_text("".join("\t".join(pair) + "\n" for pair in pairs), encoding="utf-8")
    for side, language in enumerate(("zh", "en")):
        wanted = {pair[side] for pair in pairs}
        lines = (source / f"{stem}.{language}").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.split("\t")[0] in wanted] + lines[:n_others]
        text = "".join(line[:80] + "\n" for line in dict.fromkeys(kept))
        (folder / f"{stem}.{language}").write_text(text, encoding="utf-8")


@pytest.mark.shared_data
def test_a_part_of_the_real_files_is_mined_and_ranked(
    script_encoder_dir: Path, shared_data_dir: Path, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    write_part_of_bucc(shared_data_dir, data_dir, n_pairs=40, n_others=60)
    for name in ("lareqa", "squad", "xquad"):
        (data_dir / name).symlink_to(shared_data_dir / name)
    content = {
        "name": "real", "encoder": str(script_encoder_dir), "seeds": [1], "sequences": {"base": []},
        "targets": [
            {"task": "bucc2018-dev", "languages": ["zh"], "retrieval": {"pooling": "mean"}},
            {
                "task": "lareqa-squad-dev", "languages": ["en", "zh"], "limits": {"train": 8, "test": 20},
                "budget": {"steps": 2}, "training": {"max_tokens": 96, "max_question_tokens": 16},
            },
        ],
        "output": str(tmp_path / "out"),
    }  # fmt: skip
    study = api.load_checked_study(write_study(tmp_path, content), data_dir)
    store = Store(tmp_path / "store")
    run = api.run_study(study, store, n_threads=1)
    scores = run.scores().set_index(["task", "language"])["score"]
    assert set(scores.index) == {("bucc2018-dev", "zh"), ("lareqa-squad-dev", "en"), ("lareqa-squad-dev", "zh")}
    assert scores.between(0, 1).all()
    searched = {cell.target.task.name: run.plan.node(cell.prediction_id).spec["searched"] for cell in run.plan.cells}
    assert set(searched["lareqa-squad-dev"]["pools"]) == {"en", "zh"}
    assert searched["lareqa-squad-dev"]["max_query_tokens"] == 16
    assert set(searched["bucc2018-dev"]["validation_pools"]) == {"zh"}
