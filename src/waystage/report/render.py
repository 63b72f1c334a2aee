"""One self-contained HTML file from a record. It asks the network for nothing and shows all text as text."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import waystage
from waystage.languages.language import language_name
from waystage.report import colours, wording
from waystage.report.contents import contents
from waystage.report.record import RunRecord
from waystage.report.text import direction, endonym, language_tag, visible


def render_report(run: RunRecord) -> str:
    """The report of a run as HTML.

    Text of the record is escaped, isolated from the direction of the text around it, and control characters
    that reorder or hide text are shown by their code points.
    """
    style, script = _style(len(run.comparison.sequences)), asset("report.js")
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            **contents(run),
            style=style,
            script=script,
            policy=_policy(style, script),
            waystage_version=waystage.__version__,
        )
    )


def environment() -> Environment:
    """The templates of this package, with everything escaped that they are given."""
    made = Environment(
        loader=PackageLoader("waystage.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "percent": wording.percent,
        "points": wording.points,
        "interval": wording.interval,
        "duration": wording.duration,
        "count": wording.count,
        "signed_count": wording.signed_count,
        "operations": wording.operations,
        "energy": wording.energy,
        "perplexity": wording.perplexity,
        "p_value": wording.p_value,
        "typeset": wording.typeset,
        "probability": wording.probability,
        "language_name": language_name,
        "tag": language_tag,
        "direction": direction,
        "endonym": endonym,
    }
    return made


def asset(name: str) -> Markup:
    """A style sheet or script of this package, trusted as it is."""
    return Markup(files("waystage.report").joinpath("templates", name).read_text(encoding="utf-8"))


def _style(n_maps: int) -> Markup:
    """The style sheet with the colour scales and the switch between so many heat maps."""
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n{_swatches(dark=True)}\n}}"
    shown = ",".join(f".maps:has(#map-{number}:checked) .map-{number}" for number in range(n_maps))
    switch = f"@media screen {{ .map {{ display: none; }} {shown} {{ display: block; }} }}"
    return asset("report.css") + Markup("\n".join((_swatches(dark=False), dark, switch)))


def _swatches(dark: bool) -> str:
    """The steps of both scales as classes, and as lists for their legends."""
    scales = colours.scales(dark)
    rules = []
    for prefix, name, scale in (("s", "score", scales.score), ("d", "difference", scales.difference)):
        rules.append(f":root{{--legend-{name}:{','.join(swatch.background for swatch in scale)}}}")
        rules += [
            f".{prefix}{step}{{--{prefix}b:{swatch.background};--{prefix}t:{swatch.text}}}"
            for step, swatch in enumerate(scale)
        ]
    return "\n".join(rules)


def _policy(style: str, script: str) -> str:
    """Nothing is loaded, and nothing runs or styles but what this package put there."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
