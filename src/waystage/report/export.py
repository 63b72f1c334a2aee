"""The figures and tables of a run as files for a paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from waystage.errors import StoreError, StudyError
from waystage.report.figures import figures
from waystage.report.record import RunRecord
from waystage.report.table_files import csv_text, latex
from waystage.report.tables import tables
from waystage.store.files import write_atomically

_ZOOM = 3.0
"""Pixels a user unit of the SVG files: about 300 dots an inch where a figure is printed as wide as a column."""
_MAX_NAME = 80


def write_figures(run: RunRecord, folder: Path, *, with_png: bool = True) -> tuple[Path, ...]:
    """Write each figure as SVG and PNG and each table as LaTeX and CSV; the paths, in order.

    Raises:
        StudyError: PNG files are asked for and the library that draws them is not installed; nothing is written.
        StoreError: the folder cannot be written.
    """
    if with_png:
        png("<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>")
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in _files(run, with_png):
            write_atomically(folder / name, content)
            paths.append(folder / name)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {error.strerror}") from None
    return tuple(paths)


def png(svg: str) -> bytes:
    """A picture of an SVG file, on white.

    Raises:
        StudyError: the library that draws it is not installed.
    """
    try:
        import resvg_py
    except ImportError:
        message = "PNG files need one more library: pip install 'waystage[figures]', or leave them out with --no-png"
        raise StudyError(message) from None
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=_ZOOM, background="#ffffff"))


def file_stem(name: str, taken: set[str]) -> str:
    """A name for a file that no path, shell or other system trips over, and that is not taken yet.

    >>> file_stem("languages-score-../a b", set()), file_stem("cost", {"cost"})
    ('languages-score-.._a_b', 'cost-2')
    """
    stem = re.sub(r"[^A-Za-z0-9._+-]+", "_", name).strip(".-")[:_MAX_NAME] or "figure"
    number = 1
    unique = stem
    while unique.lower() in taken:
        number += 1
        unique = f"{stem}-{number}"
    return unique


def _files(run: RunRecord, with_png: bool) -> Iterator[tuple[str, bytes]]:
    taken: set[str] = set()
    for figure in figures(run):
        stem, svg = file_stem(figure.name, taken), figure.svg()
        taken.add(stem.lower())
        yield f"{stem}.svg", svg.encode("utf-8")
        if with_png:
            yield f"{stem}.png", png(svg)
    for table in tables(run):
        yield f"{table.name}.tex", latex(table).encode("utf-8")
        yield f"{table.name}.csv", csv_text(table).encode("utf-8")
