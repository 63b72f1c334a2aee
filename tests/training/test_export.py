"""Models of every architecture as classes of transformers: the same logits, or a refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from waystage.data.examples import Answer, Example, MultipleChoiceExample, QuestionExample, TaggedExample, TextExample
from waystage.encoders.model import load_encoder
from waystage.encoders.pooling import Pooling
from waystage.errors import StageError, StudyError
from waystage.kinds.registry import _HEADS
from waystage.tasks.kinds import EXTRACTIVE_QA, MULTIPLE_CHOICE, PAIR_CLASSIFICATION, TAGGING, Kind
from waystage.training import export, export_check
from waystage.training.checkpoint import save_weights
from waystage.training.export import Trained, TrainedHead, export_encoder, export_model

EXAMPLES: dict[Kind, list[Example]] = {
    PAIR_CLASSIFICATION: [TextExample(str(n), "the cat sleeps " * n, "a warm roof", "a") for n in range(1, 9)],
    TAGGING: [TaggedExample(str(n), ("the", "cat", "sleeps")[:n], ("a", "b", "a")[:n]) for n in range(1, 4)],
    MULTIPLE_CHOICE: [MultipleChoiceExample("1", "the light", ("is on", "sleeps on the roof"), 0)],
    EXTRACTIVE_QA: [QuestionExample("1", "who sleeps?", "the small cat sleeps", (Answer(4, "small cat"),))],
}
LABELS = {PAIR_CLASSIFICATION: ("a", "b", "c"), TAGGING: ("a", "b"), MULTIPLE_CHOICE: (), EXTRACTIVE_QA: ()}
CLASSES = {
    PAIR_CLASSIFICATION: "AutoModelForSequenceClassification", TAGGING: "AutoModelForTokenClassification",
    MULTIPLE_CHOICE: "AutoModelForMultipleChoice", EXTRACTIVE_QA: "AutoModelForQuestionAnswering",
}  # fmt: skip


def trained(folder: Path, encoder_dir: Path, kind: Kind, n_layers: int | None) -> Trained:
    """Weights as a stage leaves them: every tensor moved, and some rows of the embeddings."""
    generator = torch.Generator().manual_seed(5)
    encoder = load_encoder(encoder_dir, n_layers)
    table = encoder.token_embeddings.weight
    tensors = {
        name: parameter.detach() + 0.05 * torch.randn(parameter.shape, generator=generator)
        for name, parameter in encoder.model.named_parameters()
        if parameter is not table
    }
    head = _HEADS[kind](encoder.hidden_size, len(LABELS[kind]), 0.1, generator)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, generator=generator)
    rows = torch.from_numpy(np.arange(3, 90, 2))
    moved = table.detach().clone()
    moved[rows] += 0.3
    save_weights(folder / "weights.safetensors", tensors, head.state_dict(), None, (rows, moved))
    return Trained(encoder_dir, folder / "weights.safetensors", n_layers, 32)


def head_of(kind: Kind, pooling: Pooling = Pooling.CLS) -> TrainedHead:
    return TrainedHead(kind, LABELS[kind], pooling)


EXACT = [
    *((name, kind) for name in ("bert", "xlm-r") for kind in EXAMPLES),
    ("mdeberta", TAGGING), ("mdeberta", EXTRACTIVE_QA),
]  # fmt: skip
REFUSED = [
    ("mdeberta", PAIR_CLASSIFICATION), ("mdeberta", MULTIPLE_CHOICE), *(("modernbert", kind) for kind in EXAMPLES),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), EXACT, ids=lambda value: getattr(value, "name", str(value)))
@pytest.mark.parametrize("n_layers", [2, None])
def test_exact(architecture_dirs: Any, tmp_path: Path, name: str, kind: Kind, n_layers: int | None) -> None:
    (tmp_path / "to").mkdir()
    model = trained(tmp_path, architecture_dirs[name], kind, n_layers)
    exported = export_model(model, head_of(kind), EXAMPLES[kind], tmp_path / "to")
    assert exported.auto_class == CLASSES[kind]
    assert exported.largest_difference <= 1e-5
    assert (exported.n_compared > 0, exported.n_other_tokens) == (True, 0)


@pytest.mark.parametrize(("name", "kind"), REFUSED, ids=lambda value: getattr(value, "name", str(value)))
def test_refused(architecture_dirs: Any, tmp_path: Path, name: str, kind: Kind) -> None:
    (tmp_path / "to").mkdir()
    model = trained(tmp_path, architecture_dirs[name], kind, None)
    with pytest.raises(StudyError, match="computes something else than the head that was trained"):
        export_model(model, head_of(kind), EXAMPLES[kind], tmp_path / "to")
    exported = export_encoder(model, tmp_path / "to", ["the cat sleeps"], with_head=True)
    assert exported.largest_difference <= 1e-5


@pytest.mark.parametrize("name", ["bert", "xlm-r", "mdeberta", "modernbert"])
def test_encoders_alone_are_cut_to_their_first_layers(architecture_dirs: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "to").mkdir()
    model = trained(tmp_path, architecture_dirs[name], TAGGING, 2)
    exported = export_encoder(model, tmp_path / "to", ["the cat sleeps", "das Licht"], with_head=False)
    assert exported.largest_difference <= 1e-5
    assert load_encoder(tmp_path / "to").n_layers == 2
    assert not (tmp_path / "to" / "head.safetensors").exists()


def test_another_model_is_noticed(architecture_dirs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dense and output layer in each other's place fit where there are as many labels as dimensions."""
    (tmp_path / "to").mkdir()
    monkeypatch.setitem(LABELS, PAIR_CLASSIFICATION, tuple(f"label-{n}" for n in range(32)))
    swapped = {"output": "base.pooler.dense", "dense": "classifier"}
    monkeypatch.setitem(export._HEADS[PAIR_CLASSIFICATION].places, "bert", swapped)  # type: ignore[arg-type]
    model = trained(tmp_path, architecture_dirs["bert"], PAIR_CLASSIFICATION, None)
    with pytest.raises(StageError, match="differs from the trained model"):
        export_model(model, head_of(PAIR_CLASSIFICATION), EXAMPLES[PAIR_CLASSIFICATION], tmp_path / "to")


def test_the_generator_of_others_is_left_alone(architecture_dirs: Any, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    model = trained(tmp_path, architecture_dirs["bert"], TAGGING, None)
    before = torch.random.get_rng_state()
    export_model(model, head_of(TAGGING), EXAMPLES[TAGGING], tmp_path / "to")
    assert torch.equal(before, torch.random.get_rng_state())
    assert export_check.TOLERANCE == 1e-5
