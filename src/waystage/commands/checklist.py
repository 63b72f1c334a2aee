"""``waystage checklist``."""

from __future__ import annotations

from pathlib import Path

import click

from waystage.commands.terminal import OUT, print_json


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print rates, counts and means as JSON.")
def checklist(run_dir: Path, as_json: bool) -> None:
    """Show the error rates of a run's MultiCheckList targets, by test and language."""
    from waystage.comparison.checklist import checklist_errors
    from waystage.console.checklist_view import checklist_view
    from waystage.record.files import read_record

    record = read_record(run_dir)
    errors = checklist_errors(record.comparison, {task.task: task.metric for task in record.protocol})
    if as_json:
        print_json(errors.to_json())
    else:
        OUT.print(checklist_view(errors))
