"""How fast is a full comparison? And does it agree with scipy's bootstrap, which takes how long?

Run: python benchmarks/comparison_speed.py [--quick] [--json]

The statistics are made up, of the sizes of XTREME-R: 10 tasks, 50 languages, about 700,000 test examples, with
5 seeds and 4 sequences, and 10,000 resamples. One of its tasks is then given to scipy.stats.bootstrap, which does
the same for one difference: the test examples resampled in pairs, the mean over languages scored each time.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy import stats

from waystage.comparison.compare import compare
from waystage.comparison.context import Context, Options
from waystage.comparison.results import CellScores, FloatArray
from waystage.execution.worker import peak_memory_bytes
from waystage.metrics.metric import Metric
from waystage.metrics.registry import make_metric


@dataclass(frozen=True)
class Shape:
    """The size of one task. ``is_parallel``: the languages' test sets are translations of each other."""

    task: str
    metric_name: str
    n_languages: int
    n_examples: int
    is_parallel: bool
    has_seeds: bool = True


XTREME_R = (
    Shape("xnli", "accuracy", 15, 5010, True),
    Shape("xcopa", "accuracy", 12, 500, True),
    Shape("udpos", "span-f1", 38, 1000, False),
    Shape("panx", "span-f1", 50, 8500, False),
    Shape("xquad", "answer-f1", 11, 1190, True),
    Shape("mlqa", "answer-f1", 7, 5500, True),
    Shape("tydiqa", "answer-f1", 9, 600, False),
    Shape("mewsli-x", "reciprocal-rank@20", 11, 1500, False, False),
    Shape("lareqa", "map@20", 11, 1190, True),
    Shape("tatoeba", "retrieval-accuracy", 36, 950, False, False),
)
"""Real test sets differ in size between languages; an equal size for all of a task gives the same total."""
SEQUENCES = ("base", "continued", "intermediate", "both")


def statistics_of(generator: np.random.Generator, shape: Shape, difficulty: FloatArray, level: float) -> FloatArray:
    """Rows of one run in one language."""
    n_examples = len(difficulty)
    right = difficulty + generator.normal(0, 0.5, n_examples) < level
    ones = np.ones(n_examples)
    if shape.metric_name == "span-f1":
        gold = 1.0 + np.floor(4 * np.abs(difficulty))
        found = np.where(right, gold, generator.binomial(gold.astype(int), 0.6))
        return np.column_stack([found, gold + generator.integers(-1, 2, n_examples).clip(1 - gold, 1), gold])
    if shape.metric_name == "answer-f1":
        partly = np.round(generator.random(n_examples) * 6) / 6
        return np.column_stack([right, np.where(right, 1.0, partly), ones])
    if shape.metric_name in ("reciprocal-rank@20", "map@20"):
        rank = np.where(right, 1, generator.integers(2, 25, n_examples))
        return np.column_stack([np.where(rank <= 20, 1 / rank, 0.0), ones])
    return np.column_stack([right, ones]).astype(np.float64)


def cells_of(generator: np.random.Generator, shape: Shape, n_seeds: int) -> list[CellScores]:
    """All runs of one task."""
    metric = make_metric(shape.metric_name)
    shared = generator.normal(size=shape.n_examples)
    cells = []
    for number in range(shape.n_languages):
        language = "en" if number == 0 else f"l{number:02}"
        difficulty = shared if shape.is_parallel else generator.normal(size=shape.n_examples)
        prefix = "" if shape.is_parallel else language
        ids = tuple(f"{prefix}{example:06}" for example in range(shape.n_examples))
        for place, sequence in enumerate(SEQUENCES):
            for seed in range(n_seeds) if shape.has_seeds else (None,):
                level = 0.5 - 0.02 * number + 0.05 * place + generator.normal(0, 0.03)
                rows = statistics_of(generator, shape, difficulty, level)
                names = (sequence, shape.task, language, seed, metric.name, metric.columns)
                cells.append(CellScores(*names, ids, rows))
    return cells


@dataclass(frozen=True)
class Speed:
    """What was measured."""

    n_tasks: int
    n_languages: int
    n_examples: int
    n_runs: int
    n_resamples: int
    compare_seconds: float
    peak_gigabytes: float


@dataclass(frozen=True)
class AgainstScipy:
    """One task, one pair of runs, the examples alone resampled by both; errors and intervals in points."""

    task: str
    n_resamples: int
    our_seconds: float
    scipy_seconds: float
    ratio: float
    our_error: float
    scipy_error: float
    our_interval: tuple[float, float]
    scipy_interval: tuple[float, float]
    monte_carlo_error: float
    deviation: float
    """Of the two standard errors, in Monte Carlo errors of their difference."""


def full(shapes: tuple[Shape, ...], n_seeds: int, n_resamples: int) -> Speed:
    """Compare everything, with groups of languages, and take the time."""
    generator = np.random.default_rng(1)
    cells = [cell for shape in shapes for cell in cells_of(generator, shape, n_seeds)]
    metrics: dict[str, Metric] = {shape.task: make_metric(shape.metric_name) for shape in shapes}
    languages = sorted({cell.language for cell in cells})
    groupings = {
        name: {language: f"{name} {place % n_groups}" for place, language in enumerate(languages)}
        for name, n_groups in (("family", 12), ("script", 8), ("resource level", 4), ("seen", 2))
    }
    overlap = {language: 1 / (1 + place) for place, language in enumerate(languages)}
    context = Context(groupings=groupings, measures={"vocabulary overlap": overlap})
    sources = dict.fromkeys(metrics, "en")
    started = time.perf_counter()
    compare(cells, metrics, "base", sources, context, Options(n_resamples=n_resamples))
    seconds = time.perf_counter() - started
    n_examples = sum(shape.n_languages * shape.n_examples for shape in shapes)
    peak = peak_memory_bytes() / 2**30
    n_runs = n_seeds * len(SEQUENCES)
    return Speed(len(shapes), len(languages), n_examples, n_runs, n_resamples, seconds, peak)


def against_scipy(shape: Shape, n_resamples: int) -> AgainstScipy:
    """The same question to both: mean over languages, one run of two sequences, examples resampled in pairs."""
    generator = np.random.default_rng(2)
    cells = [
        replace(cell, seed=None)
        for cell in cells_of(generator, shape, 1)
        if cell.sequence in SEQUENCES[:2] and cell.language != "en"
    ]
    metric = make_metric(shape.metric_name)
    started = time.perf_counter()
    result = compare(cells, {shape.task: metric}, "base", {shape.task: "en"}, options=Options(n_resamples=n_resamples))
    our_seconds = time.perf_counter() - started
    ours = result.mean_score("continued", shape.task).difference
    if ours is None:
        raise RuntimeError("the second sequence has no difference")
    stacks = [np.stack([cell.statistics for cell in cells if cell.sequence == name]) for name in SEQUENCES[:2]]
    n_examples = stacks[0].shape[1]

    def statistic(rows: FloatArray) -> float:
        base, other = (metric.score(own[:, rows.astype(int)].sum(axis=1)).mean() for own in stacks)
        return float(other - base)

    started = time.perf_counter()
    theirs = stats.bootstrap(
        (np.arange(n_examples),), statistic, n_resamples=n_resamples, vectorized=False, method="percentile", rng=3
    )
    scipy_seconds = time.perf_counter() - started
    interval = theirs.confidence_interval
    errors = 100 * ours.standard_error, 100 * float(theirs.standard_error)
    monte_carlo_error = errors[0] / float(np.sqrt(2 * n_resamples))
    return AgainstScipy(
        shape.task,
        n_resamples,
        our_seconds,
        scipy_seconds,
        scipy_seconds / our_seconds,
        *errors,
        (100 * ours.low, 100 * ours.high),
        (100 * float(interval.low), 100 * float(interval.high)),
        monte_carlo_error,
        abs(errors[0] - errors[1]) / (monte_carlo_error * float(np.sqrt(2))),
    )


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the examples and 300 resamples")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    shapes, n_resamples = XTREME_R, 10_000
    if arguments.quick:
        shapes = tuple(replace(shape, n_examples=max(20, shape.n_examples // 50)) for shape in shapes)
        n_resamples = 300
    speed = full(shapes, 5, n_resamples)
    scipy = against_scipy(shapes[0], n_resamples)
    if arguments.json:
        print(json.dumps({"full": asdict(speed), "against_scipy": asdict(scipy)}, indent=2))
        return
    print(f"{speed.n_tasks} tasks, {speed.n_languages} languages, {speed.n_examples:,} examples, {speed.n_runs} runs")
    print(f"{speed.n_resamples:,} resamples: {speed.compare_seconds:.1f} s, at most {speed.peak_gigabytes:.2f} GiB")
    print(f"{scipy.task} alone, one run each: {scipy.our_seconds:.2f} s; scipy {scipy.scipy_seconds:.1f} s")
    print(f"{scipy.ratio:.0f} times as fast; standard error {scipy.our_error:.4f} and {scipy.scipy_error:.4f} points")
    print(f"Monte Carlo error of each {scipy.monte_carlo_error:.4f}: {scipy.deviation:.1f} of them apart")
    shown = [f"{low:+.3f} to {high:+.3f}" for low, high in (scipy.our_interval, scipy.scipy_interval)]
    print(f"interval {shown[0]} and {shown[1]}")


if __name__ == "__main__":
    main()
