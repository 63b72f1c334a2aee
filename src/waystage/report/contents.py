"""The sections of the report in their order, and the values that their templates show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waystage.comparison.claims import LIKE_THESE
from waystage.comparison.results import Comparison
from waystage.report.forest import Forest, forest
from waystage.report.plan_tree import plan_tree
from waystage.report.record import RunRecord
from waystage.report.sections.cost import pareto_plot
from waystage.report.sections.failures import flip_rows, task_flips
from waystage.report.sections.forgetting import perplexity_rows, perplexity_summaries, source_losses
from waystage.report.sections.groups import group_tables, words_by_language
from waystage.report.sections.guide import guide
from waystage.report.sections.heat import heat_maps
from waystage.report.sections.oracle import oracle_rows
from waystage.report.sections.stages import match_sentences, stage_rows
from waystage.report.sections.summary import claims, languages_of, scopes, summary_rows, verdicts
from waystage.report.zero_shot import mean_words, not_zero_shot


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its name in the list of sections and its heading (None where the template has one).

    ``absence`` is said instead of the template where the run has nothing for it.
    """

    id: str
    short: str
    title: str | None
    absence: str | None = None

    @property
    def template(self) -> str:
        """The file that lays it out."""
        return f"{self.id}.j2"


def contents(run: RunRecord) -> dict[str, Any]:
    """Everything that the templates ask for."""
    comparison = run.comparison
    every_claim, said = tuple(claims(comparison)), verdicts(comparison)
    values: dict[str, Any] = {
        "run": run,
        "comparison": comparison,
        "summary": summary_rows(run),
        "scopes": scopes(comparison),
        "languages": languages_of(comparison),
        "compared": [name for name in comparison.sequences if name != comparison.baseline],
        "verdicts": said,
        "answer": said[0].sentence,
        "general_answer": _general_answer(comparison),
        "forests": forests(comparison),
        "has_general": any(score.general_difference for score in comparison.overall_scores),
        "claims": every_claim,
        "claim_tasks": list(dict.fromkeys(claim.task for claim in every_claim)),
        "maps": heat_maps(comparison),
        "has_sources": any(score.is_source for score in comparison.language_scores),
        "guide": guide(run),
        "gaps": [own for own in comparison.transfer_gaps if own.task is not None or len(comparison.tasks) > 1],
        "pareto": pareto_plot(comparison),
        "gains": {own.sequence: own for own in comparison.cost_gains},
        "flip_rows": flip_rows(run),
        "task_flips": task_flips(run),
        "departures": [row for row in run.protocol if row.departures],
        "mean_words": mean_words(run),
        "not_zero_shot": not_zero_shot(run),
        "branches": plan_tree(run.plan),
    }
    values |= {
        "stages": stage_rows(run.stage_costs),
        "matches": match_sentences(run.matched_budgets),
        "oracle": oracle_rows(run.oracle),
    }
    values |= _forgetting_values(run) | _group_values(run)
    return values | {"sections": _sections(run, values)}


def forests(comparison: Comparison) -> tuple[Forest, ...]:
    """All tasks together first (where there are several), then categories, then single tasks."""
    plots = (forest(list(scope.scores.values())) for scope in scopes(comparison))
    return tuple(plot for plot in plots if plot is not None)


def _sections(run: RunRecord, values: Mapping[str, Any]) -> tuple[Section, ...]:
    """In the order of a reader's questions."""

    def absent(what: object, sentence: str) -> str | None:
        return None if what else sentence

    only_one = "There is only one sequence, so there is no difference to show."
    no_guide = "No two sequences have scores in the source language of a task, so this cannot be told."
    guide_or_oracle = values["guide"] or values["oracle"]
    no_forgetting = "Neither held-out text nor a task in its source language was scored for two sequences."
    forgetting = values["perplexities"] or values["source_losses"]
    judged = (Section("judged", "Claims", "Claims and verdicts"),) if run.judged is not None else ()
    return (
        Section("asked", "Question", None),
        Section("answer", "Answer", "The answer"),
        *judged,
        Section("scores", "Scores", "Scores by sequence and task"),
        Section("differences", "Differences", "Differences to the baseline", absent(values["forests"], only_one)),
        Section("languages", "Languages", "Languages"),
        Section("groups", "Groups", "Groups of languages", absent(values["groups"], "No groups were compared.")),
        Section("guide", "Selection", "Is the source language a good guide?", absent(guide_or_oracle, no_guide)),
        Section("cost", "Cost", "Cost against score", absent(run.costs, "Costs were not recorded.")),
        Section("forgetting", "Forgetting", "Forgetting", absent(forgetting, no_forgetting)),
        Section("failures", "Failures", "Where it fails", absent(run.flip_counts, "No example flips were recorded.")),
        Section("method", "Method", "Protocol, departures, environment"),
        Section("verify", "Verify", "How to verify"),
    )


def _general_answer(comparison: Comparison) -> str | None:
    """The answer for languages like these; None where that was not asked."""
    task = None if len(comparison.tasks) > 1 else comparison.tasks[0]
    own = [
        found
        for found in comparison.recommendations
        if (found.task, found.category, found.scope) == (task, None, LIKE_THESE)
    ]
    return own[0].sentence if own else None


def _forgetting_values(run: RunRecord) -> dict[str, Any]:
    rows = perplexity_rows(run.pseudo_perplexities)
    return {
        "perplexities": rows,
        "perplexity_summaries": perplexity_summaries(rows),
        "source_losses": source_losses(run.comparison),
    }


def _group_values(run: RunRecord) -> dict[str, Any]:
    """Groups, and the words by which each language can be found."""
    comparison = run.comparison
    scored = {score.language for score in comparison.language_scores}
    read = {own.language for own in run.pseudo_perplexities}
    rows = [own for own in comparison.group_scores if own.task is not None or len(comparison.tasks) > 1]
    tasks = ["all tasks" if own.task is None else own.task for own in rows]
    return {
        "groups": group_tables(comparison),
        "group_rows": rows,
        "group_tasks": list(dict.fromkeys(tasks)),
        "properties": list(dict.fromkeys(own.property for own in rows)),
        "words": words_by_language(comparison, sorted(scored | read)),
    }
