"""The gates on the sealed record of a tiny study, and on records that were tampered with."""

from __future__ import annotations

import copy
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.record.sealed import DIFFERENCE, build_sealed
from waystage.commands.record_gates import attack as attack_command
from waystage.commands.record_gates import verify as verify_command
from waystage.errors import FalsifiedError, UnverifiedError
from waystage.record.folder.reader import SealedRecord, open_record
from waystage.record.folder.writer import write_record
from waystage.record.form.claims import DeclaredClaim
from waystage.record.form.names import COMPARISON, CORRECTIONS, INDEX, LINEAGE, SCORES, cell_name
from waystage.record.form.verdicts import GateVerdict
from waystage.record.gates import replication
from waystage.record.gates.reading import Material
from waystage.record.gates.redteam import attack
from waystage.record.gates.replication import choose, isolated_environment, replicate, run_isolated
from waystage.record.gates.saving import save_verdicts
from waystage.record.gates.verification import verify


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, tiny_encoder_dir: Path) -> SealedRecord:
    return build_sealed(tmp_path_factory.mktemp("sealed"), tiny_encoder_dir)


def _tampered(sealed: SealedRecord, folder: Path, name: str, change: Callable[[Any], None]) -> SealedRecord:
    """The same record with a file changed and everything sealed anew: its digests all fit."""
    contents = {own: sealed.read(own) for own in sealed.index.files if own != CORRECTIONS}
    value = sealed.json(name)
    change(value)
    content = json.dumps(value).encode()
    contents[name] = gzip.compress(content, mtime=0) if name.endswith(".gz") else content
    write_record(folder / "tampered", contents, sealed.index.name, sealed.index.ran_at)
    return open_record(folder / "tampered")


def _of_record(gates: list[GateVerdict]) -> GateVerdict:
    return next(own for own in gates if own.claim is None)


def _of(gates: list[GateVerdict], claim: str) -> GateVerdict:
    return next(own for own in gates if own.claim == claim)


def test_every_number_is_found_again_from_the_record_alone(sealed: SealedRecord) -> None:
    gates = verify(Material(sealed))
    record = _of_record(gates)
    assert record.status == "VERIFIED", record.reason
    by_name = {own.name: own for own in record.findings}
    assert by_name["answers against gold: things"].numbers is not None
    assert by_name["answers against gold: things"].numbers["n_examples"]
    assert by_name["comparison"].numbers is not None
    assert int(by_name["comparison"].numbers["n_values"] or 0) > 300
    assert _of(gates, "gain").status == "VERIFIED"
    assert _of(gates, "both-helps").status in ("VERIFIED", "UNVERIFIED", "FALSIFIED")


def test_the_readers_own_data_is_held_against_the_record(sealed: SealedRecord, tmp_path: Path) -> None:
    study_dir = sealed.path.parent / "study"
    by_name = {own.name: own for own in _of_record(verify(Material(sealed), study_dir)).findings}
    assert by_name["your data: topics"].status == "VERIFIED"
    shutil.copytree(study_dir, tmp_path / "other")
    changed = tmp_path / "other" / "data" / "topics-test-de.jsonl"
    changed.write_text(changed.read_text(encoding="utf-8").replace("Katze", "Hund"), encoding="utf-8")
    by_name = {own.name: own for own in _of_record(verify(Material(sealed), tmp_path / "other")).findings}
    assert by_name["your data: topics"].status == "UNVERIFIED"
    assert "not that of the record" in by_name["your data: topics"].found


def _wrong_difference(value: Any) -> None:
    entry = next(own for own in value["overall_scores"] if own["difference"] is not None)
    entry["difference"]["p"] = 0.049


def _wrong_score(value: Any) -> None:
    value["scores"][0]["score"] += 0.01


def _wrong_answer(value: Any) -> None:
    answers = value["languages"]["de"]["answers"]
    answers[0] = "weather" if answers[0] != "weather" else "home"


def _wrong_statistics(value: Any) -> None:
    table = value["languages"]["de"]["statistics"]["accuracy"]["values"]
    count = table[1]
    count[0] = 2.0


CELL = cell_name("topics", "base", 1)


@pytest.mark.parametrize(
    ("name", "change", "finding", "named"),
    [
        (COMPARISON, _wrong_difference, "comparison", "p: recorded 0.049"),
        (SCORES, _wrong_score, "scores", "base / topics"),
        (CELL, _wrong_answer, "answers against gold: topics", "base / topics / de / seed 1"),
        (CELL, _wrong_statistics, "answers against gold: topics", "base / topics / de / seed 1"),
    ],
)
def test_what_was_changed_and_sealed_anew_is_named(
    sealed: SealedRecord, tmp_path: Path, name: str, change: Callable[[Any], None], finding: str, named: str
) -> None:
    record = _of_record(verify(Material(_tampered(sealed, tmp_path, name, change))))
    assert record.status == "FALSIFIED"
    found = next(own for own in record.findings if own.name == finding)
    assert found.status == "FALSIFIED"
    assert name in found.found
    assert named in found.found


def test_every_claim_is_attacked_by_three_roles(sealed: SealedRecord) -> None:
    gates = attack(Material(sealed))
    assert [own.claim for own in gates] == ["both-helps", "gain"]
    roles = {own.name for own in _of(gates, "gain").findings if own.name.startswith("role: ")}
    assert roles == {"role: counterexample hunter", "role: citation auditor", "role: replication attacker"}
    assert _of(gates, "gain").status == "VERIFIED"


def _planted(sealed: SealedRecord, *, is_shown: bool) -> Material:
    """The record with other answers on topics: right in three of four by the claim, one by the other."""
    material, generator = Material(sealed), np.random.default_rng(3)
    cells = []
    for cell in material.cells:
        if (cell.task, cell.metric) == ("topics", "accuracy"):
            is_claimed = cell.sequence == DIFFERENCE.sequence
            rate = (0.75 if is_claimed else 0.25) if is_shown else (0.25 if is_claimed else 0.75)
            right = (generator.random(len(cell.ids)) < rate).astype(float)
            cell = replace(cell, rows=np.column_stack([right, np.ones(len(right))]))
        cells.append(cell)
    claim = replace(DIFFERENCE, tasks=("topics",))
    # What a cached property has found before, it does not look for again.
    material.__dict__.update(cells=tuple(cells), claims=(DeclaredClaim(claim, "in the study"),))
    return material


def test_a_claim_that_is_shown_is_attacked_by_all(sealed: SealedRecord) -> None:
    (verdict,) = attack(_planted(sealed, is_shown=True))
    by_name = {own.name: own for own in verdict.findings}
    assert by_name["vacuity: sequences swapped"].status == "VERIFIED"
    assert by_name["vacuity: examples permuted"].status == "VERIFIED"
    assert by_name["leave one seed out"].status == "VERIFIED"
    assert by_name["leave one language out"].status == "VERIFIED"
    assert by_name["multiple testing"].status == "VERIFIED"
    assert verdict.status == "VERIFIED" or "another metric" in verdict.reason
    for role in ("counterexample hunter", "citation auditor", "replication attacker"):
        assert isinstance((by_name[f"role: {role}"].numbers or {})["score"], float)


def test_a_claim_whose_contrary_the_evidence_shows_is_falsified_by_both_gates(sealed: SealedRecord) -> None:
    material = _planted(sealed, is_shown=False)
    assert _of(verify(material), DIFFERENCE.name).status == "FALSIFIED"
    (verdict,) = attack(material)
    assert verdict.status == "FALSIFIED"
    assert "the contrary" in verdict.reason


def test_verdicts_are_an_event_of_the_record_and_earlier_ones_stay(sealed: SealedRecord, tmp_path: Path) -> None:
    shutil.copytree(sealed.path, tmp_path / "copy")
    record = open_record(tmp_path / "copy")
    record = save_verdicts(record, verify(Material(record)))
    record = save_verdicts(record, attack(Material(record)))
    verdicts = record.verdicts()
    assert {own.gate for own in verdicts.gates} == {"verification", "red team"}
    assert [own.action for own in record.events()] == ["verdicts", "verdicts"]
    assert [own.claim for own in verdicts.claims] == ["both-helps", "gain"]
    assert verdicts.tier == "UNVERIFIED"


def test_the_commands_say_what_they_found_and_end_with_a_status(sealed: SealedRecord, tmp_path: Path) -> None:
    runner = CliRunner()
    good = runner.invoke(verify_command, [str(sealed.path)])
    falsified = _of(verify(Material(sealed)), "both-helps").status == "FALSIFIED"
    assert isinstance(good.exception, FalsifiedError) == falsified, good.output
    assert "tier" in good.output
    bad = _tampered(sealed, tmp_path, SCORES, _wrong_score)
    result = runner.invoke(verify_command, [str(bad.path), "--json"])
    assert isinstance(result.exception, FalsifiedError)
    assert result.exception.exit_status == 8
    assert "the record (verification)" in str(result.exception)
    assert json.loads(result.output)["verdicts"]["tier"] == "FALSIFIED"
    strict = runner.invoke(attack_command, [str(sealed.path), "--details", "--strict"])
    assert isinstance(strict.exception, FalsifiedError | UnverifiedError)


def test_cells_are_drawn_by_the_digest_of_the_record(sealed: SealedRecord) -> None:
    material = Material(sealed)
    assert choose(material, 2) == choose(Material(sealed), 2)
    assert choose(material, 2) == choose(material, None)[:2]
    assert len(choose(material, None)) == len(material.plan.cells)
    assert choose(material, 1)[0].stage_ids


@pytest.fixture(scope="module")
def retrained(sealed: SealedRecord) -> dict[str, Any]:
    """What the isolated process says of one cell; it is trained once for all tests."""
    material = Material(sealed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(p for p in sys.path if p))
        return run_isolated(material, choose(material, 1), sealed.path.parent / "study", 1)


def _replicated(record: SealedRecord, result: dict[str, Any], sealed: SealedRecord) -> list[GateVerdict]:
    """The verdicts on the cell that was trained again, whatever ``record`` says of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replication, "run_isolated", lambda *_: result)
        return replicate(Material(record), choose(Material(sealed), 1))


def test_a_cell_is_trained_again_with_the_same_bytes(sealed: SealedRecord, retrained: dict[str, Any]) -> None:
    gates = _replicated(sealed, retrained, sealed)
    record = _of_record(gates)
    assert record.status == "VERIFIED", record.reason
    assert "the same bytes" in record.findings[1].found
    assert record.findings[0].numbers is not None
    assert record.findings[0].numbers["same_environment"] == "yes"


def _other_digests(value: Any) -> None:
    for own in value["artefacts"]:
        if own["kind"] == "predict":
            own["content_digest"] = "0" * 64


def test_another_result_than_was_promised_is_falsified(
    sealed: SealedRecord, tmp_path: Path, retrained: dict[str, Any]
) -> None:
    gates = _replicated(_tampered(sealed, tmp_path, LINEAGE, _other_digests), retrained, sealed)
    assert _of_record(gates).status == "FALSIFIED"
    assert "promised" in _of_record(gates).reason


@pytest.mark.parametrize(("shift", "status"), [(0.0, "VERIFIED"), (0.9, "FALSIFIED")])
def test_in_another_environment_the_spread_of_seeds_decides(
    sealed: SealedRecord, tmp_path: Path, retrained: dict[str, Any], shift: float, status: str
) -> None:
    (cell,) = copy.deepcopy(retrained["cells"])
    scores = {metric: {lang: own - shift for lang, own in by.items()} for metric, by in cell["scores"].items()}
    result = {**retrained, "processor": "another one", "cells": [{**cell, "scores": scores}]}
    record = _of_record(_replicated(_tampered(sealed, tmp_path, LINEAGE, _other_digests), result, sealed))
    assert record.status == status, record.reason
    assert "t · s · √2" in record.findings[1].found


def test_other_data_than_the_records_replicates_nothing(sealed: SealedRecord, retrained: dict[str, Any]) -> None:
    (cell,) = retrained["cells"]
    result = {**retrained, "cells": [{**cell, "data_ids": ["0" * 64, *cell["data_ids"][1:]]}]}
    record = _of_record(_replicated(sealed, result, sealed))
    assert record.status == "UNVERIFIED"
    assert "not that of the record" in record.reason


def test_the_isolated_process_sees_no_secrets_and_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in sys.path if p))
    environment = isolated_environment(tmp_path, 1)
    assert "secret" not in environment.values()
    assert environment["HOME"] == str(tmp_path)
    code = (
        "from waystage.record.gates.retraining import forbid_network; forbid_network()\n"
        "import socket\n"
        "try:\n    socket.create_connection(('127.0.0.1', 9))\n"
        "except Exception as error:\n    print(type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "NetworkUsedError"


def test_without_the_data_nothing_is_replicated_and_the_reason_says_so(
    sealed: SealedRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in sys.path if p))
    material = Material(sealed)
    (verdict,) = replicate(material, choose(material, 1), tmp_path)
    assert verdict.status == "UNVERIFIED"
    assert "there is no such file" in verdict.reason


def test_no_gate_but_replication_needs_torch(sealed: SealedRecord) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from waystage.record.folder.reader import open_record\n"
        "from waystage.record.gates.reading import Material\n"
        "from waystage.record.gates.redteam import attack\n"
        "from waystage.record.gates.verification import verify\n"
        f"material = Material(open_record(Path({str(sealed.path)!r})))\n"
        "verify(material), attack(material)\n"
        "print('torch' in sys.modules, 'transformers' in sys.modules)\n"
    )
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False False", done.stderr
    assert INDEX in os.listdir(sealed.path)
