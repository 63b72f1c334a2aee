"""An exported model is the trained model, and transformers loads it without any code of ours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from waystage import api
from waystage.data.examples import MultipleChoiceExample, TextExample
from waystage.errors import StoreError, StudyError
from waystage.exports.checkpoint import ModelChoice, write_model
from waystage.exports.run import FinishedRun, predictions_of
from waystage.store.store import Store


def load(auto_class: str, folder: Path) -> tuple[Any, Any]:
    import transformers

    model = getattr(transformers, auto_class).from_pretrained(folder, local_files_only=True).eval()
    return model, transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)


def stored(run: FinishedRun, sequence: str, task: str, language: str) -> tuple[list[Any], dict[str, Any]]:
    """Test examples and stored predictions of seed 1."""
    cell = next(own for own in run.cells(sequence, 1) if own.task == task)
    artefact = run.artefacts([cell])[cell]
    examples = run.examples(artefact.manifest.spec["data"][language], task)
    return examples, predictions_of(artefact, language)


@pytest.mark.parametrize("task", ["xnli", "panx-dev", "xquad", "xcopa"])
def test_logits_are_those_of_the_trained_model(run: FinishedRun, tmp_path: Path, task: str) -> None:
    written = write_model(run, tmp_path / "to", ModelChoice("tagged", task, 1))
    assert written.largest_difference <= 1e-5
    assert written.n_compared >= 10
    assert written.n_other_tokens == 0
    config = json.loads((tmp_path / "to" / "config.json").read_text(encoding="utf-8"))
    assert config["num_hidden_layers"] == 2
    assert "auto_map" not in config


def test_labels_from_text_are_the_stored_predictions(run: FinishedRun, tmp_path: Path) -> None:
    written = write_model(run, tmp_path / "to", ModelChoice("base", "xnli", 1))
    model, tokenizer = load(written.auto_class, tmp_path / "to")
    examples, predictions = stored(run, "base", "xnli", "de")
    for example in examples:
        assert isinstance(example, TextExample)
        with torch.inference_mode():
            logits = model(**tokenizer(example.text, example.pair, truncation=True, return_tensors="pt")).logits
        assert model.config.id2label[int(logits.argmax())] == predictions[example.id]


def test_choices_from_text_are_the_stored_predictions(run: FinishedRun, tmp_path: Path) -> None:
    written = write_model(run, tmp_path / "to", ModelChoice("base", "xcopa", 1))
    model, tokenizer = load(written.auto_class, tmp_path / "to")
    examples, predictions = stored(run, "base", "xcopa", "tr")
    for example in examples:
        assert isinstance(example, MultipleChoiceExample)
        pairs = ([example.text] * 2, list(example.choices))
        inputs = tokenizer(*pairs, truncation=True, padding=True, return_tensors="pt")
        with torch.inference_mode():
            logits = model(**{name: values.unsqueeze(0) for name, values in inputs.items()}).logits
        assert str(int(logits.argmax())) == predictions[example.id]


@pytest.mark.parametrize(
    "choice", [("xnli", False), ("panx-dev", False), ("xnli", True), ("tatoeba", True), (None, True)]
)
def test_the_code_of_the_readme_runs(
    run: FinishedRun,
    tmp_path: Path,
    choice: tuple[str | None, bool],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    task, is_encoder_only = choice
    write_model(run, tmp_path / "to", ModelChoice("tagged", task, 1, is_encoder_only=is_encoder_only))
    readme = (tmp_path / "to" / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert code is not None
    monkeypatch.chdir(tmp_path / "to")
    capsys.readouterr()
    exec(compile(code[1], "README.md", "exec"), {})
    has_answer = task is not None and task != "tatoeba"
    assert bool(capsys.readouterr().out) == has_answer


def test_encoder_and_head_side_by_side_give_the_same_logits(run: FinishedRun, tmp_path: Path) -> None:
    write_model(run, tmp_path / "whole", ModelChoice("base", "xnli", 1))
    write_model(run, tmp_path / "parts", ModelChoice("base", "xnli", 1, is_encoder_only=True))
    whole, tokenizer = load("AutoModelForSequenceClassification", tmp_path / "whole")
    encoder, _ = load("AutoModel", tmp_path / "parts")
    head = load_file(tmp_path / "parts" / "head.safetensors")
    inputs = tokenizer(["the cat sleeps", "das Licht ist an"], padding=True, return_tensors="pt")
    with torch.inference_mode():
        vectors = encoder(**inputs).last_hidden_state[:, 0]
        hidden = torch.tanh(vectors @ head["dense.weight"].T + head["dense.bias"])
        logits = hidden @ head["output.weight"].T + head["output.bias"]
        torch.testing.assert_close(logits, whole(**inputs).logits, atol=1e-5, rtol=0)


def test_the_encoder_before_any_target_is_that_of_the_stages(run: FinishedRun, tmp_path: Path) -> None:
    """Retrieval reads the encoder after the stages, so both exports are one encoder."""
    before = write_model(run, tmp_path / "before", ModelChoice("tagged", None, 1, is_encoder_only=True))
    assert (before.task, before.auto_class) == (None, "AutoModel")
    write_model(run, tmp_path / "retrieval", ModelChoice("tagged", "tatoeba", 1))
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("before", "retrieval")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0].keys() | weights[1].keys())
    write_model(run, tmp_path / "base", ModelChoice("base", None, 1, is_encoder_only=True))
    untouched = load_file(tmp_path / "base" / "model.safetensors")
    assert any(not torch.equal(untouched[name], tensor) for name, tensor in weights[0].items())


def test_what_is_meant_has_to_be_said(run: FinishedRun, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"6 targets with a head, so name one; expected one of xnli, panx-dev"):
        write_model(run, tmp_path / "to", ModelChoice())
    with pytest.raises(StudyError, match=r"no sequence is shown to be the best on xnli, so name one .*base, tagged"):
        write_model(run, tmp_path / "to", ModelChoice(task="xnli"))
    with pytest.raises(StudyError, match=r"no target 'xnly'; .*did you mean 'xnli'"):
        write_model(run, tmp_path / "to", ModelChoice("base", "xnly"))
    assert not list(tmp_path.iterdir())


def test_weights_that_are_gone_are_named_with_the_command(run: FinishedRun, tmp_path: Path) -> None:
    bare = FinishedRun(run.folder, run.record, run.scores, Store(tmp_path / "empty"))
    with pytest.raises(StoreError, match=r"not there: base, xnli, seed 1.*`waystage run study.yaml`"):
        write_model(bare, tmp_path / "to", ModelChoice("base", "xnli"))


def test_the_same_export_gives_the_same_bytes(run: FinishedRun, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        write_model(run, folder, ModelChoice("base", "panx-dev", 2))
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == second


def test_own_study_of_the_command_line(short_study_path: Path, tmp_path: Path) -> None:
    """A head on the mean of all tokens fits no class of transformers, and the message says what does."""
    store = Store(tmp_path / "store")
    finished = api.run_study(api.load_checked_study(short_study_path), store, n_threads=1)
    run = FinishedRun.open(finished.output_dir, store)
    with pytest.raises(StudyError, match=r"the mean of all tokens, .* `pooling: cls` .* --encoder-only"):
        write_model(run, tmp_path / "to", ModelChoice("base"))
    write_model(run, tmp_path / "to", ModelChoice("base", "topics", is_encoder_only=True))
    assert (tmp_path / "to" / "head.safetensors").is_file()
