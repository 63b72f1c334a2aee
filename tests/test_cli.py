"""The command line on a tiny study: what it prints, its exit statuses, and what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.execution.test_local import damage, digests
from tests.fixtures.processes import finished, forkserver, run_command
from tests.fixtures.studies import short_study, write_study
from waystage import api, cli
from waystage.execution import calibration
from waystage.store.store import Store

# Prints which of the heavy packages a command has imported, after what the command itself prints.
WATCHED = """
import sys
from waystage.cli import main
sys.argv = ["waystage", *sys.argv[1:]]
try:
    main()
finally:
    print(sorted({"torch", "transformers"} & set(sys.modules)), file=sys.stderr)
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test in a folder of its own, with one thread and with rates that are not measured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAYSTAGE_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(calibration, "_measure", lambda shape, n: calibration.MachineRates(1e9, 2e9, 3.0))
    monkeypatch.setattr(api, "default_threads", lambda: 1)


class Ran:
    """What a command printed, and its exit status."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def waystage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in this process, the way the installed program does."""

    def call(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["waystage", *map(str, arguments)])
        capsys.readouterr()
        status: Any = 0
        try:
            cli.main()
        except SystemExit as error:
            status = error.code or 0
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err + captured.out
        return Ran(status, captured.out, captured.err)

    return call


def watched(*arguments: str | Path) -> tuple[Ran, list[str]]:
    """A command in a fresh process, and the heavy packages it imported."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    lines = done.stderr.splitlines()
    return Ran(done.returncode, done.stdout, "\n".join(lines[:-1])), json.loads(lines[-1].replace("'", '"'))


def test_run_then_run_again(waystage: Any, short_study_path: Path, tmp_path: Path) -> None:
    first = waystage("run", short_study_path)
    assert first.status == 0, first.err
    assert "continued" in first.out
    assert f"report: {tmp_path / 'out' / 'report.html'}" in first.out
    assert (tmp_path / "out" / "report.html").is_file()
    assert (tmp_path / "out" / "study.yaml").read_text() == short_study_path.read_text()
    before = digests(Store(tmp_path / "store"))

    again, imported = watched("run", short_study_path, "--threads", "1")
    assert again.status == 0, again.err
    assert imported == []
    assert digests(Store(tmp_path / "store")) == before


def test_plan_counts_what_is_shared_and_what_is_done(waystage: Any, short_study_path: Path) -> None:
    found = waystage("plan", short_study_path, "--json")
    plan = json.loads(found.out)
    assert (plan["n_unique_trainings"], plan["n_naive_trainings"]) == (4, 6)
    assert plan["n_done"] == 0
    assert plan["estimated_seconds"] > 0
    assert {node["kind"] for node in plan["nodes"]} == {"encoder", "train", "predict", "score"}
    assert waystage("run", short_study_path).status == 0
    plan = json.loads(waystage("plan", short_study_path, "--json").out)
    assert plan["n_done"] == len(plan["nodes"])
    assert plan["estimated_seconds"] == 0
    text = waystage("plan", short_study_path).out
    assert "4 unique; 6 if every cell ran by itself" in text
    assert "4 of 4 trainings" in text


def test_commands_that_train_nothing_do_not_import_torch(waystage: Any, short_study_path: Path, tmp_path: Path) -> None:
    assert waystage("run", short_study_path).status == 0
    plan = ["plan", short_study_path, "--threads", "1"]
    done = tmp_path / "out"
    for command in (["--help"], plan, ["report", done], ["compare", done, "--aso"], ["list", "tasks"]):
        ran, imported = watched(*command)
        assert (ran.status, imported) == (0, []), (command, ran.err)


def test_report_is_made_from_the_record_alone(waystage: Any, short_study_path: Path, tmp_path: Path) -> None:
    waystage("run", short_study_path)
    report = tmp_path / "out" / "report.html"
    before = report.read_text(encoding="utf-8")
    report.unlink()
    (tmp_path / "store").rename(tmp_path / "gone")
    ran = waystage("report", tmp_path / "out")
    assert ran.status == 0
    assert report.read_text(encoding="utf-8") == before


def test_compare_reads_the_record_alone_and_gives_all_of_it_as_json(
    waystage: Any, short_study_path: Path, tmp_path: Path
) -> None:
    waystage("run", short_study_path)
    (tmp_path / "store").rename(tmp_path / "gone")
    ran = waystage("compare", tmp_path / "out")
    assert ran.status == 0, ran.err
    assert "in these languages" in ran.out
    assert "in languages like these" in ran.out
    assert "languages like these" not in waystage("compare", tmp_path / "out", "--scope", "these").out
    record = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    assert json.loads(waystage("compare", tmp_path / "out", "--json").out) == record["comparison"]
    assert {score["category"] for score in record["comparison"]["category_scores"]} <= {
        "classification",
        "structured prediction",
        "retrieval",
    }
    assert [gain["sequence"] for gain in record["comparison"]["cost_gains"]] == record["comparison"]["sequences"]


def test_schema_is_json_schema(waystage: Any, short_study_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(waystage("schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(short_study_path.read_text(encoding="utf-8")), schema)


def test_init_writes_a_study_and_never_over_a_file(waystage: Any, tmp_path: Path) -> None:
    assert waystage("init").status == 0
    written = (tmp_path / "study.yaml").read_text(encoding="utf-8")
    assert api.parse_study(written).name == "my-study"
    (tmp_path / "study.yaml").write_text("mine")
    ran = waystage("init")
    assert ran.status == 2
    assert "there is a file already" in ran.err
    assert (tmp_path / "study.yaml").read_text() == "mine"
    assert waystage("init", "no-such-folder/study.yaml").status == 2


@pytest.mark.parametrize(("what", "name"), [("tasks", "xnli"), ("corpora", "app-messages"), ("encoders", "xlm-r-base")])
def test_list(waystage: Any, what: str, name: str) -> None:
    ran = waystage("list", what)
    assert ran.status == 0
    assert name in ran.out


def mistakes() -> dict[str, Any]:
    """Changes of a good study file, and what the message says."""
    return {
        "unknown key": ({"sedes": [1]}, "did you mean 'seeds'"),
        "missing stage": ({"sequences": {"base": [], "x": ["moood"]}}, "did you mean 'mood'"),
        "wrong type": ({"seeds": "one"}, "seeds"),
        "unknown encoder": ({"encoder": "xlmr-base"}, "did you mean 'xlm-r-base'"),
    }


@pytest.mark.parametrize("what", mistakes())
@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_wrong_study_is_exit_status_2_and_nothing_is_written(
    waystage: Any, tmp_path: Path, tiny_encoder_dir: Path, command: str, what: str
) -> None:
    change, message = mistakes()[what]
    path = write_study(tmp_path / "study", short_study(tiny_encoder_dir, tmp_path / "out") | change)
    before = sorted(tmp_path.rglob("*"))
    ran = waystage(command, path)
    assert ran.status == 2
    assert message in ran.err
    assert "study.yaml:" in ran.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments", [["run", "no-such.yaml"], ["run"], ["nonsense"], ["plan", "x.yaml", "--threads", "0"], ["list", "x"]]
)
def test_wrong_usage_is_exit_status_2(waystage: Any, arguments: list[str], tmp_path: Path) -> None:
    assert waystage(*arguments).status == 2
    assert list(tmp_path.iterdir()) == []


def test_bad_data_is_exit_status_3_and_nothing_is_written(
    waystage: Any, short_study_path: Path, tmp_path: Path
) -> None:
    data = short_study_path.parent / "data"
    (data / "topics-test-de.jsonl").write_text('{"text": "Katze", "label": "animal"}\n{"text": "Zug"}\n')
    (data / "pairs-test-fr.jsonl").unlink()
    before = sorted(tmp_path.rglob("*"))
    ran = waystage("run", short_study_path)
    assert ran.status == 3
    assert "topics-test-de.jsonl:2" in ran.err
    assert "pairs-test-fr.jsonl" in ran.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_broken_encoder_is_exit_status_3(waystage: Any, tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "config.json").write_text("{}")
    path = write_study(tmp_path / "study", short_study(tmp_path / "encoder", tmp_path / "out"))
    ran = waystage("run", path)
    assert ran.status == 3
    assert "not the configuration of an encoder" in ran.err


def test_no_record_is_exit_status_3(waystage: Any, tmp_path: Path) -> None:
    assert waystage("report", tmp_path).status == 3
    assert waystage("compare", tmp_path).status == 3


def test_a_failed_stage_is_exit_status_5(waystage: Any, tmp_path: Path, tiny_encoder_dir: Path) -> None:
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["stages"]["mlm"]["training"]["learning_rate"] = 1e38
    ran = waystage("run", write_study(tmp_path / "study", content))
    assert ran.status == 5
    assert "mlm (seed 1): the " in ran.err
    assert not (tmp_path / "out").exists()


def test_the_store_is_listed_verified_and_collected(
    waystage: Any, short_study_path: Path, tmp_path: Path, tiny_encoder_dir: Path
) -> None:
    assert waystage("store", "list").status == 0
    assert waystage("store", "gc").status == 2
    assert waystage("run", short_study_path).status == 0
    store = Store(tmp_path / "store")
    n = len(digests(store))
    assert f"{n} artefacts" in waystage("store", "list").out
    assert f"{n} artefacts, every digest matches" in waystage("store", "verify").out

    # The same study by name, with another learning rate: what only the old one needed may go.
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["stages"]["mlm"]["training"]["learning_rate"] = 1e-4
    write_study(short_study_path.parent, content)
    assert waystage("run", short_study_path).status == 0
    n_old = len(digests(store)) - n
    assert f"{n_old} artefacts would go" in waystage("store", "gc", "--dry-run").out
    assert f"{n_old} artefacts removed" in waystage("store", "gc").out
    assert len(digests(store)) == n

    artefact = next(info for info in store.artefacts() if info.kind == "train")
    damage(store, artefact.id, "weights.safetensors")
    ran = waystage("store", "verify")
    assert ran.status == 4
    assert artefact.id in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_that_cannot_be_written_is_exit_status_4(waystage: Any, short_study_path: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir(mode=0o555)
    assert waystage("run", short_study_path).status == 4


def test_a_store_that_is_a_file_is_no_store(waystage: Any, short_study_path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert waystage("run", short_study_path, "--store", tmp_path / "file" / "store").status == 4


@pytest.mark.slow
def test_sigterm_keeps_a_checkpoint(
    tmp_path: Path, tiny_encoder_dir: Path, monkeypatch: pytest.MonkeyPatch, waystage: Any
) -> None:
    """Exit status 130; the next run goes on inside the stage and ends with the bytes of an undisturbed one."""
    content = short_study(tiny_encoder_dir, tmp_path / "out")
    content["stages"]["mood"]["budget"] = {"steps": 400}
    path = write_study(tmp_path / "study", content)
    # The rates are remembered, so that the process does not measure.
    assert waystage("plan", path, "--threads", "1").status == 0
    process = forkserver().Process(
        target=run_command, args=(["run", str(path), "--threads", "1", "--store", str(tmp_path / "store")],)
    )
    process.start()
    plan = json.loads(waystage("plan", path, "--json", "--threads", "1").out)
    long_stage = next(node["id"] for node in plan["nodes"] if node["label"].startswith("mlm → mood"))
    work = tmp_path / "store" / "work" / long_stage
    deadline = time.monotonic() + 60
    while not work.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    os.kill(process.pid or 0, signal.SIGTERM)
    assert finished(process) == 130
    store = Store(tmp_path / "store")
    assert not store.has(long_stage)
    assert len(list(work.glob("checkpoint-*.safetensors"))) == 1
    assert not (tmp_path / "out").exists()

    assert waystage("run", path, "--threads", "1").status == 0
    assert not work.exists()
    assert waystage("run", path, "--threads", "1", "--store", tmp_path / "whole").status == 0
    assert digests(store) == digests(Store(tmp_path / "whole"))


def test_a_signal_while_results_are_printed_changes_nothing(
    waystage: Any, short_study_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is done by then, so the run ends as it would have."""
    from waystage.report import terminal

    reached, table = [], terminal.comparison_table
    previous = signal.signal(signal.SIGTERM, lambda *_: reached.append("the handler of this process"))

    def interrupted(*arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return table(*arguments)

    monkeypatch.setattr(terminal, "comparison_table", interrupted)
    try:
        done = waystage("run", short_study_path, "--threads", "1")
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert reached == []
    assert done.status == 0
    assert "report: " in done.out
