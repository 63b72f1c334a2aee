"""Scores by properties of languages: family, script, resources, seen or not, overlap of vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from waystage.comparison.claims import GroupScore
from waystage.comparison.results import Comparison
from waystage.report.axis import Axis
from waystage.report.forest import Whisker, difference_axis, whisker
from waystage.report.text import endonym

UNKNOWN = "not known"
_ORDER = {"low": 0, "middle": 1, "high": 2}


@dataclass(frozen=True, slots=True)
class GroupCell:
    """A sequence in a group; no whiskers for the baseline."""

    score: GroupScore
    these: Whisker | None
    general: Whisker | None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of languages, a cell a sequence; None where a sequence was not scored."""

    name: str
    bounds: tuple[float, float] | None
    languages: tuple[str, ...]
    cells: tuple[GroupCell | None, ...]


@dataclass(frozen=True, slots=True)
class GroupTable:
    """One property. ``axis`` is None where nothing is compared."""

    property: str
    rows: tuple[GroupRow, ...]
    axis: Axis | None


def group_tables(comparison: Comparison) -> tuple[GroupTable, ...]:
    """A table a property, of the means over all tasks (or the one task); properties with one group are left out."""
    scope = None if len(comparison.tasks) > 1 else comparison.tasks[0]
    own = [score for score in comparison.group_scores if score.task == scope]
    by_property: dict[str, list[GroupScore]] = {}
    for score in own:
        by_property.setdefault(score.property, []).append(score)
    tables = (_table(name, scores, comparison.sequences) for name, scores in by_property.items())
    return tuple(table for table in tables if len(table.rows) > 1)


def words_by_language(comparison: Comparison, languages: Iterable[str]) -> dict[str, str]:
    """What a language can be filtered by besides its English name: its own name and the groups that it is in."""
    words = {language: dict.fromkeys([endonym(language) or ""]) for language in languages}
    for score in comparison.group_scores:
        if score.group is not None:
            for language in score.languages:
                words.setdefault(language, {})[score.group] = None
    return {language: " ".join(own).strip() for language, own in words.items()}


def _table(name: str, scores: Sequence[GroupScore], sequences: Sequence[str]) -> GroupTable:
    pairs = [(own.difference, own.general_difference) for own in scores if own.difference is not None]
    axis = difference_axis(pairs) if pairs else None
    groups = list(dict.fromkeys(score.group for score in scores))
    found = {(score.group, score.sequence): score for score in scores}
    rows = []
    for group in groups:
        some = next(score for score in scores if score.group == group)
        cells = tuple(_cell(found.get((group, sequence)), axis) for sequence in sequences)
        rows.append(GroupRow(group if group is not None else UNKNOWN, some.bounds, some.languages, cells))
    rows.sort(
        key=lambda row: (row.name == UNKNOWN, _ORDER.get(row.name.partition(" ")[0], -1), -len(row.languages), row.name)
    )
    return GroupTable(name, tuple(rows), axis)


def _cell(score: GroupScore | None, axis: Axis | None) -> GroupCell | None:
    if score is None:
        return None
    if axis is None or score.difference is None:
        return GroupCell(score, None, None)
    general = whisker(axis, score.general_difference) if score.general_difference else None
    return GroupCell(score, whisker(axis, score.difference), general)
