"""``waystage store``."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table

from waystage.commands.options import Location, store_option
from waystage.commands.terminal import OUT
from waystage.errors import StudyError


@click.group()
def store() -> None:
    """Look after the store of artefacts."""


@store.command("list")
@store_option
def store_list(store_location: Location) -> None:
    """List the artefacts with kind, size and age."""
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "kind", "size", "created"):
        table.add_column(heading, justify="right" if heading == "size" else "left")
    n_bytes = 0
    for info in _open_store(store_location).artefacts():
        table.add_row(info.id[:16], info.kind, f"{info.n_bytes / 1e6:,.1f} MB", info.created_at or "")
        n_bytes += info.n_bytes
    OUT.print(table)
    OUT.print(f"{table.row_count} artefacts, {n_bytes / 1e6:,.1f} MB")


@store.command("verify")
@store_option
@click.option("--set-aside", is_flag=True, help="Move what is damaged aside, so that the next run makes it again.")
def store_verify(store_location: Location, set_aside: bool) -> None:
    """Read every byte of the store and name what is damaged."""
    from waystage.errors import StoreError

    opened = _open_store(store_location)
    damages = opened.verify_all()
    for damage in damages if set_aside else ():
        opened.quarantine(damage.id)
    if damages:
        raise StoreError([problem for damage in damages for problem in damage.problems])
    OUT.print(f"{sum(1 for _ in opened.artefacts())} artefacts, every digest matches")


@store.command("gc")
@store_option
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def store_gc(store_location: Location, dry_run: bool) -> None:
    """Remove artefacts that no study needs, and what dead processes left behind."""
    opened = _open_store(store_location)
    if not opened.roots():
        raise StudyError("no study has been run with this store, so everything would go; nothing was removed")
    found = opened.gc(dry_run=dry_run)
    verb = "would go" if dry_run else "removed"
    OUT.print(f"{len(found.artefacts)} artefacts {verb}, {found.n_bytes / 1e6:,.1f} MB")


def _open_store(store_location: Location) -> Any:
    from waystage import api

    return api.open_store(store_location)
