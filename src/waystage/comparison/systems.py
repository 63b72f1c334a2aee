"""Systems that Waystage did not train, compared by their outputs on the same test examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
    "one run of each system: the claims are about these sets of outputs on examples like these; nothing can be "
    "concluded about training, since how much another seed would change is not known"
)
_OF_OUTPUTS = "Of these outputs, one run of each system: "


@dataclass(frozen=True, eq=False)
class SystemComparison:
    """A comparison of systems with what it was made from.

    Attributes:
        notes: those of the files, and what the means are of.
    """

    comparison: Comparison
    systems: PairedSystems
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The comparison's JSON, with ``systems``: the runs, what was left out, and the notes."""
        runs = [{"system": run.system, "seed": run.seed, "source": str(run.source)} for run in self.systems.runs]
        left_out = [{"task": gap.task, "language": gap.language, "reason": gap.reason} for gap in self.systems.left_out]
        return {
            **self.comparison.to_json(),
            "systems": {"runs": runs, "left_out": left_out, "notes": list(self.notes)},
        }


def compare_systems(
    systems: PairedSystems,
    baseline: str | None = None,
    options: Options = DEFAULT_OPTIONS,
    *,
    is_strict: bool = False,
) -> SystemComparison:
    """Compare systems by what they put out for the same examples.

    With several runs a system, a run's place among them counts as its seed, and claims are about training. With one,
    the outputs are taken as they are: the limits and every recommendation say that they alone are compared.

    Args:
        systems: their runs.
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
    if not systems.has_seeds:
        comparison = _of_outputs(comparison)
    return SystemComparison(comparison, systems, (*systems.notes, *_notes(sources)))


def _cells(systems: PairedSystems, language: PairedLanguage) -> Iterator[CellScores]:
    metric = language.metric
    for run, statistics in zip(systems.runs, language.statistics, strict=True):
        place = (run.system, language.task, language.language, run.seed if systems.has_seeds else None)
        yield CellScores(*place, metric.name, metric.columns, language.ids, statistics)


def _of_outputs(comparison: Comparison) -> Comparison:
    """The comparison with every sentence limited to the outputs at hand."""
    recommendations = tuple(replace(own, sentence=f"{_OF_OUTPUTS}{own.sentence}") for own in comparison.recommendations)
    return replace(comparison, recommendations=recommendations, limits=(ONE_RUN, *comparison.limits))


def _source_languages(languages: Sequence[PairedLanguage]) -> dict[str, str]:
    """English for each task, or none for one that has no other language."""
    tested: dict[str, set[str]] = {}
    for language in languages:
        tested.setdefault(language.task, set()).add(language.language)
    return {task: SOURCE_LANGUAGE if own != {SOURCE_LANGUAGE} else _NO_SOURCE for task, own in tested.items()}


def _notes(sources: dict[str, str]) -> Iterator[str]:
    only = [task for task, source in sources.items() if source == _NO_SOURCE]
    if only:
        yield f"{', '.join(only)}: tested in English only, so the mean is of English"
