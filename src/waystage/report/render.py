"""One self-contained HTML file from a record. It asks the network for nothing and shows all text as text."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import waystage
from waystage.languages.language import language_name
from waystage.report import colours, wording
from waystage.report.forest import forest
from waystage.report.plan_tree import plan_tree
from waystage.report.record import RunRecord
from waystage.report.views import best_by_scope, heat_map, languages_of, summary_rows

# Characters that reorder or hide the text around them. Marks that scripts need (RLM, LRM, ZWJ, ZWNJ) stay.
_HIDDEN = [
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    *range(0x00, 0x09),
    0x0B,
    0x0C,
    *range(0x0E, 0x20),
    0x7F,
]
_VISIBLE = {code: f"\u27e8U+{code:04X}\u27e9" for code in _HIDDEN}


def render_report(run: RunRecord) -> str:
    """The report of a run as HTML.

    Text of the record is escaped, isolated from the direction of the text around it, and control characters
    that reorder text are shown by their code points.
    """
    comparison = run.comparison
    scored = {task: [own for own in comparison.task_scores if own.task == task] for task in comparison.tasks}
    forests = [forest(task, scores) for task, scores in scored.items()]
    if len(forests) > 1:
        forests.insert(0, forest(None, comparison.overall_scores))
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            comparison=comparison,
            summary=summary_rows(run),
            verdicts=list(best_by_scope(comparison)),
            forests=[plot for plot in forests if plot.rows],
            heat_maps=[heat_map(comparison, task) for task in comparison.tasks],
            languages=languages_of(comparison),
            branches=plan_tree(run.plan),
            light=colours.scales(dark=False),
            dark=colours.scales(dark=True),
            css=_asset("report.css"),
            script=_asset("report.js"),
            waystage_version=waystage.__version__,
        )
    )


def visible(value: object) -> object:
    """Text with reordering and control characters replaced by their code points; anything else as it is.

    >>> visible("safe" + chr(0x202E) + "txt.exe")
    'safe⟨U+202E⟩txt.exe'
    """
    return value.translate(_VISIBLE) if type(value) is str else value


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("waystage", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": wording.percent,
        "points": wording.points,
        "interval": wording.interval,
        "duration": wording.duration,
        "count": wording.count,
        "operations": wording.operations,
        "p_value": wording.p_value,
        "language_name": language_name,
    }
    environment.globals["verdict"] = wording.verdict
    return environment


def _asset(name: str) -> Markup:
    """A style sheet or script of this package, trusted as it is."""
    return Markup(files("waystage.report").joinpath(name).read_text(encoding="utf-8"))
