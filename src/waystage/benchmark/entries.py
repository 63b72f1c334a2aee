"""Which task of a study is which task of the benchmarks, and what has to be said of it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from waystage.benchmark.benchmarks import (
    BUCC,
    LAREQA,
    MEWSLIX,
    MLQA,
    PANX,
    PAWSX,
    TATOEBA,
    TYDIQA,
    UDPOS,
    XCOPA,
    XNLI,
    XQUAD,
    BenchmarkTask,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A task of a study as an entry to a benchmark.

    Attributes:
        task: the task of the benchmark.
        metrics: the study's metric by the name of the measure that it has to agree with.
        note: how its test set, or its scoring, departs from the benchmark's; None: it does not.
    """

    task: BenchmarkTask
    metrics: Mapping[str, str]
    note: str | None = None


_ACCURACY = {"accuracy": "accuracy"}
_SPANS = {"f1": "span-f1"}
_SQUAD = {"exact_match": "exact-match", "f1": "answer-f1"}
_MLQA = {"exact_match": "mlqa-exact-match", "f1": "mlqa-f1"}


def _dev(task: BenchmarkTask, metrics: Mapping[str, str], files: str) -> Entry:
    return Entry(task, metrics, f"predictions for {files}, not for the benchmark's test set")


ENTRIES: dict[str, Entry] = {
    "xnli": Entry(XNLI, _ACCURACY),
    "pawsx": Entry(PAWSX, _ACCURACY),
    "xcopa": Entry(XCOPA, _ACCURACY),
    "udpos": Entry(
        UDPOS,
        _SPANS,
        "the benchmark joins all sentences before it counts spans, so a sentence that opens with X may count otherwise",
    ),
    "panx": Entry(PANX, _SPANS),
    "panx-dev": _dev(PANX, _SPANS, "the development files"),
    "xquad": Entry(XQUAD, _SQUAD),
    "mlqa": Entry(MLQA, _MLQA),
    "mlqa-dev": _dev(MLQA, _MLQA, "the development files"),
    "tydiqa": Entry(TYDIQA, _SQUAD),
    "tydiqa-train-files": _dev(TYDIQA, _SQUAD, "the training files of other languages"),
    "tatoeba": Entry(TATOEBA, {"accuracy": "retrieval-accuracy"}),
    "bucc2018": Entry(BUCC, {"f1": "pair-f1"}),
    "bucc2018-dev": _dev(BUCC, {"f1": "pair-f1"}, "half of the development files"),
    "mewslix": Entry(MEWSLIX, {"map@20": "reciprocal-rank@20"}),
    "lareqa": Entry(LAREQA, {"map@20": "map@20"}),
    "lareqa-squad-dev": Entry(LAREQA, {"map@20": "map@20"}),
}
"""By the task's name in a study; tasks of one's own are in no benchmark."""
