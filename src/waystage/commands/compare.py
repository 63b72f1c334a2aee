"""``waystage compare``."""

from __future__ import annotations

from pathlib import Path

import click

from waystage.commands.terminal import OUT, print_json


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--scope",
    type=click.Choice(["these", "like-these", "both"]),
    default="both",
    show_default=True,
    help="Claims about the languages that were scored, or about languages like them.",
)
@click.option("--aso", "with_order", is_flag=True, help="Add almost stochastic order over seeds.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def compare(run_dir: Path, scope: str, with_order: bool, as_json: bool) -> None:
    """Compare the sequences of a run, from its record alone."""
    from waystage.comparison.claims import LIKE_THESE, THESE
    from waystage.comparison.order import with_stochastic_orders
    from waystage.console.comparison_view import comparison_view
    from waystage.record.files import read_record

    comparison = read_record(run_dir).comparison
    if with_order:
        comparison = with_stochastic_orders(comparison)
    if as_json:
        print_json(comparison.to_json())
    else:
        scopes = {"these": (THESE,), "like-these": (LIKE_THESE,), "both": (THESE, LIKE_THESE)}[scope]
        OUT.print(comparison_view(comparison, scopes))
