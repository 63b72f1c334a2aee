"""Mined sentence pairs: ``source_id<TAB>english_id`` a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waystage.benchmark.form import Measure, ScoredFile
from waystage.benchmark.judged import Query, rows_of
from waystage.benchmark.lines import shown
from waystage.benchmark.right import right_answers
from waystage.benchmark.tags import COUNT_MEASURES
from waystage.data.examples import Example
from waystage.data.readers.columns import MAX_PROBLEMS
from waystage.data.readers.lines import has_nothing, numbered_lines
from waystage.errors import DataError, Problem
from waystage.metrics.metric import Metric, Prediction
from waystage.metrics.pair_f1 import PairF1

_EXPECTED = "2, source id and English id, with a tab between"
_PAIR_F1 = PairF1()


@dataclass(frozen=True, slots=True)
class SentencePairs:
    """F1 of pairs. An example is a source sentence that the gold or the predictions pair with another.

    A file of predictions that is empty says that no pair was found: F1 is 0, as in the official evaluation, which
    counts the pairs that both files have, and a note says it. A gold file that is empty is refused.
    """

    extension: str = "tsv"
    measures: tuple[Measure, ...] = COUNT_MEASURES
    metric: Metric = _PAIR_F1

    def score(self, gold: Path, predictions: Path, language: str) -> ScoredFile:
        """Right, predicted and gold pairs of each source sentence: those of the gold, then the others."""
        right = _read(gold)
        is_empty = has_nothing(predictions)
        found = {} if is_empty else _read(predictions)
        sources = dict.fromkeys((*right, *found))
        queries = [Query(source, language, right.get(source, ())) for source in sources]
        predicted = {source: found.get(source, ()) for source in sources}
        notes = ("the file of predictions is empty: no pair was found",) if is_empty else ()
        return ScoredFile(rows_of(_PAIR_F1, queries, predicted), example_ids=tuple(sources), notes=notes)

    def predictions_text(self, examples: Sequence[Example], predictions: Mapping[str, Prediction]) -> str:
        """A line for each English id that a source sentence is paired with."""
        pairs = ((example.id, english) for example in examples for english in predictions[example.id])
        return "".join(f"{source}\t{english}\n" for source, english in pairs)

    def gold_text(self, examples: Sequence[Example]) -> str:
        """The same form, with the right pairs."""
        return self.predictions_text(examples, right_answers(examples))


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    """English ids by source id, in file order.

    Raises:
        DataError: up to 20 lines that are not two ids, or a pair that stands already.
    """
    pairs: dict[str, dict[str, int]] = {}
    problems: list[Problem] = []
    for number, line in numbered_lines(path):
        ids = line.split("\t")
        if len(ids) != 2:
            problems.append(Problem(path, number, None, f"{len(ids)} columns", _EXPECTED))
        elif any(name.split() != [name] for name in ids):
            problems.append(
                Problem(path, number, None, f"an id that is empty or has a space: {shown(line)}", _EXPECTED)
            )
        elif ids[1] in pairs.get(ids[0], {}):
            found = f"the pair of line {pairs[ids[0]][ids[1]]} again"
            problems.append(Problem(path, number, None, found, "each pair once"))
        else:
            pairs.setdefault(ids[0], {})[ids[1]] = number
        if len(problems) == MAX_PROBLEMS:
            break
    if problems:
        raise DataError(problems)
    return {source: tuple(found) for source, found in pairs.items()}
