"""A record that was made to do harm is refused, with the reason; nothing is executed or written."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.record.conftest import SealedRun
from tests.record.forging import write_and_seal
from waystage.errors import RecordError
from waystage.record.folder import sources
from waystage.record.folder.reader import index_bytes, open_record, read_index, unpack
from waystage.record.folder.writer import write_zip
from waystage.record.form.index import FileDigest
from waystage.record.form.names import CLAIMS, INDEX, cell_name
from waystage.record.gates.provenance import provenance_gate
from waystage.store.canonical import digest_bytes

_CELL = cell_name("topics", "base", 1)


def _refusal(path: Path) -> str:
    with pytest.raises(RecordError) as caught:
        open_record(path)
    assert caught.value.exit_status == 7
    return str(caught.value)


@pytest.fixture
def folder(sealed: SealedRun, tmp_path: Path) -> Path:
    return sealed.copy(tmp_path)


@pytest.fixture
def archive(sealed: SealedRun, tmp_path: Path) -> Path:
    path = tmp_path / "record.zip"
    write_zip(open_record(sealed.folder), path)
    return path


def _add(archive: Path, name: str, content: bytes, mode: int = stat.S_IFREG | 0o644) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        opened.writestr(entry, content)


def test_newer_versions(folder: Path) -> None:
    index = json.loads((folder / INDEX).read_bytes())
    (folder / INDEX).write_text(json.dumps(index | {"schema_version": 2, "more": []}), encoding="utf-8")
    assert "schema_version: version 2, newer than this Waystage reads; expected version 1" in _refusal(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"schema": NaN}', b"[" * 100_000, b"1" * 10_000])
def test_what_is_no_index(folder: Path, content: bytes) -> None:
    (folder / INDEX).write_bytes(content)
    assert INDEX in _refusal(folder)


def test_folders_of_runs_are_told_from_records(sealed: SealedRun) -> None:
    assert "`waystage record build` makes one from the folder of a run" in _refusal(sealed.run_dir)


def test_nothing_there(tmp_path: Path) -> None:
    assert "no such folder or file" in _refusal(tmp_path / "none")
    assert "missing; expected the index of a record" in _refusal(tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 100, -1, -100])
def test_truncated_archives(archive: Path, keep: int) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: keep if keep >= 0 else len(content) + keep])
    assert "not a whole .zip" in _refusal(archive)


def test_archives_damaged_inside(archive: Path) -> None:
    """Damage that the list of files does not show is found when a file is read."""
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        entry = opened.getinfo("comparison.json")
    start = entry.header_offset + 200
    content[start : start + 50] = bytes(50)
    archive.write_bytes(content)
    verdict = provenance_gate(open_record(archive))
    assert (verdict.status, verdict.findings[0].places) == ("FALSIFIED", ("comparison.json",))


@pytest.mark.parametrize(
    "name",
    ["../out.json", "/tmp/out.json", "a/../../out.json", "C:\\out.json", "..\\out.json", "a//b.json", "./b.json",
     "a\x00.json", "~/x.json", "é.json", "x" * 500 + ".json", " .json", ".hidden.json"],
)  # fmt: skip
def test_paths_that_leave_the_folder(archive: Path, tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    _add(archive, name, b"{}")
    assert "leaves the record or is not plain" in _refusal(archive)
    assert sorted(tmp_path.rglob("*")) == before


def test_links_in_archives(archive: Path) -> None:
    _add(archive, "link.json", b"/etc/passwd", stat.S_IFLNK | 0o777)
    assert "a link or special file" in _refusal(archive)


def _link(folder: Path) -> None:
    (folder / "link.json").symlink_to("/etc/hostname")


def _link_in_place(folder: Path) -> None:
    (folder / CLAIMS).rename(folder.parent / CLAIMS)
    (folder / CLAIMS).symlink_to(folder.parent / CLAIMS)


def _linked_folder(folder: Path) -> None:
    (folder / "evidence").rename(folder.parent / "evidence")
    (folder / "evidence").symlink_to(folder.parent / "evidence")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")


@pytest.mark.parametrize("make", [_link, _link_in_place, _linked_folder, _pipe])
def test_links_and_pipes_in_folders(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder)
    assert "a link or special file" in _refusal(folder)


def test_links_that_come_after_the_list_was_made(folder: Path) -> None:
    record = open_record(folder)
    _link_in_place(folder)
    with pytest.raises(RecordError, match="cannot be read"):
        record.read(CLAIMS)


class _Harm:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.remove, ("harm",)


@pytest.mark.parametrize("name", ["model.pkl", "weights.pt", "arrays.npz", "run.sh", "module.py", "lib.so", "none"])
def test_formats_that_can_hold_code(folder: Path, archive: Path, name: str) -> None:
    (folder / name).write_bytes(pickle.dumps(_Harm()))
    assert "it could hold code" in _refusal(folder)
    _add(archive, name, pickle.dumps(_Harm()))
    assert "it could hold code" in _refusal(archive)


def test_a_pickle_under_another_name_is_only_bytes(folder: Path) -> None:
    write_and_seal(folder, CLAIMS, pickle.dumps(_Harm()))
    record = open_record(folder)
    with pytest.raises(RecordError, match=r"claims\.json: not JSON"):
        record.claims()
    assert provenance_gate(record).status == "FALSIFIED"


def test_bombs_in_archives(archive: Path) -> None:
    _add(archive, "bomb.json", bytes(50_000_000))
    assert "that unpack to 50,000,000" in _refusal(archive)


def test_bombs_in_packed_files(folder: Path) -> None:
    """A cell that unpacks to more than the index says is unpacked no further than that."""
    bomb = gzip.compress(bytes(30_000_000))
    (folder / _CELL).write_bytes(bomb)
    index = _index_with(folder, _CELL, bomb, 1000)
    (folder / INDEX).write_bytes(index)
    with pytest.raises(RecordError, match="more is packed in it than was announced"):
        open_record(folder).cell("topics", "base", 1)


def _index_with(folder: Path, name: str, content: bytes, n_unpacked: int) -> bytes:
    """The bytes of an index that lists ``name`` with a size that is not true."""
    index = read_index((folder / INDEX).read_bytes(), folder / INDEX)
    files = index.files | {name: FileDigest(digest_bytes(content), len(content), n_unpacked)}
    return index_bytes(replace(index, files=files).sealed())


@pytest.mark.parametrize("n_bytes", [-1, 10**12, None, 99, 101])
def test_packed_files_have_the_size_that_was_announced(n_bytes: int | None) -> None:
    with pytest.raises(RecordError):
        unpack(gzip.compress(bytes(100)), n_bytes, Path("x.gz"))
    assert unpack(gzip.compress(bytes(100)), 100, Path("x.gz")) == bytes(100)


@pytest.mark.parametrize("content", [b"", b"x", gzip.compress(b"abc")[:-3], gzip.compress(b"abc") + b"more"])
def test_packed_files_that_are_not(content: bytes) -> None:
    with pytest.raises(RecordError):
        unpack(content, 3, Path("x.gz"))


def test_ten_gigabytes_where_one_megabyte_was_announced(folder: Path) -> None:
    """The file has holes, so it takes no room; its size is seen before a byte is read."""
    with (folder / CLAIMS).open("r+b") as file:
        file.truncate(10 * 2**30)
    assert "10,737,418,240 bytes" in _refusal(folder)


def test_a_larger_file_than_announced_is_not_read(folder: Path) -> None:
    n_bytes = (folder / CLAIMS).stat().st_size
    (folder / CLAIMS).write_bytes(bytes(n_bytes + 1))
    assert f"{n_bytes + 1:,} bytes; expected {n_bytes:,} bytes, as announced" in _refusal(folder)


def test_too_much(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    n_files = len([path for path in folder.rglob("*") if path.is_file()])
    monkeypatch.setattr(sources, "MAX_FILES", n_files - 1)
    assert f"more than {n_files - 1} files" in _refusal(folder)
    monkeypatch.setattr(sources, "MAX_FILES", n_files)
    monkeypatch.setattr(sources, "MAX_TOTAL_BYTES", 1000)
    assert "bytes in all; expected at most 1,000" in _refusal(folder)


def test_names_that_stand_twice(archive: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        _add(archive, CLAIMS, b"{}")
    assert f"{CLAIMS}: it stands twice in the archive" in _refusal(archive)


def test_encrypted_entries(archive: Path) -> None:
    """The flag of one entry, set by hand: the library writes no encrypted ones."""
    _add(archive, "secret.json", b"{}")
    content = bytearray(archive.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 8] |= 1
    archive.write_bytes(content)
    assert "it is encrypted" in _refusal(archive)


def test_entries_packed_in_other_ways(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("other.json", b"{}" * 100, compress_type=zipfile.ZIP_BZIP2)
    assert "packed in a way that records are not" in _refusal(archive)


def test_an_archive_that_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "record.zip"
    path.write_bytes(io.BytesIO(b"not a zip" * 100).getvalue())
    assert "not a whole .zip" in _refusal(path)
