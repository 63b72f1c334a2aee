"""Examples that are right with one sequence and wrong with another: counted, and some of them kept.

An example flips where most seeds of one sequence have it right and most seeds of the other have it wrong. What is right
is strict: the right label, every tag right, the very answer, nothing where nothing is to be found. Where cases of
several questions are scored, the cases flip, and a question that was answered differently is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest

import numpy as np
from numpy.typing import NDArray

from waystage.data.examples import Example, case_of
from waystage.data.prepare import load_examples
from waystage.metrics.metric import FloatArray, Metric, Prediction
from waystage.metrics.registry import make_metric
from waystage.plan.cell import Cell
from waystage.plan.plan import Plan
from waystage.prediction.files import read_predictions
from waystage.record.example_texts import ExampleInWords, Setting, in_words
from waystage.record.scores import metric_scores
from waystage.report.record import FlipCount, FlippedExample
from waystage.store.canonical import digest_bytes
from waystage.store.store import Store
from waystage.study.study import Target

MAX_IN_GROUP = 8
"""Examples that are kept of a task, language and pair of sequences."""
MAX_BYTES = 1_100_000
"""Of JSON, for all that is kept."""

_STRICT = {
    "macro-f1": "accuracy",
    "span-f1": "token-accuracy",
    "answer-f1": "exact-match",
    "answer-f1-em": "exact-match",
    "mlqa-f1": "mlqa-exact-match",
    "mlqa-f1-em": "mlqa-exact-match",
}
"""The metric that says for one example whether it is right, where the task's own says something else."""

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What is right with one sequence: ``right`` is ``[n_seeds, n_examples]``; seed None where nothing is random."""

    sequence: str
    seeds: tuple[int | None, ...]
    ids: tuple[str, ...]
    right: BoolArray

    @property
    def n_right(self) -> NDArray[np.int64]:
        """Seeds that have each example right."""
        counts: NDArray[np.int64] = self.right.sum(axis=0)
        return counts

    @property
    def is_mostly_right(self) -> BoolArray:
        """More than half of the seeds have it right."""
        return 2 * self.n_right > len(self.seeds)

    @property
    def is_mostly_wrong(self) -> BoolArray:
        """More than half of the seeds have it wrong."""
        return 2 * self.n_right < len(self.seeds)


@dataclass(frozen=True, eq=False)
class Pair:
    """The same examples with two sequences."""

    task: str
    language: str
    first: Outcomes
    second: Outcomes

    def count(self) -> FlipCount:
        """How many flip, each way."""
        gained, lost = self._flips()
        names = (self.task, self.language, self.first.sequence, self.second.sequence)
        return FlipCount(*names, len(self.first.ids), int(gained.sum()), int(lost.sum()))

    def places(self) -> list[int]:
        """Some of the examples that flip: gained and lost in turn, clear ones first, then by the digests of their ids.

        The order by digests is the same in every language of a parallel test set.
        """
        share = self.second.right.mean(axis=0) - self.first.right.mean(axis=0)

        def ranked(flips: BoolArray) -> list[int]:
            ids = self.first.ids
            return sorted(
                np.flatnonzero(flips).tolist(), key=lambda i: (-abs(share[i]), digest_bytes(ids[i].encode("utf-8")))
            )

        gained, lost = map(ranked, self._flips())
        in_turn = chain.from_iterable(zip_longest(gained, lost))
        return [place for place in in_turn if place is not None][:MAX_IN_GROUP]

    def runs(self, place: int) -> tuple[tuple[str, int | None], tuple[str, int | None]]:
        """Sequence and seed of a run of each, of the same seed, in which the example is as it mostly is."""
        first, second = self.first, self.second
        states = first.is_mostly_right[place], second.is_mostly_right[place]
        row, other = next(
            (f, s) for f, s in self._paired_rows() if (first.right[f, place], second.right[s, place]) == states
        )
        return (first.sequence, first.seeds[row]), (second.sequence, second.seeds[other])

    def _flips(self) -> tuple[BoolArray, BoolArray]:
        gained = self.first.is_mostly_wrong & self.second.is_mostly_right
        return gained, self.first.is_mostly_right & self.second.is_mostly_wrong

    def _paired_rows(self) -> list[tuple[int, int]]:
        """Rows of the same seed; what is not random goes with every seed."""
        pairs = [(f, s) for f in range(len(self.first.seeds)) for s in range(len(self.second.seeds))]
        same = [(f, s) for f, s in pairs if _same_seed(self.first.seeds[f], self.second.seeds[s])]
        return same + [pair for pair in pairs if pair not in same]


def find_flips(plan: Plan, store: Store) -> tuple[tuple[FlipCount, ...], tuple[FlippedExample, ...]]:
    """Counts for every task, language and sequence but the baseline, and examples within ``MAX_BYTES`` of JSON.

    Raises:
        StoreError: an artefact is damaged.
    """
    counts: list[FlipCount] = []
    groups: list[list[FlippedExample]] = []
    for target in plan.study.targets:
        reader = _Reader.of(target, plan, store)
        for pair in reader.pairs():
            counts.append(pair.count())
            groups.append(list(reader.examples(pair)))
    return tuple(counts), _within_budget(groups)


def _within_budget(groups: Sequence[Sequence[FlippedExample]]) -> tuple[FlippedExample, ...]:
    """One of each group, then a second of each, as long as there is room; groups in an order that mixes languages."""
    order = sorted((group for group in groups if group), key=_mixing_key)
    kept: set[int] = set()
    n_bytes = 0
    for rank in range(MAX_IN_GROUP):
        for group in order:
            if rank < len(group):
                n_bytes += len(json.dumps(asdict(group[rank]), ensure_ascii=False).encode("utf-8"))
                if n_bytes > MAX_BYTES:
                    return tuple(flip for group in groups for flip in group if id(flip) in kept)
                kept.add(id(group[rank]))
    return tuple(flip for group in groups for flip in group)


def _mixing_key(group: Sequence[FlippedExample]) -> str:
    return digest_bytes(f"{group[0].task}\n{group[0].language}\n{group[0].second}".encode())


@dataclass(slots=True)
class _Reader:
    """Reads the examples and answers of one target."""

    target: Target
    store: Store
    baseline: str
    cells: Mapping[tuple[str, int | None], Cell]
    outcomes: Mapping[str, Sequence[Outcomes]]
    data_ids: Mapping[str, str]

    @classmethod
    def of(cls, target: Target, plan: Plan, store: Store) -> _Reader:
        own = [cell for cell in plan.cells if cell.target is target]
        data_ids = plan.node(own[0].score_id).spec["data"]
        cells = {(cell.sequence, cell.seed): cell for cell in own}
        return cls(target, store, plan.study.baseline, cells, _outcomes(own, store), data_ids)

    def pairs(self) -> Iterator[Pair]:
        """The baseline with each other sequence, in every language."""
        for language, outcomes in self.outcomes.items():
            by_name = {own.sequence: own for own in outcomes}
            first = by_name.pop(self.baseline)
            for second in by_name.values():
                yield Pair(self.target.task.name, language, first, second)

    def examples(self, pair: Pair) -> Iterator[FlippedExample]:
        """Some examples that flip, in words; none for a form of example that has no wording."""
        places = pair.places()
        if not places:
            return
        examples = load_examples(self.store, self.data_ids[pair.language])
        by_case: dict[str, list[Example]] = {}
        for example in examples:
            by_case.setdefault(case_of(example), []).append(example)
        setting = Setting(pair.language, self.target.task.source_language, {own.id: own for own in examples})
        known: dict[tuple[str, int | None], dict[str, Prediction]] = {}
        for place in places:
            runs = pair.runs(place)
            for run in runs:
                known.setdefault(run, self._predictions(run, pair.language))
            first, second = (known[run] for run in runs)
            asked = by_case.get(pair.first.ids[place]) or [setting.by_id[pair.first.ids[place]]]
            example = next((own for own in asked if first[own.id] != second[own.id]), asked[0])
            words = in_words(example, [first[example.id], second[example.id]], setting)
            if words is not None:
                seed = next((seed for _, seed in runs if seed is not None), None)
                yield _flip(pair, place, seed, words)

    def _predictions(self, key: tuple[str, int | None], language: str) -> dict[str, Prediction]:
        artefact = self.store.open(self.cells[key].prediction_id, verify=False)
        return read_predictions(artefact.checked_path(f"test-{language}.jsonl"))


def _outcomes(cells: Sequence[Cell], store: Store) -> dict[str, list[Outcomes]]:
    """By language: one entry a sequence, in the order of the study."""
    found: dict[str, dict[str, list[tuple[int | None, tuple[str, ...], BoolArray]]]] = {}
    for cell in cells:
        task = cell.target.task
        strict = _STRICT.get(task.metric_name, task.metric_name)
        name = strict if strict in task.metric_names else task.metric_name
        metric = make_metric(name, task.labels)
        for scores in metric_scores(cell, name, store):
            right = _is_right(metric, scores.statistics)
            found.setdefault(scores.language, {}).setdefault(cell.sequence, []).append((cell.seed, scores.ids, right))
    return {
        language: [
            Outcomes(
                sequence, tuple(seed for seed, _, _ in runs), runs[0][1], np.stack([right for _, _, right in runs])
            )
            for sequence, runs in by_sequence.items()
        ]
        for language, by_sequence in found.items()
    }


def _is_right(metric: Metric, statistics: FloatArray) -> BoolArray:
    """Which rows score 1. One without a score has nothing to be found, and nothing was found for it: right."""
    scores = metric.score(statistics)
    right: BoolArray = (scores >= 1.0) | np.isnan(scores)
    return right


def _flip(pair: Pair, place: int, seed: int | None, words: ExampleInWords) -> FlippedExample:
    return FlippedExample(
        task=pair.task,
        language=pair.language,
        example_id=pair.first.ids[place],
        first=pair.first.sequence,
        second=pair.second.sequence,
        seed=seed,
        n_right_first=int(pair.first.n_right[place]),
        n_seeds_first=len(pair.first.seeds),
        n_right_second=int(pair.second.n_right[place]),
        n_seeds_second=len(pair.second.seeds),
        texts=words.texts,
        gold=words.gold,
        first_answer=words.answers[0],
        second_answer=words.answers[1],
        answer_language=words.answer_language,
    )


def _same_seed(first: int | None, second: int | None) -> bool:
    return first is None or second is None or first == second
