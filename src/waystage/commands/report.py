"""``waystage report``."""

from __future__ import annotations

from pathlib import Path

import click

from waystage.commands.terminal import OUT


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, file_okay=False))
def report(run_dir: Path) -> None:
    """Write the HTML report of a run again, from its record alone."""
    from waystage.record.files import rewrite_report
    from waystage.report.terminal import comparison_table

    record, path = rewrite_report(run_dir)
    OUT.print(comparison_table(record))
    OUT.print(f"report: {path}", soft_wrap=True)
