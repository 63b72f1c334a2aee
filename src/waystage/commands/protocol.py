"""``waystage protocol``: the published protocols, what they say and where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from waystage.commands.terminal import OUT, print_json
from waystage.errors import Problem, StudyError, nearest_name

if TYPE_CHECKING:
    from waystage.protocols.profile import Profile


@click.group()
def protocol() -> None:
    """Published protocols: how each task of a benchmark was trained, selected and scored."""


@protocol.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_protocols(as_json: bool) -> None:
    """List the protocols that a study can name."""
    from waystage.console.protocol_view import profile_list
    from waystage.protocols.registry import PROFILES

    if as_json:
        print_json(
            [{"name": p.name, "description": p.description, "reference": p.reference} for p in PROFILES.values()]
        )
        return
    OUT.print(profile_list())


@protocol.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show every setting of a protocol, task by task, and what is known of its code."""
    from waystage.console.protocol_view import profile_view

    found = _named(name)
    if as_json:
        tasks = {task: {**entry.facts(), "history": list(entry.history)} for task, entry in found.tasks.items()}
        print_json({"name": found.name, "reference": found.reference, "tasks": tasks, "history": list(found.history)})
        return
    OUT.print(profile_view(found))


@protocol.command()
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(first: str, second: str, as_json: bool) -> None:
    """Show where two protocols differ, field by field."""
    from dataclasses import asdict

    from waystage.console.protocol_view import difference_table
    from waystage.protocols.diff import differences

    ours, theirs = _named(first), _named(second)
    found = differences(ours, theirs)
    if as_json:
        print_json({"first": ours.name, "second": theirs.name, "differences": [asdict(item) for item in found]})
        return
    OUT.print(difference_table(ours, theirs, found))


def _named(name: str) -> Profile:
    from waystage.protocols.registry import PROFILES

    if name not in PROFILES:
        found, expected = f"unknown protocol '{name}'", f"one of {', '.join(PROFILES)}"
        raise StudyError(Problem("the command", None, None, found, expected, nearest_name(name, PROFILES)))
    return PROFILES[name]
