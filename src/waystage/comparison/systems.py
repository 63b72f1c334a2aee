"""Systems that Waystage did not train, compared by their outputs on the same test examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from waystage.benchmark.paired import PairedLanguage, PairedSystems
from waystage.comparison.compare import compare
from waystage.comparison.context import DEFAULT_OPTIONS, Context, Options
from waystage.comparison.errors import ComparisonError
from waystage.comparison.results import CellScores, Comparison
from waystage.errors import Problem, StudyError, nearest_name
from waystage.languages.grouping import groupings

SOURCE_LANGUAGE = "en"
"""What the benchmarks' systems learn in; it is left out of means over languages where a task has others."""
_NO_SOURCE = ""
ONE_RUN = (
    "one run of each system: the claims are about these sets of outputs, not about systems trained again; how much "
    "another training seed would change is not known"
)


@dataclass(frozen=True, eq=False)
class SystemComparison:
    """A comparison of systems with what it was made from.

    Attributes:
        notes: those of the files, and what the means and claims speak of.
    """

    comparison: Comparison
    systems: PairedSystems
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The comparison's JSON, and the runs, what was left out, and the notes beside it."""
        return {
            "runs": [{"system": run.system, "seed": run.seed, "source": str(run.source)} for run in self.systems.runs],
            "left_out": [
                {"task": gap.task, "language": gap.language, "reason": gap.reason} for gap in self.systems.left_out
            ],
            "notes": list(self.notes),
            "comparison": self.comparison.to_json(),
        }


def compare_systems(
    systems: PairedSystems,
    baseline: str | None = None,
    options: Options = DEFAULT_OPTIONS,
    *,
    is_strict: bool = False,
) -> SystemComparison:
    """Compare systems by what they put out for the same examples.

    Args:
        systems: their runs; a run's place among those of its system counts as its seed.
        baseline: the system that differences are taken to; None: the first.
        options: how to compare.
        is_strict: refuse to compare where anything is left out.

    Raises:
        StudyError: there is no such baseline.
        ComparisonError: the outputs cannot be compared, or something is left out and ``is_strict``.
    """
    if baseline is not None and baseline not in systems.systems:
        nearest, listed = nearest_name(baseline, systems.systems), ", ".join(systems.systems)
        raise StudyError(Problem("--baseline", None, None, f"no system '{baseline}'", f"one of {listed}", nearest))
    if is_strict and systems.left_out:
        raise ComparisonError([Problem("systems", None, None, str(gap)) for gap in systems.left_out])
    sources = _source_languages(systems.languages)
    comparison = compare(
        [cell for language in systems.languages for cell in _cells(systems, language)],
        {language.task: language.metric for language in systems.languages},
        baseline or systems.systems[0],
        sources,
        Context(
            categories={language.task: language.category for language in systems.languages},
            groupings=groupings(dict.fromkeys(language.language for language in systems.languages)),
        ),
        options,
    )
    return SystemComparison(comparison, systems, (*systems.notes, *_notes(systems, sources)))


def _cells(systems: PairedSystems, language: PairedLanguage) -> Iterator[CellScores]:
    metric = language.metric
    for run, statistics in zip(systems.runs, language.statistics, strict=True):
        place = (run.system, language.task, language.language, run.seed)
        yield CellScores(*place, metric.name, metric.columns, language.ids, statistics)


def _source_languages(languages: Sequence[PairedLanguage]) -> dict[str, str]:
    """English for each task, or none for one that has no other language."""
    tested: dict[str, set[str]] = {}
    for language in languages:
        tested.setdefault(language.task, set()).add(language.language)
    return {task: SOURCE_LANGUAGE if own != {SOURCE_LANGUAGE} else _NO_SOURCE for task, own in tested.items()}


def _notes(systems: PairedSystems, sources: dict[str, str]) -> Iterator[str]:
    if len(systems.runs) == len(systems.systems):
        yield ONE_RUN
    only = [task for task, source in sources.items() if source == _NO_SOURCE]
    if only:
        yield f"{', '.join(only)}: tested in English only, so the mean is of English"
