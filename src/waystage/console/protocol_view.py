"""Published protocols as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from waystage.protocols.diff import Difference
from waystage.protocols.profile import Profile
from waystage.protocols.registry import PROFILES


def profile_list() -> RenderableType:
    """All profiles, one a line."""
    table = _table("protocol", "tasks", "description", "reference")
    for profile in PROFILES.values():
        table.add_row(profile.name, str(len(profile.tasks)), Text(profile.description), Text(profile.reference))
    return table


def profile_view(profile: Profile) -> RenderableType:
    """Every setting of every task, and what is known of its history."""
    parts: list[RenderableType] = [
        Text(f"{profile.name}: {profile.description}", style="bold"),
        Text(profile.reference),
    ]
    for name, entry in profile.tasks.items():
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for field, value in entry.facts().items():
            table.add_row(field, Text(value))
        for note in entry.history:
            table.add_row("known", Text(note))
        parts += [Padding(Text(name, style="bold"), (1, 0, 0, 0)), Padding(table, (0, 0, 0, 2))]
    notes = [Text(f"- {note}") for note in profile.history]
    return Group(*parts, Padding(Text("of all", style="bold"), (1, 0, 0, 0)), *notes)


def difference_table(first: Profile, second: Profile, found: Sequence[Difference]) -> RenderableType:
    """One line a difference."""
    if not found:
        return Text(f"{first.name} and {second.name} say the same")
    table = _table("task", "field", first.name, second.name)
    for difference in found:
        values = (difference.first, difference.second)
        cells = [Text("-", style="dim") if value is None else Text(value) for value in values]
        table.add_row(difference.task, difference.field, *cells)
    return table


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, no_wrap=place < 2, overflow="fold")
    return table
