"""A submission folder says what the run says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from waystage import api
from waystage.errors import StoreError, StudyError
from waystage.exports.run import FinishedRun
from waystage.exports.submission import Choice, write_submissions
from waystage.store.store import Store

OWN_NAMES = {"panx": "panx-dev"}
# A measure of the benchmark and the metric of the study that is the same.
MEASURES = {
    "xnli": {"accuracy": "accuracy"},
    "panx": {"f1": "span-f1"},
    "xquad": {"exact_match": "exact-match", "f1": "answer-f1"},
    "mlqa": {"exact_match": "mlqa-exact-match", "f1": "mlqa-f1"},
    "xcopa": {"accuracy": "accuracy"},
    "tatoeba": {"accuracy": "retrieval-accuracy"},
}


def test_scores_of_every_kind_come_back_to_the_last_digit(run: FinishedRun, tmp_path: Path) -> None:
    written = write_submissions(run, tmp_path / "to", Choice(has_gold=True))
    assert written.folders == [f"predictions/{s}/seed-{n}" for s in ("base", "tagged") for n in (1, 2)]
    for folder in written.folders:
        sequence, seed = folder.split("/")[1], int(folder[-1])
        scores = api.score_submission(tmp_path / "to" / folder, tmp_path / "to" / "gold", "xtreme-r").scores
        assert set(scores) == {*MEASURES, "udpos"}
        for task, measures in MEASURES.items():
            own_name = OWN_NAMES.get(task, task)
            for language in run.protocol(own_name).languages:
                for measure, metric in measures.items():
                    own = [
                        row.score
                        for row in run.scores
                        if (row.sequence, row.task, row.language, row.metric) == (sequence, own_name, language, metric)
                        and row.seed in (None, seed)
                    ]
                    assert own == [scores[task][language][measure]], (task, language, measure)


def test_gold_scores_full_marks_against_itself(run: FinishedRun, tmp_path: Path) -> None:
    write_submissions(run, tmp_path / "to", Choice("base", 1, has_gold=True))
    gold = tmp_path / "to" / "gold"
    answers = {}
    for path in gold.glob("*/*.json"):
        paragraphs = json.loads(path.read_text(encoding="utf-8"))["data"][0]["paragraphs"]
        answers[path] = {q["id"]: q["answers"][0]["text"] for p in paragraphs for q in p["qas"]}
    perfect = tmp_path / "perfect"
    for path in gold.glob("*/*"):
        copy = perfect / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(answers[path]) if path in answers else path.read_text(encoding="utf-8")
        copy.write_text(text, encoding="utf-8")
    scores = api.score_submission(perfect, gold, "xtreme-r").scores
    # An answer that is nothing but an English article, like the German word "an", has an F1 of 0 by SQuAD's rules.
    for languages in scores.values():
        for measures in languages.values():
            assert measures.get("exact_match", measures.get("f1", measures.get("accuracy"))) == 1.0


def test_one_sequence_and_seed_without_gold(run: FinishedRun, tmp_path: Path) -> None:
    written = write_submissions(run, tmp_path / "to", Choice("tagged", 2))
    names = {path.relative_to(tmp_path / "to").as_posix() for path in (tmp_path / "to").rglob("*.*")}
    assert written.n_files == 14
    assert names == {"README.md", "waystage-export.json"} | {
        f"predictions/tagged/seed-2/{task}/test-{language}.{ending}"
        for task, languages, ending in (
            ("xnli", ("en", "de"), "tsv"), ("panx", ("en", "de"), "tsv"), ("udpos", ("en", "de"), "tsv"),
            ("xquad", ("en", "de"), "json"), ("mlqa", ("en", "de"), "json"),
            ("xcopa", ("id", "tr"), "jsonl"), ("tatoeba", ("de", "fr"), "tsv"),
        )
        for language in languages
    }  # fmt: skip
    assert (tmp_path / "to/predictions/tagged/seed-2/xcopa/test-id.jsonl").read_text().startswith('{"label": ')


def test_notes_say_what_is_not_the_published_test_set(run: FinishedRun, tmp_path: Path) -> None:
    written = write_submissions(run, tmp_path / "to", Choice())
    notes = "\n".join(written.notes)
    assert "xnli: at most 10 test examples a language" in notes
    assert "panx-dev: predictions for the development files" in notes
    assert "not a complete submission to xtreme-r: 14 of its 203 languages of tasks are there" in notes
    assert notes in (tmp_path / "to" / "README.md").read_text(encoding="utf-8").replace("\n- ", "\n")
    # Whatever is counted otherwise by the benchmark is said with both numbers.
    assert written.n_checked + len(written.differences) == 4 * (2 * 7 + 4)
    assert all("udpos" in difference for difference in written.differences)


def test_what_the_store_lacks_is_named_with_the_command(run: FinishedRun, tmp_path: Path) -> None:
    bare = FinishedRun(run.folder, run.record, run.scores, Store(tmp_path / "empty"))
    with pytest.raises(StoreError, match=r"27 predictions .* not there: base, xnli, seed 1.*`waystage run study.yaml`"):
        write_submissions(bare, tmp_path / "to", Choice())
    assert not (tmp_path / "to").exists()


def test_unknown_sequences_and_seeds_are_refused(run: FinishedRun, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"no sequence 'taged'; expected one of base, tagged; did you mean 'tagged'"):
        write_submissions(run, tmp_path / "to", Choice("taged"))
    with pytest.raises(StudyError, match=r"no seed '3'; expected one of 1, 2"):
        write_submissions(run, tmp_path / "to", Choice(seed=3))


def test_only_an_export_is_ever_replaced(run: FinishedRun, tmp_path: Path) -> None:
    target = tmp_path / "to"
    write_submissions(run, target, Choice("base", 1))
    before = sorted(path.name for path in target.rglob("*"))
    with pytest.raises(StudyError, match="there is something already"):
        write_submissions(run, target, Choice("base", 1))
    write_submissions(run, target, Choice("base", 1), is_forced=True)
    assert sorted(path.name for path in target.rglob("*")) == before
    (target / "waystage-export.json").unlink()
    with pytest.raises(StudyError, match="not a folder that Waystage exported"):
        write_submissions(run, target, Choice("base", 1), is_forced=True)
    assert [path.name for path in tmp_path.iterdir()] == ["to"]
