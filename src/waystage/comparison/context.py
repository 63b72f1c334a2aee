"""What is known about tasks, languages and costs beside the scores, and how to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from waystage.comparison.results import SequenceCost


@dataclass(frozen=True)
class Context:
    """Facts that the comparison is broken down by; everything may be left out.

    Attributes:
        categories: task to its category, such as ``classification`` or ``question answering``; None, or no
            entry: it belongs to none.
        groupings: property of languages (such as ``family``, ``script``, ``resource level``, ``seen``) to
            language to group. A language without an entry is in the group None: not known.
        measures: property that is a number (such as ``vocabulary overlap``) to language to value. Languages
            are cut into thirds (``low``, ``middle``, ``high``); equal values stay together.
        costs: what each sequence costs.
    """

    categories: Mapping[str, str | None] = field(default_factory=dict)
    groupings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    measures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    costs: Sequence[SequenceCost] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How to compare.

    Attributes:
        n_resamples: resampled test sets, at least 2.
        seed: of the resampling; the same seed gives the same result.
        pairs_seeds: take what a seed does as shared by all sequences (same order of examples, same new head)
            and leave it out of the differences. It costs degrees of freedom: with 2 seeds and 2 sequences 1
            is left of 2.
        with_stochastic_order: add almost stochastic order over seeds; with few seeds it says little.
    """

    n_resamples: int = 10_000
    seed: int = 0
    pairs_seeds: bool = False
    with_stochastic_order: bool = False


NOTHING_MORE_KNOWN = Context()
DEFAULT_OPTIONS = Options()
