"""What continued pretraining and intermediate tasks cost: worse prediction of text, a lower source score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean

from waystage.comparison.results import Comparison, LanguageScore
from waystage.languages.language import language_name
from waystage.report.record import PseudoPerplexity


@dataclass(frozen=True, slots=True)
class PerplexityRow:
    """A stage in a language: geometric means over seeds; ``ratio`` above 1: text is predicted worse than before."""

    stage: str
    language: str
    name: str
    n_tokens: int
    n_seeds: int
    before: float | None
    after: float
    ratio: float | None


@dataclass(frozen=True, slots=True)
class PerplexitySummary:
    """How many languages of a stage are predicted worse than before, of those where before is known."""

    stage: str
    n_worse: int
    n_known: int
    n_languages: int


@dataclass(frozen=True, slots=True)
class SourceLoss:
    """A task in its source language: one entry a sequence."""

    task: str
    language: str
    scores: tuple[LanguageScore, ...]


def perplexity_rows(entries: tuple[PseudoPerplexity, ...]) -> tuple[PerplexityRow, ...]:
    """One row a stage and language. A stage that several sequences share is the same measurement."""
    found: dict[tuple[str, str], dict[int, PseudoPerplexity]] = {}
    for own in entries:
        found.setdefault((own.stage, own.language), {})[own.seed] = own
    rows = []
    for (stage, language), by_seed in found.items():
        befores = [own.before for own in by_seed.values() if own.before is not None]
        before = _geometric_mean(befores) if len(befores) == len(by_seed) else None
        after = _geometric_mean([own.after for own in by_seed.values()])
        ratio = None if before is None else after / before
        n_tokens = max(own.n_tokens for own in by_seed.values())
        rows.append(
            PerplexityRow(stage, language, language_name(language), n_tokens, len(by_seed), before, after, ratio)
        )
    return tuple(sorted(rows, key=lambda row: (row.stage, -(row.ratio or 0.0), row.name)))


def perplexity_summaries(rows: tuple[PerplexityRow, ...]) -> tuple[PerplexitySummary, ...]:
    """One entry a stage."""
    stages = dict.fromkeys(row.stage for row in rows)
    return tuple(
        PerplexitySummary(
            stage,
            sum(row.ratio is not None and row.ratio > 1 for row in rows if row.stage == stage),
            sum(row.ratio is not None for row in rows if row.stage == stage),
            sum(row.stage == stage for row in rows),
        )
        for stage in stages
    )


def source_losses(comparison: Comparison) -> tuple[SourceLoss, ...]:
    """Tasks that are tested in their source language, with every sequence's score in it."""
    losses = []
    for task in comparison.tasks:
        own = tuple(score for score in comparison.language_scores if score.task == task and score.is_source)
        if any(score.difference for score in own):
            losses.append(SourceLoss(task, own[0].language, own))
    return tuple(losses)


def _geometric_mean(values: list[float]) -> float:
    return math.exp(fmean(map(math.log, values)))
