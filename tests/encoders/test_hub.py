"""Encoders from the model hub, against a stand-in for it on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.fixtures.hub import COMMIT, REPO_ID, local_hub

# The hub's client reads its address when it is imported, so each case is a process of its own.
CLIENT = """
import json, sys
from pathlib import Path
from waystage.encoders.sources import HubEncoder
from waystage.errors import DataError

source, folder = HubEncoder(sys.argv[1], sys.argv[2] or None), Path(sys.argv[3])
try:
    answer = {"identity": source.identity(), "n_layers": source.shape().n_layers}
    if folder.is_dir():
        source.write(folder)
except DataError as error:
    answer = {"error": str(error)}
print(json.dumps(answer))
"""


def ask(endpoint: str, home: Path, folder: Path, revision: str = "", repo_id: str = REPO_ID) -> dict[str, Any]:
    own = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
    proxies = {"http_proxy", "https_proxy", "all_proxy", "hf_hub_offline", "hf_token"}
    kept = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, repo_id, revision, str(folder)],
        env=kept | own,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.fixture
def repository(tiny_encoder_dir: Path, tmp_path: Path) -> Path:
    """A model as many on the hub are: pickled weights, and files that nobody needs."""
    folder = shutil.copytree(tiny_encoder_dir, tmp_path / "repository")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    (folder / "tf_model.h5").write_bytes(b"another framework's weights")
    (folder / "modeling.py").write_text("raise SystemExit")
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


@pytest.mark.slow
def test_download_pin_convert_and_go_offline(
    repository: Path, target: Path, tmp_path: Path, tiny_encoder_dir: Path
) -> None:
    home, identity = tmp_path / "home", {"origin": "hub", "repo_id": REPO_ID, "commit": COMMIT}
    with local_hub(repository) as (endpoint, requested):
        assert ask(endpoint, home, target) == {"identity": identity, "n_layers": 3}
    downloads = [request for request in requested if request.startswith("GET") and "/resolve/" in request]
    fetched = {request.rpartition("/")[2] for request in downloads}
    assert fetched == {"config.json", "tokenizer.json", "tokenizer_config.json", "pytorch_model.bin"}
    assert f"GET /{REPO_ID}/resolve/{COMMIT}/pytorch_model.bin" in downloads
    assert {path.name for path in target.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    expected = load_file(tiny_encoder_dir / "model.safetensors")
    converted = load_file(target / "model.safetensors")
    assert all(torch.equal(converted[name], tensor) for name, tensor in expected.items())

    again = tmp_path / "again"
    again.mkdir()
    for revision in ("", "main", COMMIT):
        assert ask(endpoint, home, again, revision) == {"identity": identity, "n_layers": 3}
    assert (again / "model.safetensors").read_bytes() == (target / "model.safetensors").read_bytes()


@pytest.mark.parametrize("revision", ["", COMMIT])
def test_an_unreachable_hub_is_not_waited_for(tmp_path: Path, revision: str) -> None:
    started = time.monotonic()
    answer = ask("http://127.0.0.1:9", tmp_path / "home", tmp_path / "none", revision)
    assert f"cannot load the encoder {REPO_ID} from the hub" in answer["error"]
    # The client's own series of attempts takes longer than this.
    assert time.monotonic() - started < 20


def test_what_the_hub_does_not_have(repository: Path, tmp_path: Path) -> None:
    with local_hub(repository) as (endpoint, _):
        answer = ask(endpoint, tmp_path / "home", tmp_path / "none", repo_id="tiny/other")
    assert "cannot load the encoder tiny/other from the hub" in answer["error"]
