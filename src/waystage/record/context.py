"""What a comparison is broken down by: categories of tasks, groups of languages, costs of sequences."""

from __future__ import annotations

from waystage.comparison.context import Context
from waystage.languages.grouping import groupings
from waystage.languages.pretraining import pretraining_of
from waystage.plan.plan import Plan
from waystage.record.costs import sequence_costs
from waystage.record.vocabulary import VOCABULARY_OVERLAP, vocabulary_overlap
from waystage.record.zero_shot import training_groups
from waystage.store.store import Store


def comparison_context(plan: Plan, store: Store) -> Context:
    """Facts about the study's tasks, languages and sequences; what is not known is left out."""
    targets = plan.study.targets
    overlap = vocabulary_overlap(plan, store)
    languages = sorted({language for target in targets for language in target.languages})
    return Context(
        categories={target.task.name: target.task.kind.category for target in targets},
        groupings=dict(groupings(languages, pretraining_of(plan.study.encoder.name))) | training_groups(plan.study),
        measures={VOCABULARY_OVERLAP: overlap} if overlap else {},
        costs=sequence_costs(plan, store),
    )
