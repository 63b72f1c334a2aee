"""Rankings: gold ``{id: [right ids]}``, predictions ``{id: [ids, best first]}``, of which 20 are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from waystage.benchmark.form import Measure, ScoredFile
from waystage.benchmark.json_file import JsonFile
from waystage.benchmark.judged import Query, check_ids, rows_of, texts
from waystage.benchmark.lines import refuse, shown
from waystage.metrics.ranking import AveragePrecision, ReciprocalRank

_EXPECTED = 'an object {"id": ["best", "second", ...], ...}'


@dataclass(frozen=True, slots=True)
class Rankings:
    """Queries with ranked ids.

    Attributes:
        has_one_answer: a query has exactly one right id.
        all_needed: a query without a ranking is a mistake; otherwise it counts as 0, and is reported.
        names_once: a ranking that names an id twice is a mistake.
    """

    metric: ReciprocalRank | AveragePrecision
    has_one_answer: bool = False
    all_needed: bool = True
    names_once: bool = True
    extension: str = "json"

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The one measure; both benchmarks call it so."""
        return (Measure("map@20", self.metric.score),)

    def score(self, gold: Path, predictions: Path, language: str) -> ScoredFile:
        """Reciprocal rank or average precision, and 1, for each query."""
        gold_file, file = JsonFile.read(gold), JsonFile.read(predictions)
        right, rankings = _read_lists(gold_file), _read_lists(file)
        queries = [Query(name, language, answers) for name, answers in right.items()]
        self._check_gold(gold_file, queries)
        check_ids(file, rankings, gold, right, all_needed=self.all_needed)
        if self.names_once:
            _check_repetition(file, rankings, self.metric.n_best)
        n_unanswered = sum(name not in rankings for name in right)
        answered = {name: rankings.get(name, ()) for name in right}
        return ScoredFile(rows_of(self.metric, queries, answered), n_unanswered, tuple(right))

    def _check_gold(self, file: JsonFile, queries: list[Query]) -> None:
        expected = "exactly one" if self.has_one_answer else "at least one, each once"
        refuse(
            file.problem(query.id, None, f"{shown(query.id)} has {len(query.answers)} right ids", expected)
            for query in queries
            if not query.answers
            or (self.has_one_answer and len(query.answers) > 1)
            or len(set(query.answers)) < len(query.answers)
        )


def _read_lists(file: JsonFile) -> dict[str, tuple[str, ...]]:
    lists = {name: texts(values) for name, values in file.members(_EXPECTED).items()}
    refuse(
        file.problem(name, None, f"{shown(name)} has no list of texts", 'a list like ["Q42", "Q1"]')
        for name, ids in lists.items()
        if ids is None
    )
    return {name: tuple(ids) for name, ids in lists.items() if ids is not None}


def _check_repetition(file: JsonFile, rankings: dict[str, tuple[str, ...]], n_best: int) -> None:
    refuse(
        file.problem(name, None, f"{shown(name)} has an id twice among its best {n_best}", "each id once")
        for name, ids in rankings.items()
        if len(set(ids[:n_best])) < len(ids[:n_best])
    )
