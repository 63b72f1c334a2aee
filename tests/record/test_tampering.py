"""Whatever is changed in a record is found, and named."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.record.conftest import SealedRun
from tests.record.forging import forge, write_and_seal
from waystage.errors import RecordError
from waystage.record.additions import Correction, correct_record
from waystage.record.folder.reader import open_record
from waystage.record.form.index import Index
from waystage.record.form.names import CORRECTIONS, INDEX, PLAN
from waystage.record.gates.provenance import damaged_files, provenance_gate
from waystage.record.gates.reading import Material
from waystage.record.gates.redteam import attack
from waystage.record.gates.verification import verify

_N_PLACES = 2


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def _named(folder: Path) -> set[str]:
    """The files that are said to be wrong."""
    try:
        problems = list(damaged_files(open_record(folder)))
    except RecordError as error:
        problems = list(error.problems)
    return {Path(str(problem.file)).relative_to(folder).as_posix() for problem in problems}


def _changed(sealed: SealedRun, tmp_path: Path) -> Path:
    """A record with an event in it, so that there is a chain and a history."""
    folder = sealed.copy(tmp_path)
    (tmp_path / "new.csv").write_text("sequence\n", encoding="utf-8")
    correct_record(folder, Correction("METADATA", "a note", ("scores.csv",)), [f"scores.csv={tmp_path / 'new.csv'}"])
    return folder


def test_a_flipped_bit_in_any_file_is_found_and_named(sealed: SealedRun, tmp_path: Path) -> None:
    folder = _changed(sealed, tmp_path)
    assert _named(folder) == set()
    draw = random.Random(0)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
    assert len(files) > 40
    for path in files:
        content = path.read_bytes()
        places = {0, len(content) - 1, *(draw.randrange(len(content)) for _ in range(_N_PLACES))}
        for place in places:
            path.write_bytes(_flipped(content, place))
            assert _named(folder) == {path.relative_to(folder).as_posix()}, (path, place)
        path.write_bytes(content)
    assert _named(folder) == set()


def test_the_gate_says_what_is_damaged(sealed: SealedRun, tmp_path: Path) -> None:
    folder = sealed.copy(tmp_path)
    path = folder / "costs.json"
    path.write_bytes(_flipped(path.read_bytes(), 100))
    verdict = provenance_gate(open_record(folder))
    assert (verdict.status, verdict.findings[0].places) == ("FALSIFIED", ("costs.json",))
    assert "costs.json: SHA-256" in verdict.reason


def test_any_byte_of_the_index_counts(sealed: SealedRun, tmp_path: Path) -> None:
    """Each of them, spaces and line ends too."""
    folder = sealed.copy(tmp_path)
    path = folder / INDEX
    content = path.read_bytes()
    for place in range(0, len(content), 37):
        path.write_bytes(_flipped(content, place))
        with pytest.raises(RecordError):
            open_record(folder)


def test_a_file_that_goes_or_comes_is_named(sealed: SealedRun, tmp_path: Path) -> None:
    folder = sealed.copy(tmp_path)
    path = folder / "evidence" / "extra.json"
    path.write_text("{}", encoding="utf-8")
    assert _named(folder) == {"evidence/extra.json"}
    path.unlink()
    for name in open_record(folder).index.files:
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        assert name in _named(folder)
        (folder / name).write_bytes(content)
        (folder / name).write_bytes(content + b" ")
        assert name in _named(folder)
        (folder / name).write_bytes(content)


def test_a_chain_that_was_written_anew_is_found(sealed: SealedRun, tmp_path: Path) -> None:
    """Somebody who changes an event has to change every line after it, and the index, and every earlier index."""
    folder = _changed(sealed, tmp_path)
    correct_record(folder, Correction("CLAIM", "another note", ("claims.json",)))
    lines = (folder / CORRECTIONS).read_text(encoding="utf-8").splitlines()
    first = json.loads(lines[0]) | {"public_note": "nothing of note"}
    forged = "\n".join([json.dumps(first, sort_keys=True, separators=(",", ":")), lines[1], ""]).encode()
    _write_and_reseal(folder, forged)
    events = next(f for f in provenance_gate(open_record(folder)).findings if f.name == "events")
    assert events.status == "FALSIFIED"
    assert "the line before was changed" in events.found


def test_parts_that_were_made_to_contradict_each_other_are_refused_in_words(sealed: SealedRun, tmp_path: Path) -> None:
    """Each file has its form and its digest, and the index its seal; found by `benchmarks/fuzz.py --of sealed`."""
    folder = sealed.copy(tmp_path / "plan")

    def no_ids(plan: Any) -> None:
        next(node for node in plan["nodes"] if node["parents"])["spec"]["parents"] = [{"a": 1}]

    forge(folder, PLAN, no_ids)
    verdict = provenance_gate(open_record(folder))
    assert verdict.status == "FALSIFIED"
    assert "its parts do not fit together: ValueError: the parents of a spec are artefact ids" in verdict.reason

    folder = sealed.copy(tmp_path / "cell")
    name = next(name for name in open_record(folder).index.files if name.startswith("evidence/cells/topics/"))

    def one_less(cell: Any) -> None:
        own = next(iter(cell["languages"].values()))
        column = next(iter(own["statistics"].values()))["values"]
        column[0] = [0.0] * (len(own["answers"]) - 1)

    forge(folder, name, one_less)
    for gate in (verify, attack):
        with pytest.raises(RecordError, match=r"its parts do not fit together|cannot be laid out|values in"):
            gate(Material(open_record(folder)))


def test_an_event_that_was_taken_out_is_found(sealed: SealedRun, tmp_path: Path) -> None:
    folder = _changed(sealed, tmp_path)
    correct_record(folder, Correction("CLAIM", "another note", ("claims.json",)))
    last = (folder / CORRECTIONS).read_bytes().splitlines(keepends=True)[-1]
    _write_and_reseal(folder, last)
    assert provenance_gate(open_record(folder)).status == "FALSIFIED"


def _write_and_reseal(folder: Path, log: bytes) -> None:
    write_and_seal(folder, CORRECTIONS, log)
    assert isinstance(open_record(folder).index, Index)
