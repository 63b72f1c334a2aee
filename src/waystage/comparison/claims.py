"""What is claimed: differences with intervals and tests, by scope, and what follows from them.

Scores are fractions in [0, 1] and differences are fractions too; only the report multiplies by 100. A value
that is not known is None (null in JSON), never NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Scope: TypeAlias = Literal["these languages", "languages like these"]
"""What a claim speaks of: the languages that were scored, or those that they are a sample of."""
THESE: Scope = "these languages"
LIKE_THESE: Scope = "languages like these"

Source: TypeAlias = Literal["seeds", "examples", "languages"]
"""What could have come out otherwise, so is resampled."""


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """A paired permutation test: how often is a difference as large when the names of the two sequences are exchanged?

    It holds everything still but what is exchanged, so no single one of these tests stands for the whole
    claim; ``Difference.p`` does.

    Attributes:
        exchanged: ``examples``: both sequences' outcomes of one example, in all its languages and seeds
            together, the trained models as they are. ``seeds``: whole training runs, the examples as they are.
            ``languages``: the sign of the difference in one language, over all its tasks.
        p: two-sided, in (0, 1].
        smallest_p: the smallest p that this many exchanges could have given; with 2 seeds 1/3, so nothing.
        n_permutations: exchanges looked at.
        is_exact: every possible exchange was looked at; False: a random sample of them.
    """

    exchanged: Source
    p: float
    smallest_p: float
    n_permutations: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class SeedsNeeded:
    """Seeds a sequence that show an effect with 80 % power at 5 %, all else as it was seen.

    Attributes:
        effect: a true difference, as a fraction.
        n_seeds: None: no number up to 1,000 is enough, since examples or languages alone leave more doubt.
    """

    effect: float
    n_seeds: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two scores with its 95 % interval.

    Attributes:
        value: first score minus second, in [-1, 1].
        low: lower end of the interval.
        high: upper end of the interval.
        standard_error: root of the sum of the squared parts that are known.
        seed_error: part that comes from training randomness; None: one seed, so it cannot be known.
        example_error: part that comes from the sample of test examples.
        degrees_of_freedom: of the t distribution behind the interval (Cochran).
        p: two-sided; None where a part is unknown or no spread was seen.
        p_adjusted: p after the correction for its family of claims (see ``Comparison``).
        conclusive: False where the interval does not cover everything that can vary; ``note`` then says what.
        note: one sentence, or None.
        scope: what the claim speaks of.
        resampled: what the interval covers, ``seeds`` among them only where training is random.
        language_error: part that comes from the choice of languages; None: the claim is about these
            languages, or there is only one.
        probability_better: that the true difference is above 0, given the data and no opinion beforehand
            (the t distribution around ``value``): of the means over all seeds, not of single runs.
        probability_run_better: that one new training run of the first sequence is truly better, over all examples
            (and languages, in that scope), than one new run of the second: what you meet if you train each once.
        smallest_effect: the smallest true difference that would have been shown with 80 % power at the 5 %
            level, before correction for several claims; None with one seed.
        seeds_needed: seeds for effects of 0.5, 1, 2, 3 and 5 points; given for means over languages and tasks,
            empty for single languages, groups, and where nothing is random.
        permutations: one a thing that can be exchanged; empty for groups and gaps.
    """

    value: float
    low: float
    high: float
    standard_error: float
    seed_error: float | None
    example_error: float
    degrees_of_freedom: float
    p: float | None
    p_adjusted: float | None
    conclusive: bool
    note: str | None
    scope: Scope = THESE
    resampled: tuple[Source, ...] = ("seeds", "examples")
    language_error: float | None = None
    probability_better: float | None = None
    probability_run_better: float | None = None
    smallest_effect: float | None = None
    seeds_needed: tuple[SeedsNeeded, ...] = ()
    permutations: tuple[PermutationTest, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupScore:
    """A sequence's mean over the target languages of one group, on a task or over all tasks that have any of them.

    Attributes:
        property: what languages are grouped by, such as ``family``.
        group: None: it is not known for these languages.
        bounds: smallest and largest value in the group, for a property that is a number; else None.
        task: None: the mean over tasks.
        difference: to the baseline, for these languages; None for the baseline itself.
        general_difference: the same for languages like these.
    """

    property: str
    group: str | None
    bounds: tuple[float, float] | None
    sequence: str
    task: str | None
    languages: tuple[str, ...]
    score: float
    difference: Difference | None
    general_difference: Difference | None


@dataclass(frozen=True, slots=True)
class TransferGap:
    """What is lost on the way from the source language: source score minus the mean over target languages.

    Attributes:
        task: None: the mean over the tasks that are tested in their source language.
        gap: of this sequence, for these languages; ``general_gap`` for languages like these.
        difference: this sequence's gap minus the baseline's; None for the baseline itself. Below 0: the gap
            is smaller than the baseline's.
        general_difference: the same for languages like these.
    """

    sequence: str
    task: str | None
    source_score: float
    target_score: float
    gap: Difference
    general_gap: Difference
    difference: Difference | None
    general_difference: Difference | None


@dataclass(frozen=True, slots=True)
class CostGain:
    """What a sequence costs, and what a point gained costs (a point is 0.01).

    Attributes:
        score: mean over all tasks.
        seconds: of training, all seeds together; None where not known.
        flops: floating-point operations, likewise.
        on_front_by_seconds: no other sequence has at least its score for at most its seconds, with one of the
            two better (Pareto); None where a cost is not known.
        on_front_by_flops: the same by operations.
        seconds_per_point: seconds beyond the baseline's for each point gained on it; below 0 where it is
            cheaper and better; None where no gain is shown (``note`` says so) or a cost is not known.
        flops_per_point: the same in operations.
    """

    sequence: str
    score: float
    seconds: float | None
    flops: float | None
    on_front_by_seconds: bool | None
    on_front_by_flops: bool | None
    seconds_per_point: float | None
    flops_per_point: float | None
    note: str | None


@dataclass(frozen=True, slots=True)
class StochasticOrder:
    """Almost stochastic order of the seeds' scores of two sequences (Dror et al. 2019, Deep Dominance).

    Attributes:
        task: None: scores are means over all tasks.
        violation_ratio: share of the squared Wasserstein distance in which ``first`` is not above ``second``;
            0: always above, 1: never; None where all scores are equal.
        epsilon_min: upper 95 % bound of the ratio; below 0.5 ``first`` is almost stochastically dominant.
        note: what few seeds take from it.
    """

    first: str
    second: str
    task: str | None
    violation_ratio: float | None
    epsilon_min: float | None
    n_first: int
    n_second: int
    note: str | None


Verdict: TypeAlias = Literal[
    "best",
    "better than the baseline",
    "worse than the baseline",
    "no difference shown",
    "not conclusive",
    "one sequence",
]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The answer in one sentence, with its uncertainty and its scope.

    Attributes:
        task: None: over tasks. ``category``: over the tasks of one category.
        verdict: ``best``: beats every other sequence; ``better than the baseline``: ``sequences`` do, but none
            beats every other; ``worse than the baseline``: the baseline is not beaten, and ``sequences`` are
            shown to lose to it.
        sequences: those the verdict speaks of, the highest first; empty where nothing is shown.
    """

    task: str | None
    category: str | None
    scope: Scope
    verdict: Verdict
    sequences: tuple[str, ...]
    sentence: str
