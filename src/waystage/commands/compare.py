"""``waystage compare``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from waystage.commands.systems import SystemOptions, system_options
from waystage.commands.terminal import OUT, print_json


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, file_okay=False), required=False)
@system_options
@click.option(
    "--scope",
    type=click.Choice(["these", "like-these", "both"]),
    default="both",
    show_default=True,
    help="Claims about the languages that were scored, or about languages like them.",
)
@click.option("--aso", "with_order", is_flag=True, help="Add almost stochastic order over seeds.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def compare(run_dir: Path | None, systems: SystemOptions, scope: str, with_order: bool, as_json: bool) -> None:
    """Compare the sequences of a run, from its record alone; or any systems, by what they put out.

    \b
    waystage compare RUN_DIR
    waystage compare --system A=DIR --system B=DIR --gold DIR --benchmark xtreme-r
    waystage compare --outcomes DIR
    """
    from waystage.comparison.claims import LIKE_THESE, THESE
    from waystage.comparison.order import with_stochastic_orders
    from waystage.console.comparison_view import comparison_view
    from waystage.console.systems_view import systems_view
    from waystage.record.files import RECORD_NAME, parts_that_fit, read_record

    scopes = {"these": (THESE,), "like-these": (LIKE_THESE,), "both": (THESE, LIKE_THESE)}[scope]
    if run_dir is None:
        found = systems.compare()
        if with_order:
            found = replace(found, comparison=with_stochastic_orders(found.comparison))
        if as_json:
            print_json(found.to_json())
        else:
            OUT.print(systems_view(found, scopes, by_language=systems.by_language))
        return
    if systems.are_given:
        raise click.UsageError("a run's folder has its own scores: options of systems do not go with it")
    comparison = read_record(run_dir).comparison
    with parts_that_fit(run_dir / RECORD_NAME):
        if with_order:
            comparison = with_stochastic_orders(comparison)
        if as_json:
            print_json(comparison.to_json())
        else:
            OUT.print(comparison_view(comparison, scopes))
