"""Do 95 % intervals hold the truth 95 times in 100, and are 5 % of true zeros called differences?

Run: python benchmarks/calibration.py [--trials N] [--quick] [--json]

A simulation with known truth. A run answers an example by a latent value: level of the language, effect of sequence
and language, effect of the seed, of seed and language, difficulty of the example, effect of sequence and example,
noise. Each metric family turns latent values into its own statistics. The spreads are those of real runs: outcomes of
two systems on XNLI correlate by 0.6, seeds of the demo scatter by 1 to 3 points, and differences scatter by about 3
points between languages. Other methods are shown beside ours on the same scores.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

import numpy as np
from scipy import stats

from waystage.comparison.claims import Difference
from waystage.comparison.compare import compare
from waystage.comparison.context import Options
from waystage.comparison.order import stochastic_order
from waystage.comparison.results import CellScores, FloatArray
from waystage.metrics.metric import Metric
from waystage.metrics.registry import make_metric

SEQUENCES = ("base", "other", "third", "fourth")
N_LANGUAGES, N_EXAMPLES, N_RESAMPLES = 10, 200, 500
OTHERS_EVERY = 4
"""Other methods are slower and further off, so every fourth study is enough to show them."""
LEVEL_SD, DIFFICULTY_SD, PAIR_SD, NOISE_SD = 0.9, 2.0, 0.5, 1.0
SEED_SD, SEED_LANGUAGE_SD, LANGUAGE_SD, GAIN = 0.12, 0.12, 0.2, 0.17
"""On the latent scale; 0.12 is about 2 points of accuracy."""
EXAMPLE_SD = float(np.sqrt(DIFFICULTY_SD**2 + PAIR_SD**2 + NOISE_SD**2))


@dataclass(frozen=True)
class Family:
    """A metric, and how latent values become its statistics.

    Attributes:
        expected: latent values ``[...]`` to the expected statistics, ``[..., n_columns]``.
        drawn: the same, drawn at random.
        is_parallel: the languages have the same examples, so part of the difficulty is shared.
    """

    metric_name: str
    expected: Callable[[FloatArray], FloatArray]
    drawn: Callable[[np.random.Generator, FloatArray], FloatArray]
    is_parallel: bool

    @property
    def metric(self) -> Metric:
        return make_metric(self.metric_name)


def right_or_wrong(latent: FloatArray) -> FloatArray:
    return np.stack([latent > 0, np.ones_like(latent)], axis=-1).astype(np.float64)


def answers(latent: FloatArray) -> FloatArray:
    """Exact match, and F1 that is partly there below it."""
    exact = latent > 0.7
    return np.stack([exact, np.where(exact, 1.0, np.clip(0.4 + 0.3 * latent, 0, 0.9)), np.ones_like(latent)], axis=-1)


def ranks(latent: FloatArray) -> FloatArray:
    rank = np.floor(np.exp(1.2 * np.maximum(-latent, 0)))
    return np.stack([np.where(rank <= 20, 1 / rank, 0.0), np.ones_like(latent)], axis=-1)


GOLD_MEAN, FALSE_MEAN = 2.0, 0.8


def expected_spans(latent: FloatArray) -> FloatArray:
    found = stats.norm.cdf(latent)
    right, gold = GOLD_MEAN * found, np.full_like(latent, GOLD_MEAN)
    return np.stack([right, right + FALSE_MEAN * (1 - found), gold], axis=-1)


def drawn_spans(generator: np.random.Generator, latent: FloatArray) -> FloatArray:
    """Gold is the same in every run: it is drawn for an example, the last axis."""
    gold = np.broadcast_to(1 + generator.poisson(GOLD_MEAN - 1, latent.shape[2:]), latent.shape)
    found = stats.norm.cdf(latent)
    right = generator.binomial(gold, found)
    return np.stack([right, right + generator.poisson(FALSE_MEAN * (1 - found)), gold], axis=-1).astype(np.float64)


def exactly(expected: Callable[[FloatArray], FloatArray]) -> Callable[[np.random.Generator, FloatArray], FloatArray]:
    return lambda _, latent: expected(latent)


FAMILIES = {
    "accuracy": Family("accuracy", right_or_wrong, exactly(right_or_wrong), is_parallel=True),
    "span F1": Family("span-f1", expected_spans, drawn_spans, is_parallel=False),
    "EM and F1": Family("answer-f1-em", answers, exactly(answers), is_parallel=True),
    "rank": Family("reciprocal-rank@20", ranks, exactly(ranks), is_parallel=False),
}


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    Attributes:
        gain: of the second sequence, on the latent scale, as is ``language_sd``.
        shared_seeds: share of the variance between seeds that is the same for all sequences.
        pairs_seeds: the comparison's option.
        n_languages: of each task; tasks have their first languages in common, and half of each effect of sequence
            and language.
    """

    family: str
    n_seeds: int
    gain: float = 0.0
    language_sd: float = 0.0
    n_sequences: int = 2
    shared_seeds: float = 0.0
    pairs_seeds: bool = False
    n_languages: tuple[int, ...] = (N_LANGUAGES,)

    @property
    def is_plain(self) -> bool:
        """Two sequences on one task with independent seeds: what the other methods are made for."""
        return self.n_sequences == 2 and self.shared_seeds == 0.0 and len(self.n_languages) == 1


@dataclass(frozen=True)
class Study:
    """A simulated study and the true differences of its first two sequences, second minus first.

    Attributes:
        statistics: ``[n_sequences, n_seeds, n_languages, n_examples, n_columns]``.
    """

    statistics: FloatArray
    these: float
    like_these: float


class Truth:
    """The true score of a level: mean over examples and seeds."""

    def __init__(self, family: Family) -> None:
        grid = np.linspace(-7, 7, 1401)
        steps = np.linspace(-5, 5, 2001)
        weights = stats.norm.pdf(steps) / stats.norm.pdf(steps).sum()
        sums = np.einsum("e,gec->gc", weights, family.expected(grid[:, None] + EXAMPLE_SD * steps))
        self._grid, self._one_run = grid, family.metric.score(sums)

    def score(self, levels: FloatArray, spread: float) -> FloatArray:
        """Mean over normal deviations of the level with that spread."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(21)
        own = np.interp(levels[..., None] + spread * nodes, self._grid, self._one_run)
        return np.asarray(own @ weights / weights.sum())


SEEDS_SPREAD = float(np.hypot(SEED_SD, SEED_LANGUAGE_SD))


def simulate(generator: np.random.Generator, setting: Setting, truth: Truth) -> list[Study]:
    """Draw a study of each task."""
    size = (setting.n_sequences, max(setting.n_languages))
    shared = generator.normal(0, setting.language_sd, size)
    studies = []
    for n_languages in setting.n_languages:
        effects = shared
        if len(setting.n_languages) > 1:
            effects = np.sqrt(0.5) * (shared + generator.normal(0, setting.language_sd, size))
        studies.append(simulate_task(generator, setting, truth, effects[:, :n_languages]))
    return studies


def simulate_task(generator: np.random.Generator, setting: Setting, truth: Truth, effects: FloatArray) -> Study:
    """Draw a study of one task; ``effects`` are of sequence and language, ``[n_sequences, n_languages]``."""
    family, n_seeds = FAMILIES[setting.family], setting.n_seeds
    n_sequences, n_languages = effects.shape
    gains = np.zeros((n_sequences, 1))
    gains[1] = setting.gain
    levels = generator.normal(0, LEVEL_SD, n_languages) + effects + gains
    common = np.sqrt(setting.shared_seeds) * generator.normal(0, SEED_SD, (1, n_seeds, 1))
    own = np.sqrt(1 - setting.shared_seeds) * generator.normal(0, SEED_SD, (n_sequences, n_seeds, 1))
    seeds = common + own + generator.normal(0, SEED_LANGUAGE_SD, (n_sequences, n_seeds, n_languages))
    size = (n_languages, N_EXAMPLES)
    difficulty = generator.normal(0, DIFFICULTY_SD, size)
    if family.is_parallel:
        difficulty = np.sqrt(0.5) * (difficulty + generator.normal(0, DIFFICULTY_SD, N_EXAMPLES))
    latent = (levels[:, None] + seeds)[..., None] + difficulty
    latent = latent + generator.normal(0, PAIR_SD, (n_sequences, 1, *size))
    latent = latent + generator.normal(0, NOISE_SD, latent.shape)
    scores = truth.score(levels[:2], SEEDS_SPREAD).mean(axis=1)
    general = truth.score(gains[:2, 0], float(np.sqrt(SEEDS_SPREAD**2 + LEVEL_SD**2 + setting.language_sd**2)))
    return Study(family.drawn(generator, latent), float(scores[1] - scores[0]), float(general[1] - general[0]))


def cells_of(study: Study, family: Family, task: str) -> list[CellScores]:
    """The study as the comparison takes it."""
    metric, cells = family.metric, []
    for language in range(study.statistics.shape[2]):
        prefix = "" if family.is_parallel else f"{language}-"
        ids = tuple(f"{prefix}{number:04}" for number in range(N_EXAMPLES))
        for sequence, runs in zip(SEQUENCES, study.statistics, strict=False):
            for seed, by_language in enumerate(runs):
                names = (sequence, task, f"l{language}", seed, metric.name, metric.columns)
                cells.append(CellScores(*names, ids, by_language[language]))
    return cells


Interval = tuple[float, float]


def t_over_languages(scores: FloatArray) -> Interval:
    """Paired t interval that takes the languages for the sample; ``[2, n_seeds, n_languages]``."""
    means = scores.mean(axis=1)
    interval = stats.ttest_rel(means[1], means[0]).confidence_interval()
    return float(interval.low), float(interval.high)


def bootstraps(generator: np.random.Generator, study: Study, family: Family) -> dict[str, Interval]:
    """Percentile intervals: examples in pairs alone; seeds and examples; seeds, languages and examples."""
    size = (N_RESAMPLES, 1 if family.is_parallel else N_LANGUAGES)
    weights = generator.multinomial(N_EXAMPLES, np.full(N_EXAMPLES, 1 / N_EXAMPLES), size).astype(np.float64)
    weights = np.broadcast_to(weights, (N_RESAMPLES, N_LANGUAGES, N_EXAMPLES))
    rows = study.statistics[:2]
    by_language = rows.transpose(2, 3, 0, 1, 4).reshape(N_LANGUAGES, N_EXAMPLES, -1)
    sums = np.matmul(weights.transpose(1, 0, 2), by_language)
    scores = family.metric.score(sums.reshape(N_LANGUAGES, N_RESAMPLES, 2, rows.shape[1], -1)).transpose(1, 2, 3, 0)
    n_seeds = rows.shape[1]
    chosen = generator.integers(0, n_seeds, (N_RESAMPLES, 2, n_seeds, 1))
    seeded = np.take_along_axis(scores, chosen, axis=2)
    languages = generator.integers(0, N_LANGUAGES, (N_RESAMPLES, 1, 1, N_LANGUAGES))
    drawn = {
        "examples": scores.mean(axis=(2, 3)),
        "hierarchical": seeded.mean(axis=(2, 3)),
        "hierarchical with languages": np.take_along_axis(seeded, languages, axis=3).mean(axis=(2, 3)),
    }
    quantiles = {name: np.quantile(own[:, 1] - own[:, 0], [0.025, 0.975]) for name, own in drawn.items()}
    return {name: (float(low), float(high)) for name, (low, high) in quantiles.items()}


@dataclass
class Counts:
    """How often it happened, and of how many."""

    n_true: dict[str, int] = field(default_factory=dict)
    n_all: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, happened: bool) -> None:
        self.n_true[name] = self.n_true.get(name, 0) + bool(happened)
        self.n_all[name] = self.n_all.get(name, 0) + 1

    def shares(self) -> dict[str, float]:
        return {name: count / self.n_all[name] for name, count in self.n_true.items()}


def one_trial(generator: np.random.Generator, setting: Setting, truth: Truth, counts: Counts, number: int) -> None:
    """Simulate a study, ask every method, count."""
    family, studies = FAMILIES[setting.family], simulate(generator, setting, truth)
    cells = [cell for place, study in enumerate(studies) for cell in cells_of(study, family, f"task {place}")]
    metrics, sources = ({cell.task: value for cell in cells} for value in (family.metric, "en"))
    options = Options(N_RESAMPLES, number, setting.pairs_seeds)
    result = compare(cells, metrics, "base", sources, options=options)
    mean = result.mean_score("other", None)
    if mean.difference is None or mean.general_difference is None or result.general_best_overall is None:
        raise RuntimeError("no difference")
    _count(counts, "these", mean.difference, float(np.mean([study.these for study in studies])))
    _count(counts, "like", mean.general_difference, studies[0].like_these)
    if setting.gain == 0.0:
        counts.add("best named, like", result.general_best_overall.sequence is not None)
        if setting.language_sd == 0.0:
            counts.add("best named, these", result.best_overall.sequence is not None)
    if setting.gain or not setting.is_plain:
        return
    for test in mean.general_difference.permutations:
        if setting.language_sd == 0.0 or test.exchanged == "languages":
            counts.add(f"called: exchanging {test.exchanged}", test.p <= 0.05)
    if number % OTHERS_EVERY == 0:
        _count_others(generator, setting, studies[0], counts)


def _count(counts: Counts, name: str, own: Difference, truth: float) -> None:
    counts.add(f"holds, {name}", own.low <= truth <= own.high)
    if truth == 0.0:
        counts.add(f"called, {name}", own.p is not None and own.p <= 0.05)


def _count_others(generator: np.random.Generator, setting: Setting, study: Study, counts: Counts) -> None:
    family = FAMILIES[setting.family]
    scores = family.metric.score(study.statistics[:2].sum(axis=3))
    intervals = bootstraps(generator, study, family) | {"t over languages": t_over_languages(scores)}
    for name, (low, high) in intervals.items():
        if setting.language_sd == 0.0 or "languages" in name:
            counts.add(f"called: {name}", low > 0 or high < 0)
    if setting.language_sd == 0.0:
        counts.add("called: ASO", aso_calls(scores.mean(axis=2)))


def aso_calls(scores: FloatArray) -> bool:
    """Whether almost stochastic order over seeds, ``[2, n_seeds]``, names one of the two at the usual 0.5."""
    orders = [stochastic_order(("a", "b"), (scores[a], scores[1 - a]), None, 100, 0) for a in (0, 1)]
    return any(own.epsilon_min is not None and own.epsilon_min < 0.5 for own in orders)


@dataclass(frozen=True)
class Row:
    """What came of one family, number of seeds and kind of study; all shares."""

    name: str
    n_seeds: int
    n_trials: int
    shares: dict[str, float]


REGIMES = ((0.0, 0.0), (0.0, LANGUAGE_SD), (GAIN, LANGUAGE_SD))
"""Gain and spread between languages: nothing differs; languages differ, but not on average; a gain."""


def run(name: str, settings: list[Setting], n_trials: int) -> Row:
    """All settings of a row, counted together."""
    counts = Counts()
    truth = Truth(FAMILIES[settings[0].family])
    for place, setting in enumerate(settings):
        words = [place, setting.n_seeds, setting.n_sequences, list(FAMILIES).index(setting.family)]
        generator = np.random.default_rng(words)
        for number in range(n_trials):
            one_trial(generator, setting, truth, counts, number)
    return Row(name, settings[0].n_seeds, n_trials * len(settings), counts.shares())


def planned(seeds: tuple[int, ...]) -> Iterator[tuple[str, list[Setting]]]:
    """The rows: every family; then several tasks, four sequences, and seeds whose effects are shared."""
    for family in FAMILIES:
        for n_seeds in seeds:
            yield family, [Setting(family, n_seeds, gain, spread) for gain, spread in REGIMES]
    for n_seeds in seeds[:3]:
        settings = [Setting("accuracy", n_seeds, gain, spread, n_languages=(10, 7, 4)) for gain, spread in REGIMES]
        yield "mean over 3 tasks", settings
    for n_seeds in seeds[:2]:
        yield "4 sequences", [Setting("accuracy", n_seeds, 0.0, spread, 4) for spread in (0.0, LANGUAGE_SD)]
    for pairs in (False, True):
        name = f"half of the seed effect shared{', paired' if pairs else ''}"
        yield name, [Setting("accuracy", seeds[-2], 0.0, 0.0, 2, 0.5, pairs)]


COLUMNS = (
    ("holds, these", "holds"),
    ("called, these", "called"),
    ("holds, like", "holds*"),
    ("called, like", "called*"),
    ("best named, these", "best"),
    ("called: exchanging examples", "ex.ex"),
    ("called: exchanging seeds", "ex.seed"),
    ("called: exchanging languages", "ex.lang*"),
    ("called: t over languages", "t lang"),
    ("called: examples", "boot ex"),
    ("called: hierarchical", "boot h"),
    ("called: hierarchical with languages", "boot h*"),
    ("called: ASO", "ASO"),
)


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200, help="simulated studies of each kind (default 200)")
    parser.add_argument("--quick", action="store_true", help="a smoke test of seconds; its shares mean nothing")
    parser.add_argument("--only", default="", help="rows whose name begins like this")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    n_trials, seeds = (2, (2, 3)) if arguments.quick else (arguments.trials, (2, 3, 5, 10))
    started = time.perf_counter()
    chosen = [(name, settings) for name, settings in planned(seeds) if name.startswith(arguments.only)]
    found = (run(name, settings, n_trials) for name, settings in chosen)
    if arguments.json:
        print(json.dumps([asdict(row) for row in found], indent=2))
        return
    print("percent of studies; holds: the 95 % interval holds the truth; called: a true zero is called a difference")
    print("*: languages like these; else these languages. ex.: exchanging. boot: percentile bootstrap, h: hierarchical")
    print(f"{'':40} seeds studies " + " ".join(f"{short:>8}" for _, short in COLUMNS))
    for row in found:
        shares = (row.shares.get(name) for name, _ in COLUMNS)
        cells = " ".join(f"{'' if share is None else f'{100 * share:.1f}':>8}" for share in shares)
        print(f"{row.name:40} {row.n_seeds:5} {row.n_trials:7} {cells}", flush=True)
    print(f"took {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
