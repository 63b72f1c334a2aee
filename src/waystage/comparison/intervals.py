"""The interval of a difference between two sequences: a seed part, an example part and a language part.

docs/decisions/0010-two-scopes-of-a-claim.md says why it is built like this.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from waystage.comparison.claims import LIKE_THESE, THESE, Difference, Scope, Source
from waystage.comparison.evidence import Moments
from waystage.comparison.power import seeds_needed, smallest_effect
from waystage.comparison.results import FloatArray
from waystage.comparison.student import Part, effective_degrees, probability_above, t_quantile, two_sided_p

ONE_SEED = "one seed: nothing can be said about training randomness"
NO_SPREAD = "no spread was seen between examples or seeds, so there is no interval"
ONE_LANGUAGE = "one language (of some task): nothing can be said about languages like these"


@dataclass(frozen=True, eq=False)
class Contrast:
    """First minus second sequence, or the first alone where ``second`` is None.

    Attributes:
        pairs_seeds: seed effects are shared by all sequences, so they are left out of a difference.
        limit: the largest value that is possible.
    """

    moments: Moments
    first: str
    second: str | None
    pairs_seeds: bool = False
    limit: float = 1.0

    @property
    def sequences(self) -> tuple[str, ...]:
        """The sequences that take part."""
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def weights(self) -> FloatArray:
        """Of the runs, ``[n_runs]``."""
        slices, weights = self.moments.layout.slices, np.zeros(len(self.moments.values))
        for sign, sequence in zip((1.0, -1.0), self.sequences, strict=False):
            own = slices[sequence]
            weights[own] = sign / (own.stop - own.start)
        return weights

    @property
    def value(self) -> float:
        """The difference."""
        means = [self.moments.mean(sequence) for sequence in self.sequences]
        return means[0] - sum(means[1:])

    @property
    def random(self) -> tuple[str, ...]:
        """Sequences of the two whose training is random."""
        return tuple(sequence for sequence in self.sequences if sequence in self.moments.random)

    @property
    def is_paired(self) -> bool:
        """Whether a seed's shared effect cancels."""
        return self.pairs_seeds and len(self.random) == 2

    def seed_degrees(self, n_seeds: int) -> int:
        """Independent deviations behind the variance between seeds, with so many seeds."""
        n_sequences = len(self.moments.random)
        return (n_seeds - 1) * (n_sequences - 1 if self.is_paired else n_sequences)


@dataclass(frozen=True, eq=False)
class _Parts:
    """The parts of a squared standard error, and what is missing among them.

    Attributes:
        examples: from the sample of test examples.
        languages: from the choice of languages; None where they are given, or only one is known.
        seeds: from training randomness; None where nothing is random, or with one seed.
        one_run: variance of the difference from training randomness with one seed a sequence, where known.
        missing: what is unknown, one sentence each.
    """

    examples: Part
    languages: Part | None
    seeds: Part | None
    one_run: float
    missing: tuple[str, ...]

    @classmethod
    def of(cls, contrast: Contrast, scope: Scope) -> _Parts:
        n_seeds = len(contrast.moments.layout.seeds[contrast.random[0]]) if contrast.random else 0
        one_run = _seed_spread(contrast, contrast.moments.values[None], n_seeds)
        seeds = None if one_run is None else Part(one_run / n_seeds, contrast.seed_degrees(n_seeds))
        languages = _language_part(contrast, n_seeds) if scope == LIKE_THESE else None
        missing = [ONE_SEED] if contrast.random and seeds is None else []
        missing += [ONE_LANGUAGE] if scope == LIKE_THESE and languages is None else []
        examples = Part(_example_variance(contrast), contrast.moments.n_examples - 1)
        return cls(examples, languages, seeds, one_run or 0.0, tuple(missing))

    @property
    def fixed(self) -> list[Part]:
        """Those that more seeds do not make smaller."""
        return [part for part in (self.examples, self.languages) if part is not None]

    @property
    def all(self) -> list[Part]:
        return [*self.fixed, self.seeds] if self.seeds is not None else self.fixed

    @property
    def seed_error(self) -> float | None:
        if ONE_SEED in self.missing:
            return None
        return math.sqrt(self.seeds.variance) if self.seeds is not None else 0.0


def difference(contrast: Contrast, scope: Scope = THESE, with_seeds_needed: bool = False) -> Difference:
    """The difference with an interval over seeds and examples, and languages where the scope says so.

    Args:
        contrast: what is compared.
        scope: whether the languages stand for others.
        with_seeds_needed: say how many seeds an effect needs.
    """
    parts, value = _Parts.of(contrast, scope), contrast.value
    error, degrees = math.sqrt(sum(part.variance for part in parts.all)), effective_degrees(parts.all)
    p = None if parts.missing else two_sided_p(value, error, degrees)
    notes = parts.missing or ((NO_SPREAD,) if p is None else ())
    margin = t_quantile(degrees) * error
    own = Difference(
        value=value,
        low=max(value - margin, -contrast.limit),
        high=min(value + margin, contrast.limit),
        standard_error=error,
        seed_error=parts.seed_error,
        example_error=math.sqrt(parts.examples.variance),
        degrees_of_freedom=degrees,
        p=p,
        p_adjusted=None,
        conclusive=not notes,
        note="; ".join(notes) or None,
        scope=scope,
        resampled=_resampled(contrast, scope),
        language_error=None if parts.languages is None else math.sqrt(parts.languages.variance),
    )
    if notes:
        return own
    is_wanted = with_seeds_needed and parts.seeds is not None
    return replace(
        own,
        probability_better=probability_above(value, error, degrees),
        probability_run_better=probability_above(value, math.sqrt(error**2 + parts.one_run), degrees),
        smallest_effect=smallest_effect(parts.all),
        seeds_needed=seeds_needed(parts.fixed, parts.one_run, contrast.seed_degrees) if is_wanted else (),
    )


def _resampled(contrast: Contrast, scope: Scope) -> tuple[Source, ...]:
    seeds: tuple[Source, ...] = ("seeds",) if contrast.random else ()
    languages: tuple[Source, ...] = ("languages",) if scope == LIKE_THESE else ()
    return (*seeds, "examples", *languages)


def _seed_spread(contrast: Contrast, rows: FloatArray, n_seeds: int) -> float | None:
    """Variance of the difference with one seed a sequence, summed over rows of values ``[n_rows, n_runs]``.

    The deviations of the seeds from their sequence's mean are pooled over all random sequences. None with one
    seed: then nothing is known; nor is there anything to know where nothing is random.
    """
    if n_seeds < 2:
        return None
    slices = contrast.moments.layout.slices
    own = np.stack([rows[:, slices[sequence]] for sequence in sorted(contrast.moments.random)], axis=1)
    deviations = own - own.mean(axis=2, keepdims=True)
    if contrast.is_paired:
        deviations = deviations - deviations.mean(axis=1, keepdims=True)
    return float((deviations**2).sum()) / contrast.seed_degrees(n_seeds) * len(contrast.random)


def _example_variance(contrast: Contrast) -> float:
    """Variance of the difference that comes from the sample of examples, shared by all seeds."""
    return max(_shared(contrast, contrast.moments.covariance), 0.0)


def _shared(contrast: Contrast, covariance: FloatArray) -> float:
    """Variance of the mean over seeds, less what an example does with one seed only.

    That is in the variance between seeds already, and is taken out here so that it counts once.
    """
    weights = contrast.weights
    slices = contrast.moments.layout.slices
    single = sum(_interaction(covariance[slices[sequence], slices[sequence]]) for sequence in contrast.random)
    return float(weights @ covariance @ weights) - single


def _interaction(covariance: FloatArray) -> float:
    """The part of the variance of a mean over seeds that differs from seed to seed; ``[n_seeds, n_seeds]``.

    With a shared part S and a part I of each of k seeds, one seed varies by S + I and the mean by S + I / k.
    """
    n_seeds = len(covariance)
    if n_seeds < 2:
        return 0.0
    return float(np.trace(covariance) / n_seeds - covariance.mean()) / (n_seeds - 1)


def _language_part(contrast: Contrast, n_seeds: int) -> Part | None:
    """Variance of the difference that comes from the choice of languages.

    The scatter of the languages holds what seeds and examples do to each of them, which the other parts hold
    too; that is taken out, so that it counts once.
    """
    spread = contrast.moments.languages
    if spread is None:
        return None
    scatter = float(((spread.rows @ contrast.weights) ** 2).sum())
    examples = max(_shared(contrast, spread.covariance), 0.0)
    seeds = _seed_spread(contrast, spread.rows, n_seeds)
    within = examples + (0.0 if seeds is None else seeds / n_seeds)
    return Part(max(scatter - within, 0.0), spread.n_languages - 1)
