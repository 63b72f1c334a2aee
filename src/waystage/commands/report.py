"""``waystage report``."""

from __future__ import annotations

from pathlib import Path

import click

from waystage.commands.terminal import OUT


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--figures",
    "figures_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write figures (SVG, PNG) and tables (LaTeX, CSV) for a paper into this folder too.",
)
@click.option("--png/--no-png", "with_png", default=True, help="Draw PNG files besides the SVG files.")
def report(run_dir: Path, figures_dir: Path | None, with_png: bool) -> None:
    """Write the HTML report of a run again, from its record alone."""
    from waystage.record.files import rewrite_report
    from waystage.report.export import write_figures
    from waystage.report.terminal import comparison_table

    record, path = rewrite_report(run_dir)
    OUT.print(comparison_table(record))
    OUT.print(f"report: {path}", soft_wrap=True)
    if figures_dir is not None:
        paths = write_figures(record, figures_dir, with_png=with_png)
        OUT.print(f"figures and tables: {len(paths)} files in {figures_dir}", soft_wrap=True)
