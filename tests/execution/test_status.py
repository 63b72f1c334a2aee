"""What a run looks like from outside, through its files alone."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.errors import StageError, StudyError
from waystage.execution.outcome import SilentWatcher
from waystage.execution.status import RunStatus, find_run, read_status
from waystage.plan.nodes import Node
from waystage.store.store import Store


class Looker(SilentWatcher):
    """Looks at the run from outside each time that a stage advances."""

    def __init__(self, store_dir: Path) -> None:
        self._store_dir, self.seen = store_dir, list[RunStatus]()

    def advanced(self, node: Node, fraction: float) -> None:
        self.seen.append(read_status(find_run(None, self._store_dir)))


def test_a_run_can_be_watched_while_it_goes_on_and_afterwards(short_study_path: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    looker = Looker(store.root)
    study = api.load_checked_study(short_study_path)
    run = api.run_study(study, store, n_threads=1, node_seconds={}, watcher=looker)
    during = looker.seen[0]
    (job,) = during.in_state("running")
    assert (during.how, job.pid, job.attempt) == ("running", os.getpid(), 1)
    assert job.host
    assert during.seconds_left is not None
    assert len(during.in_state("waiting")) > 3
    after = read_status(find_run(study.output_dir, store.root))
    assert (after.how, after.seconds_left, after.study) == ("done", None, study.name)
    assert {job.id: job.state for job in after.jobs} == {node.id: "ran" for node in run.plan.nodes}
    losses = [job.loss for job in after.jobs if job.kind == "train"]
    assert all(loss is not None and 0 < loss < 20 for loss in losses)


def test_a_failure_shows_its_reason_the_end_of_its_log_and_where_that_is(
    tmp_path: Path, tiny_encoder_dir: Path
) -> None:
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["stages"]["mlm"]["training"]["learning_rate"] = 1e38
    study, store = api.load_checked_study(write_study(tmp_path / "study", content)), Store(tmp_path / "store")
    with pytest.raises(StageError) as error:
        api.run_study(study, store, n_threads=1)
    status = read_status(find_run(store.root, tmp_path))
    (job,) = status.in_state("failed")
    assert status.how == "failed"
    assert job.reason is not None
    assert "at step" in job.reason
    assert job.log_path is not None
    assert str(job.log_path.parent) in str(error.value)
    assert any("ended state=failed" in line for line in job.last_lines)
    assert len(status.in_state("not run")) > 1


def test_a_driver_that_is_gone_without_a_word_is_noticed(short_study_path: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    api.run_study(api.load_checked_study(short_study_path), store, n_threads=1)
    run_dir = find_run(None, store.root)
    events = (run_dir / "driver.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (run_dir / "driver.jsonl").write_text("".join(events[:-5]), encoding="utf-8")
    assert read_status(run_dir).how == "running"
    facts = (run_dir / "run.json").read_text(encoding="utf-8")
    (run_dir / "run.json").write_text(facts.replace(f'"pid":{os.getpid()}', '"pid":4194305'), encoding="utf-8")
    assert read_status(run_dir).how == "dead"


def test_names_of_studies_stay_in_the_store(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    """A study file cannot have such a name; a study from Python can."""
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content |= {"sequences": {"base": []}, "stages": {}, "targets": [content["targets"][1]]}
    store = Store(tmp_path / "inner" / "store")
    study = replace(api.load_checked_study(write_study(tmp_path / "study", content)), name="../../out of/the store")
    api.run_study(study, store, n_threads=1)
    assert find_run(None, store.root).parent == store.root / "runs"
    assert {path.name for path in tmp_path.iterdir()} <= {"inner", "study", "out"}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"nodes": [{}]}'])
def test_what_is_no_run_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(StudyError, match=r"run\.json"):
        read_status(find_run(tmp_path, tmp_path))
    with pytest.raises(StudyError, match="no runs of"):
        find_run(tmp_path / "elsewhere", tmp_path)
