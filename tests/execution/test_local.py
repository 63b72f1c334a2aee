"""A study from end to end in this process: what is done once, what is mended, and what a failure leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.errors import Interrupted, StageError
from waystage.execution.outcome import SilentWatcher, State
from waystage.plan.nodes import Node
from waystage.plan.plan import Plan
from waystage.store.store import Store


def digests(store: Store) -> dict[str, str]:
    """Digest of the content of each artefact, by its id."""
    return {info.id: store.open(info.id).manifest.content_digest for info in store.artefacts()}


def damage(store: Store, artefact_id: str, name: str) -> None:
    """Flip a bit in the middle of a file; its size stays."""
    path = store.open(artefact_id).path(name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(content))


class Log(SilentWatcher):
    """Labels of the nodes that were started."""

    def __init__(self) -> None:
        self.labels: list[str] = []

    def started(self, node: Node) -> None:
        self.labels.append(node.label)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_second_run_finds_everything_done(short_study_path: Path, store: Store) -> None:
    study = api.load_checked_study(short_study_path)
    first = api.run_study(study, store, n_threads=1)
    before, log = digests(store), Log()
    second = api.run_study(study, store, n_threads=1, watcher=log)
    assert log.labels == []
    assert set(first.outcome.states.values()) == {State.RAN}
    assert set(second.outcome.states.values()) == {State.FOUND}
    assert digests(store) == before
    assert first.scores().equals(second.scores())


def test_two_stores_hold_the_same_bytes(short_study_path: Path, tmp_path: Path) -> None:
    stores = [Store(tmp_path / name) for name in ("one", "two")]
    for store in stores:
        api.run_study(api.load_checked_study(short_study_path), store, n_threads=1)
    assert digests(stores[0]) == digests(stores[1])
    assert len(digests(stores[0])) > 10


def interrupt_after(n_steps: int) -> Callable[[], bool]:
    asked = iter(range(10_000))
    return lambda: next(asked) >= n_steps


@pytest.mark.parametrize("n_steps", [0, 1, 5, 12])
def test_an_interrupted_run_goes_on(short_study_path: Path, tmp_path: Path, n_steps: int) -> None:
    study = api.load_checked_study(short_study_path)
    whole, store = Store(tmp_path / "whole"), Store(tmp_path / "interrupted")
    api.run_study(study, whole, n_threads=1)
    with pytest.raises(Interrupted, match="go on"):
        api.run_study(study, store, n_threads=1, should_stop=interrupt_after(n_steps))
    assert len(digests(store)) < len(digests(whole))
    api.run_study(study, store, n_threads=1)
    assert digests(store) == digests(whole)


def test_a_request_to_stop_is_heard_between_nodes(tmp_path: Path, tiny_encoder_dir: Path, store: Store) -> None:
    """Also where nothing is trained any more."""
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["targets"] = [content["targets"][1]]
    path = write_study(tmp_path / "study", content | {"sequences": {"base": []}, "stages": {}})
    with pytest.raises(Interrupted):
        api.run_study(api.load_checked_study(path), store, should_stop=lambda: True)
    assert {info.kind for info in store.artefacts()} == {"data"}


KINDS_OF_DAMAGE = {
    "encoder": lambda plan: (plan.encoder_id, "model.safetensors"),
    "stage": lambda plan: (plan.cells[-2].stage_ids[0], "weights.safetensors"),
    "trained target": lambda plan: (plan.cells[-2].stage_ids[-1], "weights.safetensors"),
    "predictions": lambda plan: (plan.cells[0].prediction_id, "test-de.jsonl"),
    "training data": lambda plan: (_training_data(plan), "examples.jsonl"),
    "test data": lambda plan: (plan.node(plan.cells[0].score_id).spec["data"]["de"], "examples.jsonl"),
}


def _training_data(plan: Plan) -> str:
    return str(plan.node(plan.cells[0].stage_ids[-1]).spec["objective"]["data"])


@pytest.mark.parametrize("what", KINDS_OF_DAMAGE)
def test_a_damaged_artefact_is_noticed_and_made_again(short_study_path: Path, store: Store, what: str) -> None:
    study = api.load_checked_study(short_study_path)
    first = api.run_study(study, store, n_threads=1)
    before = digests(store)
    artefact_id, name = KINDS_OF_DAMAGE[what](first.plan)
    damage(store, artefact_id, name)
    # Everything that could be read instead of the damaged artefact goes, so that it has to be read.
    for node in first.plan.nodes:
        if artefact_id in node.spec.get("parents", ()):
            store.quarantine(node.id)
    second = api.run_study(study, store, n_threads=1)
    assert digests(store) == before
    assert second.scores().equals(first.scores())


def test_damaged_scores_are_made_again(short_study_path: Path, store: Store) -> None:
    study = api.load_checked_study(short_study_path)
    first = api.run_study(study, store, n_threads=1)
    before = digests(store)
    damage(store, first.plan.cells[0].score_id, "accuracy.json")
    second = api.run_study(study, store, n_threads=1)
    assert digests(store) == before
    assert second.scores().equals(first.scores())


def test_a_failed_stage_leaves_the_others(tmp_path: Path, tiny_encoder_dir: Path, store: Store) -> None:
    """What depends on it is not run, which is something else than failed."""
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["stages"]["mlm"]["training"]["learning_rate"] = 1e38
    study = api.load_checked_study(write_study(tmp_path / "study", content))
    plan = api.plan_study(study, store)
    with pytest.raises(StageError) as error:
        api.run_study(study, store, plan=plan, n_threads=1)
    message = str(error.value)
    assert "mlm (seed 1): the " in message
    assert "at step" in message
    assert "were not run" in message
    done = {node.label for node in plan.nodes if store.has(node.id)}
    assert "base: topics (seed 1): score" in done
    assert not any("continued" in label for label in done)
    assert not (tmp_path / "out").exists()


def test_a_mended_study_keeps_what_was_done(tmp_path: Path, tiny_encoder_dir: Path, store: Store) -> None:
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    path = write_study(tmp_path / "study", content | {"sequences": {"base": []}, "stages": {}})
    api.run_study(api.load_checked_study(path), store, n_threads=1)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    log = Log()
    api.run_study(api.load_checked_study(path), store, n_threads=1, watcher=log)
    assert log.labels
    assert not any(label.startswith("base") for label in log.labels)


def test_the_number_of_trainings_follows_the_plan(tiny_study_path: Path, store: Store) -> None:
    log = Log()
    run = api.run_study(api.load_checked_study(tiny_study_path), store, n_threads=1, watcher=log)
    assert len(log.labels) == len(run.plan.nodes)
    kinds: dict[str, Any] = {node.kind: 0 for node in run.plan.nodes}
    for info in store.artefacts():
        if info.kind in kinds:
            kinds[info.kind] += 1
    assert kinds["train"] == run.plan.n_trainings
