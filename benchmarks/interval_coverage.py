"""Do the 95 % intervals cover the truth 95 times in 100? A simulation with known truth, for few seeds.

Run: python benchmarks/interval_coverage.py [--trials N] [--json]

Examples are right or wrong by a probit model: a sequence's level in a language, a normal effect of the seed
(shared by the languages), a difficulty of the example (shared by everything), an effect of sequence and
example, and noise. The true difference over all seeds and examples is then known exactly. Two naive intervals
are shown beside ours.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

from waystage.comparison.compare import compare
from waystage.comparison.context import Options
from waystage.comparison.results import CellScores, FloatArray
from waystage.data.examples import Example
from waystage.metrics.metric import Metric, Prediction

LANGUAGES = ("en", "de", "fi", "hi", "sw", "th", "zh")
SEQUENCES = ("base", "continued", "intermediate", "both")
SEED_SD, DIFFICULTY_SD, PAIR_SD = 0.12, 0.8, 0.25
"""On the probit scale; a seed effect of 0.12 moves a score of 50 % by 3 to 4 points."""


@dataclass(frozen=True)
class Share:
    """Share of right examples; the one metric that the simulation needs."""

    name: str = "accuracy"
    columns: tuple[str, ...] = ("correct", "total")

    def statistics(self, gold: Example, prediction: Prediction) -> tuple[float, ...]:
        raise NotImplementedError("the simulation makes statistics, not predictions")

    def score(self, sums: FloatArray) -> FloatArray:
        return np.asarray(sums[..., 0] / sums[..., 1])


METRIC = Share()
METRICS: dict[str, Metric] = {"task": METRIC}


@dataclass(frozen=True)
class Coverage:
    """One row of the table: how often each method's interval holds the true difference."""

    n_seeds: int
    n_sequences: int
    true_points: float
    n_trials: int
    ours: float
    ours_width_points: float
    claims_of_best: float
    naive_seed_bootstrap: float
    t_test_over_languages: float


def simulate(
    generator: np.random.Generator, levels: FloatArray, n_seeds: int, n_examples: int
) -> dict[str, FloatArray]:
    """Right or wrong: sequence to ``[n_seeds, n_languages, n_examples]``; ``levels`` is per sequence."""
    language_levels = np.linspace(0.6, -0.6, len(LANGUAGES))[None, :, None]
    difficulty = generator.normal(0, DIFFICULTY_SD, n_examples)
    outcomes = {}
    for sequence, level in zip(SEQUENCES, levels, strict=False):
        seed_effect = generator.normal(0, SEED_SD, (n_seeds, 1, 1))
        pair_effect = generator.normal(0, PAIR_SD, n_examples)
        noise = generator.normal(0, 1, (n_seeds, len(LANGUAGES), n_examples))
        latent = level + language_levels + seed_effect + difficulty + pair_effect + noise
        outcomes[sequence] = (latent > 0).astype(np.float64)
    return outcomes


def true_difference(levels: FloatArray) -> float:
    """Second sequence minus the first, mean over target languages, over all seeds and examples."""
    spread = math.sqrt(1 + SEED_SD**2 + DIFFICULTY_SD**2 + PAIR_SD**2)
    language_levels = np.linspace(0.6, -0.6, len(LANGUAGES))[1:]
    scores = [stats.norm.cdf((level + language_levels) / spread).mean() for level in levels[:2]]
    return float(scores[1] - scores[0])


def cells_of(outcomes: dict[str, FloatArray]) -> list[CellScores]:
    """The outcomes as the comparison takes them."""
    cells = []
    for sequence, right in outcomes.items():
        for seed, by_language in enumerate(right):
            for language, row in zip(LANGUAGES, by_language, strict=True):
                ids = tuple(f"{number:05}" for number in range(len(row)))
                statistics = np.column_stack([row, np.ones_like(row)])
                columns = ("correct", "total")
                cells.append(CellScores(sequence, "task", language, seed, "accuracy", columns, ids, statistics))
    return cells


def naive_seed_bootstrap(outcomes: dict[str, FloatArray], generator: np.random.Generator) -> tuple[float, float]:
    """Percentile bootstrap of the few seeds' scores: what many papers do."""
    first, second = (outcomes[name][:, 1:].mean(axis=(1, 2)) for name in SEQUENCES[:2])
    draws = [scores[generator.integers(0, len(scores), (1000, len(scores)))].mean(axis=1) for scores in (first, second)]
    low, high = np.quantile(draws[1] - draws[0], [0.025, 0.975])
    return float(low), float(high)


def t_test_over_languages(outcomes: dict[str, FloatArray]) -> tuple[float, float]:
    """Paired t interval that takes the languages for the sample: the other thing that many papers do."""
    first, second = (outcomes[name][:, 1:].mean(axis=(0, 2)) for name in SEQUENCES[:2])
    interval = stats.ttest_rel(second, first).confidence_interval()
    return float(interval.low), float(interval.high)


def coverage(n_seeds: int, n_sequences: int, gain: float, n_trials: int, n_examples: int = 150) -> Coverage:
    """Simulate ``n_trials`` studies and count."""
    generator = np.random.default_rng([n_seeds, n_sequences, round(1000 * gain)])
    levels = np.array([0.0, gain, 0.0, 0.0][:n_sequences])
    truth = true_difference(levels)
    hits, widths, n_claims = np.zeros(3), [], 0
    for trial in range(n_trials):
        outcomes = simulate(generator, levels, n_seeds, n_examples)
        result = compare(
            cells_of(outcomes), {"task": METRIC}, "base", {"task": "en"}, options=Options(n_resamples=400, seed=trial)
        )
        ours = result.mean_score("continued", "task").difference
        n_claims += result.best_by_task[0].sequence is not None
        if ours is None:
            continue
        widths.append(ours.high - ours.low)
        intervals = (
            (ours.low, ours.high),
            naive_seed_bootstrap(outcomes, generator),
            t_test_over_languages(outcomes),
        )
        hits += [low <= truth <= high for low, high in intervals]
    shares = hits / n_trials
    width = 100 * float(np.mean(widths))
    claims = n_claims / n_trials
    return Coverage(n_seeds, n_sequences, 100 * truth, n_trials, shares[0], width, claims, shares[1], shares[2])


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000, help="simulated studies a row (default 1000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    settings = [(n_seeds, k, gain) for k in (2, 4) for gain in (0.0, 0.15) for n_seeds in (2, 3, 5)]
    rows = (coverage(*setting, arguments.trials) for setting in settings)
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print("share of 95 % intervals that hold the true difference")
    print("seqs seeds  truth   ours  (width)  seed boot.  t over lang.  best named")
    for row in rows:
        print(
            f"{row.n_sequences:4} {row.n_seeds:5} {row.true_points:6.2f} {row.ours:6.3f} "
            f"{row.ours_width_points:8.1f} {row.naive_seed_bootstrap:11.3f} "
            f"{row.t_test_over_languages:13.3f} {row.claims_of_best:11.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
