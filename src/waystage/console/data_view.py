"""What ``waystage data`` did and found, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table

from waystage.study.data_fetch import NeedOutcome
from waystage.study.folder_check import Checked, State

_COLOURS = {State.OK: "green", State.DIFFERS: "red", State.MALFORMED: "red", State.WITHHELD: "yellow"}
_MAX_NAMED = 12


def fetch_view(outcomes: Iterable[NeedOutcome]) -> Table:
    """A row a task, split and state: languages, files, bytes, and the reason of a failure."""
    table = _table("task", "split", "languages", "files", "MB", "state", "reason")
    groups: dict[tuple[str, str, str, str], list[NeedOutcome]] = {}
    for outcome in outcomes:
        key = (outcome.need.task, outcome.need.split, outcome.state, outcome.reason)
        groups.setdefault(key, []).append(outcome)
    for (task, split, state, reason), group in groups.items():
        n_files = sum(len(outcome.fetched) for outcome in group)
        megabytes = f"{sum(outcome.n_bytes for outcome in group) / 1e6:,.1f}"
        languages = named([outcome.need.language for outcome in group])
        colour = "red" if group[0].is_wrong else "green"
        table.add_row(
            task, split, languages, str(n_files), megabytes, f"[{colour}]{state}[/]", _plain(reason if n_files else "")
        )
    return table


def elsewhere(outcomes: Iterable[NeedOutcome]) -> list[str]:
    """Where the files of tasks are to be had that the hub does not have, a line a task."""
    absent = (outcome for outcome in outcomes if outcome.reason and not outcome.fetched)
    return list(dict.fromkeys(f"files of {outcome.need.task}: {outcome.reason}" for outcome in absent))


def check_view(checked: Iterable[Checked]) -> Table:
    """A row a task, split and state: languages, examples found and expected, and what was noticed."""
    table = _table("task", "split", "state", "languages", "examples", "notes")
    groups: dict[tuple[str, str, State, str], list[Checked]] = {}
    for one in checked:
        counts = "" if one.n_found is None else f"{one.n_found:,}"
        if one.state is State.DIFFERS or (one.n_expected is None and one.n_found is not None):
            counts += f" of {one.n_expected:,}" if one.n_expected is not None else " (count unknown)"
        groups.setdefault((one.task, one.split, one.state, counts), []).append(one)
    for (task, split, state, counts), group in groups.items():
        all_notes = {one.notes for one in group}
        is_alike = len(all_notes) == 1
        lines = [note if is_alike else f"{one.language}: {note}" for one in group for note in one.notes]
        notes = dict.fromkeys(lines)
        colour = _COLOURS.get(state, "dim")
        languages = named([one.language for one in group])
        table.add_row(task, split, f"[{colour}]{state.value}[/]", languages, counts, _plain("; ".join(notes)))
    return table


def named(languages: Sequence[str]) -> str:
    """A few names in full, of many the first.

    >>> named(["de", "fr"]), named([str(i) for i in range(20)])
    ('de fr', '0 1 2 3 4 5 6 7 8 9 10 11 and 8 more')
    """
    more = f" and {len(languages) - _MAX_NAMED} more" if len(languages) > _MAX_NAMED else ""
    return " ".join(languages[:_MAX_NAMED]) + more


def _plain(text: str) -> str:
    """Text in which nothing is taken for markup."""
    return text.replace("[", r"\[")


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in ("files", "MB", "examples") else "left")
    return table
