"""Secrets stay in the environment, names stay in the store, and pickles stay unread."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.fuzz import writing_only_in
from tests.fixtures.studies import short_study, write_study
from waystage import api
from waystage.errors import DataError, StoreError, StudyError, WaystageError
from waystage.store.files import name_fault
from waystage.store.roots import root_file_name
from waystage.store.store import Store

SECRETS = (
    "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY", "MLFLOW_TRACKING_PASSWORD", "AWS_SECRET_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_CLIENT_SECRET", "GITHUB_TOKEN",
    "OPENAI_API_KEY", "SLURM_JWT", "DB_PASSWORD", "MY_SECRET", "PIP_INDEX_URL", "HTTPS_PROXY", "SOME_PRIVATE_KEY",
)  # fmt: skip


def planted() -> dict[str, str]:
    """An environment in which each secret has a value that is nowhere else."""
    values = {name: f"planted-{name.lower()}-5f1c" for name in SECRETS}
    values["HTTPS_PROXY"] = "http://user:planted-https_proxy-5f1c@127.0.0.1:9"
    return dict(os.environ) | values | {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def leaks(folder: Path, *outputs: str) -> list[str]:
    """Files, and what was printed, with a planted value."""
    found = [str(path) for path in folder.rglob("*") if path.is_file() and b"-5f1c" in path.read_bytes()]
    return found + [output for output in outputs if "-5f1c" in output]


def waystage(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = planted() | {"WAYSTAGE_STORE": str(folder / "store"), "WAYSTAGE_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "waystage", *map(str, arguments)]
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.slow
def test_secrets_of_the_environment_reach_no_file_and_no_terminal(short_study_path: Path, tmp_path: Path) -> None:
    """In a run that ends well, its exports, and runs that fail at the hub and in a stage."""
    ran = waystage(tmp_path, "run", short_study_path, "--workers", "2", "--threads", "1")
    assert ran.returncode == 0, ran.stderr
    exported = waystage(tmp_path, "export", tmp_path / "out", "--format", "csv", "--to", tmp_path / "tables")
    content = yaml.safe_load(short_study_path.read_text(encoding="utf-8"))
    content["encoder"] = {"name": "nobody/no-such-encoder"}
    at_hub = write_study(tmp_path / "hub", content)
    failed = waystage(tmp_path, "run", at_hub)
    assert failed.returncode == 3, failed.stderr
    content = short_study(Path(yaml.safe_load(short_study_path.read_text())["encoder"]["name"]), tmp_path / "out-2")
    content["stages"]["mlm"]["training"]["learning_rate"] = 1e38
    broken = waystage(tmp_path, "run", write_study(tmp_path / "broken", content), "--threads", "1")
    assert broken.returncode == 5, broken.stderr
    outputs = [text for done in (ran, exported, failed, broken) for text in (done.stdout, done.stderr)]
    assert leaks(tmp_path, *outputs) == []


def test_the_search_for_leaks_finds_one(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(f"token={planted()['HF_TOKEN']}")
    assert leaks(tmp_path, "nothing") == [str(tmp_path / "log.txt")]


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["weights.pkl", "pytorch_model.bin", "model.pt", "model.ckpt", "a.npz", "a.joblib"])
def test_a_pickle_planted_in_the_store_is_refused_and_not_run(tmp_path: Path, name: str) -> None:
    store, spec = Store(tmp_path / "store"), {"kind": "train", "number": 1}
    with store.write(spec) as draft:
        (draft.dir / "scores.json").write_bytes(b"{}")
    planted_path = store.open(draft.id).directory / name
    planted_path.write_bytes(pickle.dumps(Evil(tmp_path / "evil")))
    with pytest.raises(StoreError, match=name):
        store.open(draft.id)
    assert [str(damage.problems[0].file) for damage in store.verify_all()] == [str(planted_path)]
    assert not (tmp_path / "evil").exists()


def test_weights_that_are_a_pickle_under_an_allowed_name_are_refused(short_study_path: Path, tmp_path: Path) -> None:
    """Even where the manifest agrees with them, which only who can write the store can bring about."""
    study, store = api.load_checked_study(short_study_path), Store(tmp_path / "store")
    plan = api.plan_study(study, store)
    node = next(node for node in plan.nodes if node.kind == "train")
    with store.write(node.spec) as draft:
        (draft.dir / "weights.safetensors").write_bytes(pickle.dumps(Evil(tmp_path / "evil")))
        (draft.dir / "training.json").write_bytes(b"{}")
    with pytest.raises(WaystageError, match=r"weights\.safetensors"):
        api.run_study(study, store, plan=plan, n_threads=1)
    assert not (tmp_path / "evil").exists()


def test_pickled_weights_of_an_encoder_run_no_code(tmp_path: Path, tiny_encoder_dir: Path) -> None:
    folder = tmp_path / "bert"
    folder.mkdir()
    for path in tiny_encoder_dir.iterdir():
        if path.suffix != ".safetensors":
            (folder / path.name).write_bytes(path.read_bytes())
    torch.save({"weight": torch.zeros(2), "evil": Evil(tmp_path / "evil")}, folder / "pytorch_model.bin")
    path = write_study(tmp_path / "study", short_study(folder, tmp_path / "out"))
    with pytest.raises(WaystageError, match=r"pytorch_model\.bin: refused as weights"):
        api.run_study(api.load_checked_study(path), Store(tmp_path / "store"), n_threads=1)
    assert not (tmp_path / "evil").exists()


@given(st.text(max_size=300))
def test_no_name_of_a_file_leaves_its_folder(name: str) -> None:
    assert Path(root_file_name(name)).name == root_file_name(name)
    assert not root_file_name(name).startswith(".")
    if name_fault(name) is None:
        inside = Path("/store/artefact", name)
        assert inside.is_relative_to("/store/artefact")
        assert ".." not in inside.parts


NAMES = st.one_of(
    st.sampled_from(
        ["../../escape", "/tmp/escape", "..", "a/b", "a\x00b", "~root", "con", "$(id)", "-rf", "a\nb", "é"]
    ),
    st.text(min_size=1, max_size=40),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(NAMES, NAMES, NAMES, NAMES))
def test_names_of_a_study_are_refused_or_stay_inside(
    tiny_encoder_dir: Path, tmp_path: Path, names: tuple[str, str, str, str]
) -> None:
    """Studies, stages, sequences and tasks of any name: what is planned is written into the store alone."""
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    study, stage, sequence, task = names
    content["name"] = study
    content["stages"] = {stage: content["stages"]["mood"]}
    content["sequences"] = {"base": [], sequence: [stage]}
    content["tasks"][task] = content["tasks"].pop("topics")
    content["targets"][0]["task"] = task
    path = tmp_path / "study" / "study.yaml"
    write_study(path.parent, content)
    with writing_only_in(tmp_path / "store"):
        try:
            loaded = api.load_checked_study(path)
            store = Store(tmp_path / "store")
            plan = api.plan_study(loaded, store)
            store.add_root(loaded.name, [node.id for node in plan.nodes])
        except (StudyError, DataError):
            return
