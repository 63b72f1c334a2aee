"""Model cards, Every Eval Ever and CSV say what the record says, in forms that others read."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import jsonschema
import pytest
from huggingface_hub import ModelCard

from waystage.errors import DataError
from waystage.exports.card import write_cards
from waystage.exports.eee import write_eee
from waystage.exports.run import FinishedRun
from waystage.exports.tables import write_tables

SCHEMA = Path(__file__).with_name("eee.schema.json")


def test_model_index_holds_every_score(run: FinishedRun, tmp_path: Path) -> None:
    files = write_cards(run, tmp_path / "to", None)
    assert files == ["base/README.md", "tagged/README.md"]
    data = ModelCard.load(tmp_path / "to" / files[1]).data
    results = {(r.dataset_name, r.dataset_config): r.metric_value for r in data.eval_results or ()}
    own = [score for score in run.record.comparison.language_scores if score.sequence == "tagged"]
    assert results == {(score.task, score.language): score.score for score in own}
    assert data.model_name == "published-tagged"


def test_card_shows_intervals_departures_and_licences_and_no_html(run: FinishedRun, tmp_path: Path) -> None:
    write_cards(run, tmp_path / "to", "tagged")
    text = (tmp_path / "to" / "tagged" / "README.md").read_text(encoding="utf-8")
    for shown in ("difference to base [95 % interval]", "at most 10 test examples a language", "CC BY-NC 4.0", "en *"):
        assert shown in text
    assert "<b>" not in text
    assert "Scores &lt;b&gt;of nothing&lt;/b&gt; \\| much" in text


def test_eee_fits_the_schema_and_the_record(run: FinishedRun, tmp_path: Path) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    files = write_eee(run, tmp_path / "to", None)
    assert [file.split("/")[0] for file in files] == ["base", "tagged"]
    for file in files:
        value = json.loads((tmp_path / "to" / file).read_text(encoding="utf-8"))
        jsonschema.Draft7Validator(schema).validate(value)
        scores = {r["evaluation_name"]: r["score_details"]["score"] for r in value["evaluation_results"]}
        own = [s for s in run.record.comparison.language_scores if s.sequence == file.split("/")[0]]
        metrics = {protocol.task: protocol.metric for protocol in run.record.protocol}
        assert scores == {f"{s.task}/{s.language}/{metrics[s.task]}": s.score for s in own}
    value["evaluation_results"][0]["metric_config"].pop("max_score")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(value)
    assert write_eee(run, tmp_path / "again", None) == files


def test_tables_hold_scores_means_and_differences_in_full(run: FinishedRun, tmp_path: Path) -> None:
    write_tables(run, tmp_path / "to")
    tables = {}
    for name in ("scores", "means", "differences"):
        with (tmp_path / "to" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            tables[name] = list(csv.DictReader(file))
    assert [float(row["score"]) for row in tables["scores"]] == [row.score for row in run.scores]
    comparison = run.record.comparison
    means = [mean.score for mean in (*comparison.task_scores, *comparison.overall_scores)]
    assert [float(row["score"]) for row in tables["means"]] == means
    intervals = {
        (row["task"], row["language"]): (float(row["low"]), float(row["high"]))
        for row in tables["differences"]
        if row["scope"] == "these languages"
    }
    for score in comparison.language_scores:
        if score.difference is not None:
            assert intervals[score.task, score.language] == (score.difference.low, score.difference.high)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("record.json", '"tagged"', '"../tagged"', "names that no study can have: '../tagged'"),
        ("record.json", '"digests": [', '"digests_of": [', "digests_of"),
        ("scores.csv", "score", "skore", "scores.csv:2: score: None"),
        ("scores.csv", ",1,", ",one,", "seed: 'one'"),
    ],
)
def test_files_that_were_changed_are_refused(
    run: FinishedRun, tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    for file in ("record.json", "scores.csv"):
        text = (run.folder / file).read_text(encoding="utf-8")
        (tmp_path / file).write_text(text.replace(old, new) if file == name else text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        FinishedRun.open(tmp_path, run.store)
    assert message in str(caught.value)
