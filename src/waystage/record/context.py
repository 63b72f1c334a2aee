"""What a comparison is broken down by: categories of tasks, groups of languages, costs of sequences."""

from __future__ import annotations

from waystage.comparison.context import Context
from waystage.languages.grouping import groupings
from waystage.languages.pretraining import pretraining_of
from waystage.plan.plan import Plan
from waystage.record.costs import sequence_costs
from waystage.store.store import Store

# Those of XTREME-R, by kind of task.
_CATEGORIES = {
    "sentence-classification": "classification",
    "pair-classification": "classification",
    "multiple-choice": "classification",
    "tagging": "tagging",
    "extractive-qa": "qa",
    "extractive-qa-or-none": "qa",
    "sentence-retrieval": "retrieval",
}


def comparison_context(plan: Plan, store: Store) -> Context:
    """Facts about the study's tasks, languages and sequences; what is not known is left out."""
    targets = plan.study.targets
    languages = sorted({language for target in targets for language in target.languages})
    return Context(
        categories={target.task.name: _CATEGORIES.get(target.task.kind.name) for target in targets},
        groupings=groupings(languages, pretraining_of(plan.study.encoder.name)),
        costs=sequence_costs(plan, store),
    )
