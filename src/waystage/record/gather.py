"""Evidence and lineage of a finished run, read from its store; every artefact is verified on the way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from waystage.data.examples import (
    Example,
    MultipleChoiceExample,
    ParallelExample,
    QueryExample,
    TaggedExample,
    TextExample,
)
from waystage.data.prepare import load_examples
from waystage.errors import Problem, StoreError
from waystage.metrics.metric import Prediction
from waystage.metrics.registry import make_metric
from waystage.prediction.files import prediction_line, read_predictions
from waystage.record.form.evidence import (
    Answer,
    CellEvidence,
    EvidenceKind,
    ExamplesEvidence,
    LanguageAnswers,
    LanguageExamples,
    MetricStatistics,
)
from waystage.record.form.measured import NodeCost, Score
from waystage.record.form.names import cell_name
from waystage.record.form.provenance import PlanFile, PlannedCell, PlannedNode, Produced, ScoreLineage, TaskFacts
from waystage.record.licences import evidence_of
from waystage.store.artefact import Artefact
from waystage.store.canonical import digest_bytes
from waystage.store.store import Store

_PLAIN_ID = re.compile(r"[A-Za-z0-9._:/#@+-]{1,64}")
_N_DIGEST = 32


def answer_digest(answer: str) -> str:
    """What stands for an answer that may not be given away: the first 32 hex digits of its SHA-256.

    >>> answer_digest("")
    'e3b0c44298fc1c149afbf4c8996fb924'
    """
    return hashlib.sha256(answer.encode()).hexdigest()[:_N_DIGEST]


@dataclass(frozen=True, slots=True)
class TaskEvidence:
    """The test examples of a task as the record holds them.

    ``known`` maps the ids of the data set to those of the record; empty where they are the same.
    """

    facts: TaskFacts
    examples: ExamplesEvidence
    known: Mapping[str, str]

    def renamed(self, answer: Prediction) -> Answer:
        """An answer, with the ids of the record where it names examples."""
        if not self.known or self.facts.labels:
            return answer
        if isinstance(answer, str):
            return self.known.get(answer, answer)
        return tuple(self.known.get(one, one) for one in answer)


@dataclass(frozen=True, slots=True)
class GatheredCell:
    """What a record holds of a cell."""

    evidence: CellEvidence
    scores: tuple[Score, ...]
    lineage: ScoreLineage


@dataclass(slots=True)
class Gatherer:
    """Reads what a plan names from a store."""

    plan: PlanFile
    store: Store
    nodes: dict[str, PlannedNode] = field(init=False)

    def __post_init__(self) -> None:
        self.nodes = {node.id: node for node in self.plan.nodes}

    def produced(self) -> tuple[Produced, ...]:
        """What every node left, each file read and its digest checked.

        Raises:
            StoreError: an artefact is missing or damaged.
        """
        return tuple(
            Produced(node.id, node.kind, dict(manifest.files), manifest.content_digest)
            for node in self.plan.nodes
            for manifest in [self.store.open(node.id).manifest]
        )

    def costs(self) -> tuple[NodeCost, ...]:
        """What every node that computes cost."""
        return tuple(
            _cost(node, self.store.open(node.id, verify=False)) for node in self.plan.nodes if node.kind != "data"
        )

    def task(self, facts: TaskFacts, *, is_allowed: bool) -> TaskEvidence:
        """The test examples of a task."""
        cell = next(cell for cell in self.plan.cells if cell.task == facts.task)
        data = self.nodes[cell.score_id].spec["data"]
        examples = {language: load_examples(self.store, data_id) for language, data_id in data.items()}
        kind = evidence_of(facts.kind, facts.licence, is_allowed=is_allowed)
        ids = sorted({example.id for own in examples.values() for example in own})
        known = {} if all(map(_PLAIN_ID.fullmatch, ids)) else _ranks(ids)
        evidence = TaskEvidence(facts, ExamplesEvidence(facts.task, kind, "kept", {}), known)
        languages = {
            language: LanguageExamples(
                data[language], _known([example.id for example in own], known), _gold(own, kind, evidence)
            )
            for language, own in examples.items()
        }
        ids_are: Literal["kept", "ranks"] = "ranks" if known else "kept"
        return TaskEvidence(facts, ExamplesEvidence(facts.task, kind, ids_are, languages), known)

    def cell(self, cell: PlannedCell, task: TaskEvidence) -> GatheredCell:
        """Answers, statistics and scores of a cell."""
        predicted, scored = self.store.open(cell.prediction_id), self.store.open(cell.score_id)
        statistics = {name: scored.read_json(f"{name}.json") for name in task.facts.metrics}
        languages: dict[str, LanguageAnswers] = {}
        scores: list[Score] = []
        is_complete = not task.known and task.examples.evidence != "digests"
        for language in task.examples.languages:
            file = f"test-{language}.jsonl"
            answers = read_predictions(predicted.path(file))
            by_metric = {
                name: _rows(content["columns"], content["languages"][language]["statistics"])
                for name, content in statistics.items()
            }
            ids = next(iter(statistics.values()))["languages"][language]["ids"]
            place, expected = f"{cell.sequence}, {cell.task}, {language}", task.examples.languages[language].ids
            self._check_ids(place, expected, _known(ids, task.known), _known(list(answers), task.known))
            languages[language] = _answers(task, [answers[example_id] for example_id in ids], by_metric)
            scores += _scores(cell, task.facts, language, by_metric, len(ids))
            again = b"".join(prediction_line(example_id, answers[example_id]) for example_id in ids)
            is_complete = is_complete and digest_bytes(again) == predicted.manifest.files[file].sha256
        evidence = CellEvidence(cell.sequence, cell.task, cell.seed, cell.prediction_id, languages)
        lineage = self._lineage(cell, is_complete=is_complete, statistics_are_complete=not task.known)
        return GatheredCell(evidence, tuple(scores), lineage)

    def _check_ids(self, place: str, expected: Sequence[str], ids: Sequence[str], predicted: Collection[str]) -> None:
        if tuple(ids) != tuple(expected) or set(ids) != set(predicted):
            found = f"{place}: the ids of scores, predictions and examples are not the same"
            raise StoreError(Problem(self.store.root, None, None, found, "the store that the run was made with"))

    def _lineage(self, cell: PlannedCell, *, is_complete: bool, statistics_are_complete: bool) -> ScoreLineage:
        """From a cell's scores to all that they were made from."""
        training_data = {
            parent
            for stage in cell.stage_ids
            for parent in self.nodes[stage].parents
            if self.nodes[parent].kind == "data"
        }
        return ScoreLineage(
            sequence=cell.sequence,
            task=cell.task,
            seed=cell.seed,
            score_id=cell.score_id,
            prediction_id=cell.prediction_id,
            checkpoint_id=cell.stage_ids[-1] if cell.stage_ids else None,
            training_ids=cell.stage_ids,
            training_data_ids=tuple(sorted(training_data)),
            test_data_ids=dict(self.nodes[cell.score_id].spec["data"]),
            encoder_id=self.plan.encoder_id,
            evidence=cell_name(cell.task, cell.sequence, cell.seed),
            evidence_is_complete=is_complete,
            statistics_are_complete=statistics_are_complete,
        )


def _ranks(ids: Sequence[str]) -> dict[str, str]:
    width = len(str(len(ids)))
    return {one: f"{place:0{width}d}" for place, one in enumerate(ids)}


def _known(ids: Sequence[str], known: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(known.get(one, one) for one in ids)


def _gold(examples: Sequence[Example], kind: EvidenceKind, task: TaskEvidence) -> tuple[Answer, ...] | None:
    if kind != "answers and gold":
        return None
    gold = [_gold_of(example) for example in examples]
    return tuple(task.renamed(one) for one in gold if one is not None)


def _gold_of(example: Example) -> Prediction | None:
    """What is right; None for forms whose gold is text."""
    match example:
        case TextExample(label=label) | MultipleChoiceExample(label=label):
            return label
        case TaggedExample(tags=tags):
            return tags
        case QueryExample(answers=answers):
            return answers
        case ParallelExample(id=own_id):
            return own_id
    return None


def _rows(columns: Sequence[str], statistics: Sequence[Sequence[float]]) -> MetricStatistics:
    return MetricStatistics.of(tuple(columns), np.array(statistics, np.float64).reshape(len(statistics), len(columns)))


def _answers(
    task: TaskEvidence, answers: Sequence[Prediction], statistics: dict[str, MetricStatistics]
) -> LanguageAnswers:
    if task.examples.evidence == "digests":
        return LanguageAnswers(None, tuple(answer_digest(str(answer)) for answer in answers), statistics)
    return LanguageAnswers(tuple(map(task.renamed, answers)), None, statistics)


def _scores(
    cell: PlannedCell, facts: TaskFacts, language: str, statistics: Mapping[str, MetricStatistics], n_examples: int
) -> list[Score]:
    scores = []
    for name, own in statistics.items():
        sums = own.matrix(n_examples).sum(axis=0)
        score = float(make_metric(name, facts.labels).score(sums))
        place = (cell.sequence, cell.task, language, cell.seed)
        scores.append(Score(*place, name, score, n_examples, cell.score_id))
    return scores


def _cost(node: PlannedNode, artefact: Artefact) -> NodeCost:
    about = artefact.about
    return NodeCost(
        id=node.id,
        kind=node.kind,
        label=node.label,
        seconds=_float(about.get("seconds")),
        training_seconds=_float(about.get("training_seconds")),
        n_text_tokens=_int(about.get("n_text_tokens")),
        flops=_float(about.get("flops")),
        peak_memory_bytes=_int(about.get("peak_memory_bytes")),
        n_threads=_int(about.get("n_threads")),
        created_at=about.get("created_at") if isinstance(about.get("created_at"), str) else None,
    )


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
