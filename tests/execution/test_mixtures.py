"""Mixtures, parallel text and training languages from a study file to the record."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.studies import tiny_study, write_study
from waystage import api
from waystage.data.prepare import load_examples
from waystage.errors import DataError
from waystage.plan.nodes import SupervisedJob, TrainJob
from waystage.plan.plan import Plan
from waystage.record.perplexities import head_notes
from waystage.report.record import RunRecord
from waystage.store.store import Store

TRAINING = {"learning_rate": 3e-3, "batch_size": 8, "max_tokens": 24}
STAGES: dict[str, Any] = {
    "many": {
        "kind": "intermediate",
        "tasks": ["moods", "things"],
        "sampling": {"cap": 16},
        "mixed_in": {"corpus": "text", "rate": 0.25},
        "budget": {"epochs": 2},
        "training": TRAINING,
    },
    "turns": {
        "kind": "continued",
        "corpus": "text",
        "parallel": {"corpus": "bitext", "rate": 0.5},
        "budget": {"steps": 6},
        "training": TRAINING,
    },
    "tlm": {"kind": "continued", "parallel": {"corpus": "bitext"}, "budget": {"tokens": 1500}, "training": TRAINING},
}
BITEXT = {"texts": [{"files": {code: f"data/text-{code}.txt" for code in ("en", "de", "fr")}, "pivot": "en"}]}


@pytest.fixture(scope="module")
def content(tiny_encoder_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    made = tiny_study(tiny_encoder_dir, tmp_path_factory.mktemp("mixtures") / "out")
    made |= {"seeds": [1, 2], "stages": copy.deepcopy(STAGES), "parallel_corpora": {"bitext": BITEXT}}
    made["sequences"] = {"base": [], "chain": ["turns", "tlm", "many"]}
    made["targets"] = [made["targets"][0] | {"train_languages": ["en", "de"], "shots": 4}]
    made["tasks"]["topics"]["files"]["train"] = "data/topics-train-{lang}.jsonl"
    del made["tasks"]["pairs"]
    return made


def write(folder: Path, content: dict[str, Any]) -> Path:
    path = write_study(folder, content)
    german = (folder / "data/topics-test-de.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [{**json.loads(line), "text": f"oh {json.loads(line)['text']}"} for line in german]
    (folder / "data/topics-train-de.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def finished(content: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    folder = tmp_path_factory.mktemp("run")
    study = api.load_checked_study(write(folder / "study", content))
    return api.run_study(study, Store(folder / "store"), n_threads=1, study_yaml="name: tiny")


def trainings(plan: Plan, ending: str) -> list[str]:
    return [node.id for node in plan.nodes if node.kind == "train" and node.label.split(" (")[0].endswith(ending)]


def test_each_objective_of_a_mixture_had_its_share(finished: api.Run) -> None:
    for node_id in trainings(finished.plan, "→ many"):
        facts = finished.store.open(node_id).read_json("training.json")
        # A pass over 2 x 16 of the tasks' examples in batches of 8 makes 4 steps, and a quarter is text; a pass is a
        # whole number of steps.
        assert facts["n_steps"] == 2 * round((2 + 2) / 0.75)
        kinds = [member["objective"] for member in facts["members"]]
        assert kinds == ["sentence-classification", "tagging", "masked-lm"]
        assert [member["share"] for member in facts["members"]] == pytest.approx([0.375, 0.375, 0.25])
        assert [member["n_steps"] for member in facts["members"]] == pytest.approx([3.75, 3.75, 2.5], abs=1.25)


def test_cost_is_planned_and_measured(finished: api.Run) -> None:
    for ending in ("turns", "tlm", "many"):
        for node_id in trainings(finished.plan, ending):
            node, about = finished.plan.node(node_id), finished.store.open(node_id).about
            assert about["n_text_tokens"] == pytest.approx(node.work.n_tokens, rel=0.4)
            assert about["flops"] == pytest.approx(node.work.training_flops, rel=0.4)


def test_held_out_pairs_are_measured_and_the_head_is_handed_on(finished: api.Run) -> None:
    entries = RunRecord.from_json(json.loads((finished.plan.study.output_dir / "record.json").read_text()))
    known = {(p.stage, p.language): p.before for p in entries.pseudo_perplexities if p.seed == 1}
    assert {language for stage, language in known if stage == "turns"} == {"de", "en", "fr", "de+en", "en+fr"}
    assert {language for stage, language in known if stage == "tlm"} == {"de+en", "en+fr"}
    assert all((before is None) == (stage == "turns") for (stage, _), before in known.items())
    notes = head_notes(finished.plan, finished.store)
    assert any("tlm started with a masked-LM head that is that of the stage before" in note for note in notes)
    assert any("positions of the second sentence of a translation pair: reset" in note for note in notes)


def test_few_shot_examples_differ_from_seed_to_seed(finished: api.Run) -> None:
    shots = []
    for node_id in trainings(finished.plan, "base → topics"):
        job = finished.plan.node(node_id).job
        assert isinstance(job, TrainJob)
        assert isinstance(job.objective, SupervisedJob)
        ids = [example.id for example in load_examples(finished.store, job.objective.data.artefact_id)]
        shots.append({own for own in ids if own.startswith("de:")})
        assert sum(own.startswith("en:") for own in ids) == 24
    assert [len(own) for own in shots] == [4, 4]
    assert shots[0] != shots[1]


def test_the_record_says_what_is_not_zero_shot(finished: api.Run) -> None:
    record = RunRecord.from_json(json.loads((finished.plan.study.output_dir / "record.json").read_text()))
    (topics,) = record.protocol
    assert (topics.learned_in, topics.trained_languages) == (("en", "de"), ("de",))
    said = "learned in en and de, all examples of en and 4 of every other language: NOT zero-shot in de"
    assert said in topics.departures
    groups = {
        (score.group, score.languages)
        for score in record.comparison.group_scores
        if score.property == "labelled training data"
    }
    assert groups == {("learned in", ("de",)), ("zero-shot", ("fr",))}
    report = (finished.plan.study.output_dir / "report.html").read_text(encoding="utf-8")
    assert "Not zero-shot: topics in German." in report
    assert "Zero-shot mean" not in report
    steps = record.sequences[1].steps
    assert steps[0] == (
        "turns: in turn masked LM on text in 3 languages (50 % of the steps), "
        "translation LM on bitext in 2 pairs of languages (50 % of the steps); 6 steps"
    )
    assert steps[2].endswith(
        "tasks in proportion to their examples, at most 16 of each, a head for each task; 2 epochs"
    )


PlanOf = Callable[[dict[str, Any]], Plan]


@pytest.fixture
def plan_of(tmp_path: Path) -> PlanOf:
    def plan_of(changed: dict[str, Any]) -> Plan:
        path = write(tmp_path / "study", changed)
        return api.plan_study(api.load_checked_study(path), Store(tmp_path / "store"))

    return plan_of


CHANGES: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "cap": ("many", lambda stage: stage["sampling"].update(cap=17)),
    "temperature": ("many", lambda stage: stage["sampling"].update(temperature=2.0)),
    "rate": ("many", lambda stage: stage["mixed_in"].update(rate=0.3)),
    "masking": ("many", lambda stage: stage["mixed_in"].update(mask_rate=0.2)),
    "tasks": ("many", lambda stage: stage.update(tasks=["things", "moods"])),
    "lengths": ("many", lambda stage: stage["training"].update(max_tokens=25)),
    "limits": ("many", lambda stage: stage.update(limits={"train": 20})),
    "rate of parallel text": ("turns", lambda stage: stage["parallel"].update(rate=0.4)),
    "positions": ("tlm", lambda stage: stage["parallel"].update(positions="running")),
    "pairs": ("tlm", lambda stage: stage["parallel"].update(languages=["en", "de"])),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_a_mixture_changes_its_address(plan_of: PlanOf, content: dict[str, Any], change: str) -> None:
    name, apply = CHANGES[change]
    changed = copy.deepcopy(content)
    changed["stages"][name]["training"] = dict(TRAINING)
    apply(changed["stages"][name])
    before, after = (
        {node.label: node.id for node in plan_of(own).nodes if node.kind == "train"} for own in (content, changed)
    )
    differing = {label for label in before if before[label] != after[label]}
    assert differing == {label for label in before if name in label or label.startswith("chain")}


@pytest.mark.parametrize("unit", ["tokens", "examples", "flops"])
def test_a_mixture_can_cost_what_another_stage_does(plan_of: PlanOf, content: dict[str, Any], unit: str) -> None:
    changed = copy.deepcopy(content)
    changed["stages"]["many"]["budget"] = {"match": "turns", "unit": unit}
    changed["stages"]["tlm"]["budget"] = {"match": "many", "unit": unit}
    budgets = plan_of(changed).budgets
    assert set(budgets) == {"many", "tlm"}
    given = [getattr(budgets[name].amount, f"n_{unit}" if unit != "flops" else unit) for name in ("many", "tlm")]
    # Whole steps are counted, and what they hold is not the same in every batch.
    assert given[1] == pytest.approx(given[0], rel=0.2)
    assert given[0] > 0


def test_languages_without_training_files_of_their_own_are_refused(plan_of: PlanOf, content: dict[str, Any]) -> None:
    changed = copy.deepcopy(content)
    changed["tasks"]["topics"]["files"]["train"] = "data/topics-train-en.jsonl"
    with pytest.raises(DataError, match=r"no training data in de: .*topics-train-en.jsonl is that of en"):
        plan_of(changed)
