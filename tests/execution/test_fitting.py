"""A stage that does not fit starts again with smaller micro-batches, and gives what such a stage gives."""

from __future__ import annotations

import copy
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.errors import StageError
from waystage.execution.local import run_plan
from waystage.execution.outcome import Outcome, SilentWatcher
from waystage.kinds.classification import ClassificationObjective
from waystage.kinds.masked_lm import MaskedLmObjective
from waystage.kinds.objective import Objective
from waystage.plan.plan import Plan
from waystage.store.store import Store

_LARGEST = 3


@pytest.fixture
def content(tmp_path: Path, tiny_encoder_dir: Path) -> dict[str, Any]:
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["sequences"] = {"base": [], "both": ["mlm", "mood"]}
    return content


def run(folder: Path, content: dict[str, Any]) -> tuple[Plan, Store, Outcome]:
    study = api.load_checked_study(write_study(folder, content))
    store = Store(folder / "store")
    plan = api.plan_study(study, store)
    return plan, store, run_plan(plan, store, SilentWatcher(), n_threads=1)


def limit_memory(monkeypatch: pytest.MonkeyPatch, largest: int) -> None:
    """Let a forward pass over more than ``largest`` sequences fail as torch does on the CPU."""

    def limited(plain: Any) -> Any:
        def loss_sum(self: Objective, encoder: Any, head: Any, batch: Any) -> Any:
            if len(batch.tokens.lengths) > largest:
                raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8589934592 bytes.")
            return plain(self, encoder, head, batch)

        return loss_sum

    for kind in (ClassificationObjective, MaskedLmObjective):
        monkeypatch.setattr(kind, "loss_sum", limited(kind.loss_sum))


def test_the_result_is_that_of_the_smaller_micro_batch(
    tmp_path: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    by_hand = copy.deepcopy(content)
    for part in (*by_hand["stages"].values(), by_hand["targets"][0]):
        part["training"]["micro_batch_size"] = 2  # 8 is halved twice where 3 sequences fit
    expected_plan, expected_store, _ = run(tmp_path / "by hand", by_hand)
    limit_memory(monkeypatch, _LARGEST)
    with caplog.at_level(logging.WARNING, "waystage"):
        plan, store, outcome = run(tmp_path / "limited", content)
    assert outcome.is_complete
    trainings = [node for node in plan.nodes if node.kind == "train"]
    expected = [node for node in expected_plan.nodes if node.kind == "train"]
    for node, other in zip(trainings, expected, strict=True):
        ours, theirs = store.open(node.id), expected_store.open(other.id)
        assert ours.path("weights.safetensors").read_bytes() == theirs.path("weights.safetensors").read_bytes()
        assert ours.about["micro_batch_size"] == theirs.about["micro_batch_size"] == 2
        assert node.id != other.id
    words = "starts again with micro-batches of 4, in batches of 8 as before"
    assert sum(words in message for message in caplog.messages) == len(trainings)


def test_a_sequence_that_does_not_fit_alone_is_an_error(
    tmp_path: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_memory(monkeypatch, 0)
    with pytest.raises(StageError, match="not enough memory at step 0 for a single sequence; a smaller max_tokens"):
        api.run_study(api.load_checked_study(write_study(tmp_path, content)), Store(tmp_path / "store"), n_threads=1)
