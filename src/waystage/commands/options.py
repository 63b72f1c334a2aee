"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import click

Location: TypeAlias = str | Path | None
"""Where a store is, as the command line says it."""


def _location(ctx: click.Context, param: click.Parameter, value: str | None) -> Location:
    from waystage.store.opening import is_url

    if value is None or is_url(value):
        return value
    folder: Path = click.Path(path_type=Path, file_okay=False).convert(value, param, ctx)
    return folder


study_argument = click.argument("study", type=click.Path(path_type=Path, dir_okay=False))
data_option = click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of published data.",
)
store_option = click.option(
    "--store",
    "store_location",
    callback=_location,
    metavar="LOCATION",
    help="Folder or URL (s3://, gs://) of artefacts.  [default: $WAYSTAGE_STORE or .waystage]",
)
threads_option = click.option(
    "--threads", "n_threads", type=click.IntRange(min=1), help="Threads that each worker computes with."
)
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
