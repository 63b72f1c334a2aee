"""The heat maps: languages by tasks, one map a sequence, on scales that all maps share."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from waystage.comparison.claims import Difference
from waystage.comparison.results import Comparison, LanguageScore, MeanScore
from waystage.languages.language import language_name
from waystage.report import colours

LEVEL = 0.05
"""A difference in one language is marked where its adjusted p is below."""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A score and a difference with their steps on the colour scales.

    ``is_shown`` tells whether the difference holds after the correction over the whole map.
    """

    score: float
    score_step: int
    difference: Difference | None
    difference_step: int
    is_source: bool

    @property
    def is_shown(self) -> bool:
        """Whether the difference is larger than its uncertainty, all languages and tasks considered."""
        own = self.difference
        return own is not None and own.conclusive and own.p_adjusted is not None and own.p_adjusted < LEVEL


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One language, a cell a task; None where the task has no test set in it."""

    language: str
    name: str
    cells: tuple[HeatCell | None, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """One sequence: rows of languages, and its means over the target languages."""

    sequence: str
    is_baseline: bool
    rows: tuple[HeatRow, ...]
    means: tuple[MeanScore, ...]


@dataclass(frozen=True, slots=True)
class HeatMaps:
    """All sequences. Scores have a scale a task, ``ranges``; differences one for all, up to ``largest``."""

    tasks: tuple[str, ...]
    maps: tuple[HeatMap, ...]
    ranges: tuple[tuple[float, float], ...]
    largest: float


def heat_maps(comparison: Comparison) -> HeatMaps:
    """Languages by tasks for each sequence; source languages first, then in the order of their English names."""
    scores = comparison.language_scores
    by_task: dict[str, list[float]] = defaultdict(list)
    for score in scores:
        by_task[score.task].append(score.score)
    ranges = {task: (min(own), max(own)) for task, own in by_task.items()}
    largest = max((abs(score.difference.value) for score in scores if score.difference), default=0.0)
    found = {(score.sequence, score.language, score.task): score for score in scores}
    sources = {score.language for score in scores if score.is_source}
    languages = sorted(
        {score.language for score in scores}, key=lambda code: (code not in sources, language_name(code))
    )

    def cell(score: LanguageScore | None) -> HeatCell | None:
        return None if score is None else _cell(score, ranges[score.task], largest)

    maps = tuple(
        HeatMap(
            sequence=sequence,
            is_baseline=sequence == comparison.baseline,
            rows=tuple(
                HeatRow(code, language_name(code), tuple(cell(found.get((sequence, code, task))) for task in by_task))
                for code in languages
            ),
            means=tuple(comparison.mean_score(sequence, task) for task in by_task),
        )
        for sequence in comparison.sequences
    )
    return HeatMaps(tuple(by_task), maps, tuple(ranges.values()), largest)


def _cell(score: LanguageScore, scale: tuple[float, float], largest: float) -> HeatCell:
    return HeatCell(
        score=score.score,
        score_step=colours.score_step(score.score, *scale),
        difference=score.difference,
        difference_step=colours.difference_step(score.difference.value if score.difference else 0.0, largest),
        is_source=score.is_source,
    )
