"""How a job predicts: on the device of the training, and without a table of token embeddings in memory."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch
import yaml

from waystage import api
from waystage.encoders.model import Encoder, TokenBatch
from waystage.encoders.stored_rows import RowsOnDemand
from waystage.errors import StageError
from waystage.store.store import Store


@pytest.mark.parametrize("target", [0, -1])
def test_predictions_are_made_where_training_is(
    short_study_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: int
) -> None:
    """No machine of the tests has a GPU: a device without memory stands for one, which what is predicted must reach."""
    content = yaml.safe_load(short_study_path.read_text(encoding="utf-8"))
    content["targets"], content["sequences"] = [content["targets"][target]], {"base": []}
    del content["stages"], content["corpora"]
    content["tasks"] = {name: task for name, task in content["tasks"].items() if name == content["targets"][0]["task"]}
    short_study_path.write_text(yaml.safe_dump(content), encoding="utf-8")
    study, store = api.load_study(short_study_path), Store(tmp_path / "store")
    devices: list[set[str]] = []
    forward = Encoder.forward

    def seen(self: Encoder, batch: TokenBatch, layer: int | None = None) -> torch.Tensor:
        if self.training:
            return forward(self, batch, layer)
        devices.append({part.device.type for part in (*self.parameters(), batch.input_ids)})
        raise StageError("nothing can be computed there")

    monkeypatch.setattr(Encoder, "forward", seen)
    importlib.import_module("waystage.training.stage")  # it goes on as it is
    for name in ("model", "trimming"):
        monkeypatch.setattr(f"waystage.encoders.{name}.computing_device", lambda: torch.device("meta"))
    with pytest.raises(StageError):
        api.run_study(study, store)
    assert devices
    assert all(found == {"meta"} for found in devices)


def test_predictions_leave_the_table_in_its_file(
    short_study_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With rows that stages have trained, and without any."""
    read: list[bool] = []
    forward = Encoder.forward

    def seen(self: Encoder, batch: TokenBatch, layer: int | None = None) -> torch.Tensor:
        if torch.is_inference_mode_enabled() and not self.training:
            read.append(isinstance(self.token_embeddings, RowsOnDemand))
        return forward(self, batch, layer)

    monkeypatch.setattr(Encoder, "forward", seen)
    content = yaml.safe_load(short_study_path.read_text(encoding="utf-8"))
    content["stages"]["mlm"]["held_out"] = 0  # whose perplexity needs the whole table
    short_study_path.write_text(yaml.safe_dump(content), encoding="utf-8")
    api.run_study(api.load_study(short_study_path), Store(tmp_path / "store"))
    assert read
    assert all(read)
