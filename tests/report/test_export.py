"""Figures and tables for papers: well-formed, complete, safe, and written without surprise."""

from __future__ import annotations

import csv
import io
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from waystage.errors import StoreError, StudyError
from waystage.report import wording
from waystage.report.export import file_stem, png, write_figures
from waystage.report.figures import figures
from waystage.report.record import RunRecord
from waystage.report.table_files import csv_text, latex, latex_text
from waystage.report.tables import Table, tables

from .records import make_bare_record, make_record

NAMES = {
    "differences", "languages-score-base", "languages-score-continued", "languages-difference-continued",
    "groups-continued", "selection", "cost",
}  # fmt: skip
HOSTILE = '</text><script>alert("x")</script>\u202e\x00 & \\input{/etc/passwd} 5 % $x$ a_b #1 ~^'


def hostile_record() -> RunRecord:
    text = make_record().to_json()

    def changed(value: object) -> object:
        if isinstance(value, dict):
            return {key: changed(own) for key, own in value.items()}
        if isinstance(value, list):
            return [changed(own) for own in value]
        return HOSTILE if value == "continued+intermediate" else value

    return RunRecord.from_json(changed(text))  # type: ignore[arg-type]


def found_tables(record: RunRecord) -> dict[str, Table]:
    return {table.name: table for table in tables(record)}


def test_every_figure_is_well_formed_and_loads_nothing() -> None:
    made = {figure.name: figure.svg() for figure in figures(make_record())}
    assert set(made) >= NAMES
    for svg in made.values():
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg")
        assert not re.search(r"href|url\(|@import|<script|<image|foreignObject", svg)
        assert svg.count("http") == 1  # the namespace


def test_figures_have_the_numbers_of_the_comparison() -> None:
    comparison = make_record().comparison
    made = {figure.name: figure.svg() for figure in figures(make_record())}
    for score in (*comparison.task_scores, *comparison.overall_scores):
        for own in (score.difference, score.general_difference):
            assert own is None or wording.interval(own) in made["differences"]
    for language_score in comparison.language_scores:
        assert f">{wording.percent(language_score.score)}<" in made[f"languages-score-{language_score.sequence}"]


def test_no_figure_without_data() -> None:
    names = {figure.name for figure in figures(make_bare_record())}
    assert names & {"cost", "groups-continued"} == set()
    assert set(found_tables(make_bare_record())) == {"scores", "differences", "languages", "selection"}


def test_text_of_a_record_is_escaped_in_every_file() -> None:
    record = hostile_record()
    for figure in figures(record):
        svg = figure.svg()
        root = ElementTree.fromstring(svg)
        assert not any(element.tag.endswith("script") for element in root.iter())
        assert "\u202e" not in svg
    for table in tables(record):
        source = latex(table)
        assert "\\input" not in source
        assert "\u202e" not in source
        assert "\x00" not in source
        body = re.sub(r"\\[\\{}$&#%_,]|\\[a-z]+(\{\})?|\$[^$]*\$", "", source.split("\\toprule")[1])
        assert not set(body) & set("$#%_^\\~")
    scores = next(table for table in tables(record) if table.name == "scores")
    assert any(HOSTILE.replace("\u202e", "⟨U+202E⟩").replace("\x00", "⟨U+0000⟩") in line for line in _rows(scores)[-1])


def _rows(table: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_text(table))))


def test_csv_has_full_numbers_and_says_nothing_of_what_is_not_known() -> None:
    comparison = make_record().comparison
    heading, *rows = _rows(found_tables(make_record())["languages"])
    assert len(rows) == len(comparison.language_scores)
    by_name = [dict(zip(heading, row, strict=True)) for row in rows]
    for row, score in zip(by_name, comparison.language_scores, strict=True):
        assert float(row["score"]) == score.score
        own = score.difference
        expected = ["", "", ""] if own is None else [repr(own.value), repr(own.low), repr(own.high)]
        assert [row["difference"], row["difference_low"], row["difference_high"]] == expected


def test_every_row_of_a_latex_table_has_every_column() -> None:
    for table in tables(make_record()):
        source = latex(table)
        assert source.count("\\begin{tabular}") == source.count("\\end{tabular}") == 1
        body = source.split("\\toprule\n")[1].split("\n\\bottomrule")[0]
        lines = [line for line in body.splitlines() if line != "\\midrule"]
        assert len(lines) == len(table.rows) + 1
        for line in lines:
            assert len(re.findall(r"(?<!\\)&", line)) == len(table.columns) - 1
            assert line.endswith(" \\\\")
        depth = 0
        for mark in re.findall(r"(?<!\\)[{}]", source):
            depth += 1 if mark == "{" else -1
            assert depth >= 0
        assert depth == 0


def test_a_spreadsheet_runs_no_text_as_a_formula() -> None:
    table = next(iter(tables(make_record())))
    row = ("=1+1", *table.rows[0][1:])
    assert _rows(replace(table, rows=(row,)))[1][0] == "'=1+1"


@pytest.mark.parametrize(("text", "expected"), [("a\\b", "a\\textbackslash{}b"), ("{~}", "\\{\\textasciitilde{}\\}")])
def test_latex_text(text: str, expected: str) -> None:
    assert latex_text(text) == expected


def test_files_are_written_with_names_that_are_safe(tmp_path: Path) -> None:
    paths = write_figures(hostile_record(), tmp_path / "figures", with_png=False)
    assert len({path.name.lower() for path in paths}) == len(paths)
    assert sorted((tmp_path / "figures").iterdir()) == sorted(paths)
    for path in paths:
        assert re.fullmatch(r"[A-Za-z0-9_+][A-Za-z0-9._+-]{0,90}\.(svg|tex|csv)", path.name)
    before = {path: path.read_bytes() for path in paths}
    assert write_figures(hostile_record(), tmp_path / "figures", with_png=False) == paths
    assert {path: path.read_bytes() for path in paths} == before


def test_names_that_become_alike_stay_apart() -> None:
    assert file_stem("a b", {"a_b", "a_b-2"}) == "a_b-3"
    assert file_stem("\u202e", set()) == "_"
    assert file_stem("...", set()) == "figure"


def test_png_files_are_pictures() -> None:
    pytest.importorskip("resvg_py")
    figure = next(figures(make_record()))
    picture = png(figure.svg())
    assert picture.startswith(b"\x89PNG\r\n")
    width = int.from_bytes(picture[16:20], "big")
    assert width == pytest.approx(3 * figure.width, abs=3)


def test_a_missing_library_is_named_before_anything_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(StudyError, match=r"waystage\[figures\].*--no-png"):
        write_figures(make_record(), tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_figures(make_record(), tmp_path / "file" / "figures", with_png=False)
