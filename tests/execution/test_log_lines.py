"""Logs as JSON lines: nothing torn, no secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystage.execution.log_lines import LineLog, LineReader, read_lines, redacted


def test_a_reader_gets_whole_lines_once_and_never_a_part(tmp_path: Path) -> None:
    path = tmp_path / "jobs" / "log.jsonl"
    log, reader = LineLog(path), LineReader(path)
    assert reader.new_lines() == []
    log.add("started", label="a\nb", pid=3, gpu=None)
    with path.open("ab") as stream:
        stream.write(b'{"event": "adv')
    (line,) = reader.new_lines()
    assert {**line, "time": ""} == {"time": "", "event": "started", "label": "a\nb", "pid": 3}
    with path.open("ab") as stream:
        stream.write(b'anced"}\n')
    assert reader.new_lines() == [{"event": "advanced"}]
    assert reader.new_lines() == []


def test_a_line_that_a_killed_writer_left_unfinished_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"event": "advan')
    LineLog(path).add("started")
    assert [line["event"] for line in read_lines(path)] == ["started"]


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    LineLog(tmp_path / "file" / "log.jsonl").add("started")


@given(st.binary(max_size=200))
def test_any_bytes_in_a_log_are_passed_over(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    path.write_bytes(content)
    LineLog(path).add("ended", text="é")
    assert read_lines(path)[-1]["text"] == "é"
    assert all(isinstance(line["event"], str) for line in read_lines(path))


@given(st.text(alphabet="abcdef0123456789", min_size=8, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_values_of_secret_variables_are_never_in_what_is_logged(secret: str, before: str, after: str) -> None:
    names = ("HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "wandb_api_key")
    for name in names:
        assert secret not in redacted(f"{before}{secret}{after}", {name: secret}).replace(f"<{name}>", "")


def test_secrets_are_kept_out_of_nested_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_verysecret1")
    path = tmp_path / "log.jsonl"
    LineLog(path).add("logged", text="401 for hf_verysecret1", inner={"url": ["s3://key:hf_verysecret1@host/x"]})
    assert "verysecret" not in path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["text"] == "401 for <HF_TOKEN>"


@pytest.mark.parametrize(
    "name",
    ["HF_TOKEN", "AWS_ACCESS_KEY_ID", "GOOGLE_APPLICATION_CREDENTIALS", "SLURM_JWT", "DB_PASSWORD", "SSH_PASSPHRASE"],
)
def test_values_of_variables_that_sound_secret_are_taken_out(name: str) -> None:
    assert redacted("it is planted-5f1c", {name: "planted-5f1c", "HOME": "it is"}) == f"it is <{name}>"
