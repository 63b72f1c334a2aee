"""``waystage status``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from waystage.commands.options import Location, store_option
from waystage.commands.terminal import OUT, print_json


@click.command()
@click.argument("place", type=click.Path(path_type=Path, file_okay=False), required=False)
@store_option
@click.option("--watch", is_flag=True, help="Go on showing it until the run is over.")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=2.0, show_default=True, help="Between two looks.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(place: Path | None, store_location: Location, watch: bool, seconds: float, as_json: bool) -> None:
    """Show how a run is doing: what runs where, time left, throughput, failures with the last lines of their logs.

    PLACE is a store, the folder of a run in it, or the folder of a study's results; by default, the store. It may be
    asked from any machine that sees the store, while the run goes on or afterwards.
    """
    from rich.live import Live

    from waystage import api
    from waystage.console.status_view import status_to_json, status_view
    from waystage.execution.status import RUNNING, find_run, read_status

    run_dir = find_run(place, api.open_store(store_location).root)
    if as_json:
        print_json(status_to_json(read_status(run_dir)))
        return
    if not watch:
        OUT.print(status_view(read_status(run_dir)))
        return
    with Live(console=OUT, auto_refresh=False, vertical_overflow="visible") as live:
        while True:
            known = read_status(run_dir)
            live.update(status_view(known), refresh=True)
            if known.how != RUNNING:
                return
            time.sleep(seconds)
