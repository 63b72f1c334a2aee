"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

study_argument = click.argument("study", type=click.Path(path_type=Path, dir_okay=False))
data_option = click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of published data.",
)
store_option = click.option(
    "--store",
    "store_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of artefacts.  [default: $WAYSTAGE_STORE or .waystage]",
)
threads_option = click.option(
    "--threads", "n_threads", type=click.IntRange(min=1), help="Threads that each worker computes with."
)
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
