"""The figures of a run as single SVG files, for papers: the marks of the report at fixed sizes, in print colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from waystage.comparison.results import Comparison
from waystage.report import colours, wording
from waystage.report.axis import Axis
from waystage.report.contents import forests
from waystage.report.forest import Whisker
from waystage.report.record import RunRecord
from waystage.report.render import asset, environment
from waystage.report.scatter import Scatter
from waystage.report.sections.cost import pareto_plot
from waystage.report.sections.groups import group_tables
from waystage.report.sections.guide import guide
from waystage.report.sections.heat import HeatCell, HeatMap, HeatMaps, heat_maps

_EDGE, _ROW_HEIGHT, _PLOT_WIDTH, _VALUES_WIDTH = 10, 24, 320, 250
_SCATTER_WIDTH, _SCATTER_HEIGHT = 410, 330
_CELL_STEP, _CHARACTER = 19, 7.0


@dataclass(frozen=True, slots=True)
class PanelRow:
    """A line of a forest plot; ``y`` in user units, like all places here."""

    label: str
    these: Whisker
    general: Whisker | None
    y: float


@dataclass(frozen=True, slots=True)
class Panel:
    """A forest plot."""

    title: str
    rows: tuple[PanelRow, ...]
    axis: Axis
    y: float
    axis_y: float


@dataclass(frozen=True, slots=True)
class PlacedScatter:
    """A scatter plot and its upper left corner."""

    scatter: Scatter
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text; ``anchor`` is SVG's text-anchor."""

    text: str
    x: float
    y: float
    anchor: str = "start"
    style: str = ""


@dataclass(frozen=True, slots=True)
class PlacedCell:
    """A cell of a heat map."""

    text: str
    x: float
    y: float
    width: float
    swatch: colours.Swatch


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure. ``name`` says what it shows, for a file; it may hold any character."""

    name: str
    title: str
    width: float
    height: float
    panels: tuple[Panel, ...] = ()
    plots: tuple[PlacedScatter, ...] = ()
    texts: tuple[PlacedText, ...] = ()
    cells: tuple[PlacedCell, ...] = ()
    left: float = _EDGE
    plot_x: float = 0.0
    plot_width: float = _PLOT_WIDTH
    values_x: float = 0.0

    def svg(self) -> str:
        """The file: no script, nothing loaded, text of the record escaped."""
        template = environment().get_template("figure.svg.j2")
        return template.render(figure=self, css=asset("figure.css")).lstrip()


def figures(run: RunRecord) -> Iterator[Figure]:
    """The figures that the run has data for."""
    comparison = run.comparison
    blocks = [
        _Block(
            plot.task or plot.category or "All tasks", plot.axis, [(r.sequence, r.these, r.general) for r in plot.rows]
        )
        for plot in forests(comparison)
    ]
    if blocks:
        yield _forest_figure("differences", f"Differences to {comparison.baseline}, points", blocks)
    maps = heat_maps(comparison)
    for heat in maps.maps:
        yield _heat_figure(maps, heat, is_difference=False)
        if not heat.is_baseline:
            yield _heat_figure(maps, heat, is_difference=True)
    yield from _group_figures(comparison)
    guided = guide(run)
    if guided is not None:
        yield _scatter_figure("selection", "Source language against target languages", guided.plots)
    cost = pareto_plot(comparison)
    if cost is not None:
        yield _scatter_figure("cost", "Cost against score", (cost,))


@dataclass(frozen=True, slots=True)
class _Block:
    title: str
    axis: Axis
    rows: Sequence[tuple[str, Whisker, Whisker | None]] = field(default_factory=list)


def _forest_figure(name: str, title: str, blocks: Sequence[_Block]) -> Figure:
    longest = max(len(label) for block in blocks for label, _, _ in block.rows)
    plot_x = _EDGE + max(90.0, longest * _CHARACTER)
    panels, y = [], float(_EDGE)
    for block in blocks:
        rows = tuple(PanelRow(*row, y + 18 + number * _ROW_HEIGHT) for number, row in enumerate(block.rows))
        axis_y = y + 18 + len(rows) * _ROW_HEIGHT
        panels.append(Panel(block.title, rows, block.axis, y, axis_y))
        y = axis_y + 32
    values_x = plot_x + _PLOT_WIDTH + 12
    return Figure(name, title, values_x + _VALUES_WIDTH, y, panels=tuple(panels), plot_x=plot_x, values_x=values_x)


def _group_figures(comparison: Comparison) -> Iterator[Figure]:
    """One a sequence: a panel a property, a line a group."""
    tables = group_tables(comparison)
    for place, sequence in enumerate(comparison.sequences):
        blocks = []
        for table in tables:
            cells = [(row, row.cells[place]) for row in table.rows]
            rows = [
                (f"{row.name} ({len(row.languages)})", cell.these, cell.general)
                for row, cell in cells
                if cell is not None and cell.these is not None
            ]
            if rows and table.axis is not None:
                blocks.append(_Block(f"By {table.property}", table.axis, rows))
        if blocks:
            title = f"{sequence} minus {comparison.baseline} by groups of languages, points"
            yield _forest_figure(f"groups-{sequence}", title, blocks)


def _scatter_figure(name: str, title: str, plots: Sequence[Scatter]) -> Figure:
    n_columns = min(2, len(plots))
    placed = tuple(
        PlacedScatter(plot, (at % n_columns) * _SCATTER_WIDTH, _EDGE + (at // n_columns) * _SCATTER_HEIGHT)
        for at, plot in enumerate(plots)
    )
    n_rows = -(-len(plots) // n_columns)
    return Figure(name, title, n_columns * _SCATTER_WIDTH, _EDGE + n_rows * _SCATTER_HEIGHT, plots=placed)


def _heat_figure(maps: HeatMaps, heat: HeatMap, is_difference: bool) -> Figure:
    what = "difference" if is_difference else "score"
    scales = colours.scales(dark=False)
    cell_width = max(52.0, max(map(len, maps.tasks)) * _CHARACTER)
    left = _EDGE + 10 + _CHARACTER * max(len(row.name) + len(row.language) for row in heat.rows)
    texts = [
        PlacedText(task, left + (at + 0.5) * (cell_width + 2), 24, "middle", "title")
        for at, task in enumerate(maps.tasks)
    ]
    cells = []
    for number, row in enumerate(heat.rows):
        y = 34 + number * _CELL_STEP
        texts.append(PlacedText(f"{row.name} {row.language}", _EDGE, y + 12.5))
        for at, cell in enumerate(row.cells):
            if cell is not None:
                text, swatch = _cell_look(cell, scales, is_difference)
                cells.append(PlacedCell(text, left + at * (cell_width + 2), y, cell_width, swatch))
    width = left + len(maps.tasks) * (cell_width + 2) + _EDGE
    height = 34 + len(heat.rows) * _CELL_STEP + _EDGE
    title = f"{heat.sequence}: {what} by language and task"
    return Figure(f"languages-{what}-{heat.sequence}", title, width, height, texts=tuple(texts), cells=tuple(cells))


def _cell_look(cell: HeatCell, scales: colours.Scales, is_difference: bool) -> tuple[str, colours.Swatch]:
    if not is_difference:
        return wording.percent(cell.score), scales.score[cell.score_step]
    text = wording.points(cell.difference.value) if cell.difference else "–"
    return text + ("*" if cell.is_shown else ""), scales.difference[cell.difference_step]
