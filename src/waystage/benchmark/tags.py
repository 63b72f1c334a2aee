"""Files with one tag a line and a blank line between sentences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from waystage.benchmark.form import Measure, ScoredFile
from waystage.benchmark.lines import coded, stripped_lines
from waystage.errors import DataError, Problem
from waystage.metrics.counts import f1_of_counts, precision_of_counts, recall_of_counts
from waystage.metrics.metric import Metric
from waystage.metrics.span_counts import IntArray, span_counts
from waystage.metrics.span_f1 import SpanF1

COUNT_MEASURES = (
    Measure("f1", f1_of_counts),
    Measure("precision", precision_of_counts, is_averaged=False),
    Measure("recall", recall_of_counts, is_averaged=False),
)
_SPAN_F1 = SpanF1()


@dataclass(frozen=True, slots=True)
class TaggedSentences:
    """A file of tags.

    Attributes:
        codes: place of each word's tag in the tag set, ``[n_words]``.
        lengths: words of each sentence, ``[n_sentences]``; sentences without words are left out.
        lines: line of each sentence's first word, ``[n_sentences]``.
    """

    codes: IntArray
    lengths: IntArray
    lines: IntArray


@dataclass(frozen=True, slots=True)
class TagLines:
    """Tags from a closed set; micro F1 of spans, as seqeval counts them over the whole file."""

    tags: tuple[str, ...]
    extension: str = "tsv"
    measures: tuple[Measure, ...] = COUNT_MEASURES
    metric: Metric = _SPAN_F1

    def score(self, gold: Path, predictions: Path, language: str) -> ScoredFile:
        """Right, predicted and gold spans of each sentence."""
        right, predicted = self.read(gold), self.read(predictions)
        _check_alignment(gold, right, predictions, predicted)
        return ScoredFile(span_counts(right.codes, predicted.codes, right.lengths, self.tags))

    def read(self, path: Path) -> TaggedSentences:
        """The tags of a file.

        Raises:
            DataError: the file is unreadable, or a line is neither blank nor a tag.
        """
        codes = coded(path, stripped_lines(path), (*self.tags, ""), "tag")
        is_word = codes != len(self.tags)
        is_first = is_word & ~np.concatenate([[False], is_word[:-1]])
        sentence_of_word = np.cumsum(is_first)[is_word] - 1
        return TaggedSentences(codes[is_word], np.bincount(sentence_of_word), np.flatnonzero(is_first) + 1)


def _check_alignment(gold: Path, right: TaggedSentences, predictions: Path, predicted: TaggedSentences) -> None:
    n_both = min(right.lengths.size, predicted.lengths.size)
    differing = np.flatnonzero(right.lengths[:n_both] != predicted.lengths[:n_both])
    if differing.size:
        place = int(differing[0])
        found = f"sentence {place + 1} has {predicted.lengths[place]} tags"
        expected = f"{right.lengths[place]}, as from line {right.lines[place]} of {gold}"
        raise DataError(Problem(predictions, int(predicted.lines[place]), None, found, expected))
    if right.lengths.size != predicted.lengths.size:
        line = int(predicted.lines[min(n_both, predicted.lines.size - 1)])
        found, expected = f"{predicted.lengths.size} sentences", f"{right.lengths.size}, as in {gold}"
        raise DataError(Problem(predictions, line, None, found, expected))
