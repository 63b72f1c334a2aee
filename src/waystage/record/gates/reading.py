"""A sealed record as the plain values that gates work on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from waystage.claims.claim import DifferenceClaim, PublishedClaim
from waystage.errors import Problem, RecordError
from waystage.record.folder.reader import SealedRecord
from waystage.record.form.claims import DeclaredClaim
from waystage.record.form.evidence import CellEvidence, ExamplesEvidence
from waystage.record.form.measured import CostsFile, DeparturesFile, ScoresFile
from waystage.record.form.names import COMPARISON, COSTS, DEPARTURES, LINEAGE, PLAN, SCORES, STUDY, cell_name
from waystage.record.form.provenance import Lineage, PlanFile, StudyFile, TaskFacts
from waystage.record.independent.claims import Cells
from waystage.record.independent.evidence import Cell, Method
from waystage.record.redteam.auditor import Facts, Overlap


@dataclass(frozen=True, eq=False)
class Material:
    """What gates need of a record of a run; everything is read when it is first asked for, and checked then."""

    record: SealedRecord

    @cached_property
    def claims(self) -> tuple[DeclaredClaim, ...]:
        """The claims, in order."""
        return self.record.claims()

    @property
    def differences(self) -> list[DifferenceClaim]:
        """Those about sequences."""
        return [own.claim for own in self.claims if isinstance(own.claim, DifferenceClaim)]

    @property
    def published(self) -> list[PublishedClaim]:
        """Those about published figures."""
        return [own.claim for own in self.claims if isinstance(own.claim, PublishedClaim)]

    @property
    def has_run(self) -> bool:
        """Whether the record is of a run; one of published claims alone has none."""
        return PLAN in self.record.index.files

    @cached_property
    def study(self) -> StudyFile:
        """The study with every name resolved."""
        return self.record.load(STUDY, StudyFile)

    @cached_property
    def plan(self) -> PlanFile:
        """Nodes and cells."""
        return self.record.load(PLAN, PlanFile)

    @cached_property
    def lineage(self) -> Lineage:
        """From every score to what it was made from."""
        return self.record.load(LINEAGE, Lineage)

    @cached_property
    def comparison(self) -> Mapping[str, Any]:
        """The recorded comparison, as plain JSON."""
        value = self.record.json(COMPARISON)
        if not isinstance(value, dict):
            raise RecordError(Problem(self.record.path / COMPARISON, None, None, "not an object", "a comparison"))
        return value

    @cached_property
    def scores(self) -> ScoresFile:
        """Recorded scores."""
        return self.record.load(SCORES, ScoresFile)

    @property
    def tasks(self) -> Mapping[str, TaskFacts]:
        """Facts about tasks, by name."""
        return {facts.task: facts for facts in self.study.tasks}

    @cached_property
    def examples(self) -> Mapping[str, ExamplesEvidence]:
        """Test examples by task."""
        return {task: self.record.examples(task) for task in self.tasks}

    @cached_property
    def answers(self) -> tuple[CellEvidence, ...]:
        """What was answered in each cell of the plan."""
        return tuple(self.record.cell(cell.task, cell.sequence, cell.seed) for cell in self.plan.cells)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Statistics of every cell, language and metric.

        Raises:
            RecordError: a table of statistics does not fit the examples.
        """
        return tuple(cell for answers in self.answers for cell in self._cells_of(answers))

    def _cells_of(self, answers: CellEvidence) -> Iterator[Cell]:
        name = cell_name(answers.task, answers.sequence, answers.seed)
        for language, own in answers.languages.items():
            ids = self.examples[answers.task].languages[language].ids
            for metric, statistics in own.statistics.items():
                try:
                    rows = statistics.matrix(len(ids))
                except ValueError as error:
                    place = f"{language}.{metric}"
                    raise RecordError(Problem(self.record.path / name, None, place, str(error))) from None
                key = (answers.sequence, answers.task, language, answers.seed)
                yield Cell(*key, metric, statistics.columns, ids, rows, name)

    @cached_property
    def drawn(self) -> Cells:
        """The cells, measured with the random signs of the recorded comparison; once for all that asks."""
        return Cells(self.cells, self.method)

    @cached_property
    def method(self) -> Method:
        """How the recorded comparison was made."""
        return Method(
            baseline=self.study.baseline,
            metrics={task: facts.metric for task, facts in self.tasks.items()},
            source_languages={task: facts.source_language for task, facts in self.tasks.items()},
            n_resamples=int(self.comparison["n_resamples"]),
            resampling_seed=int(self.comparison["resampling_seed"]),
            pairs_seeds=bool(self.comparison.get("seeds_paired", False)),
        )

    @property
    def categories(self) -> Mapping[str, str | None]:
        """Task to category."""
        return {task: facts.category for task, facts in self.tasks.items()}

    @cached_property
    def siblings(self) -> Mapping[str, list[str]]:
        """Task to others that were tested on the very same data: read by another layer, pooling or score."""
        data = {score.task: tuple(sorted(score.test_data_ids.items())) for score in self.lineage.scores}
        return {task: [other for other in data if other != task and data[other] == own] for task, own in data.items()}

    @property
    def metrics(self) -> Mapping[str, list[str]]:
        """Task to the metrics that every one of its cells and languages has."""
        found: dict[str, list[set[str]]] = {task: [] for task in self.tasks}
        for answers in self.answers:
            found[answers.task] += [set(own.statistics) for own in answers.languages.values()]
        return {
            task: [name for name in self.tasks[task].metrics if all(name in own for own in sets)]
            for task, sets in found.items()
        }

    @cached_property
    def facts(self) -> Facts:
        """What the citation auditor asks about."""
        departures = self.record.load(DEPARTURES, DeparturesFile)
        costs = self.record.load(COSTS, CostsFile)
        n_places = sum(len(facts.languages) for facts in self.tasks.values())
        return Facts(
            declared={own.claim.name: own.declared for own in self.claims},
            flops={own.sequence: own.flops for own in costs.sequences},
            overlaps=[
                Overlap(own.learned, own.target, own.n_examples, self._readers(own.learned))
                for own in departures.overlaps
            ],
            selects_on_target=frozenset(own.task for own in departures.tasks if own.selects_on_target_language),
            departures={own.task: own.departures for own in departures.tasks},
            n_quantities=1 + len(self.tasks) + n_places,
        )

    def _readers(self, learned: str) -> tuple[str, ...]:
        """Sequences with a stage that learned from a task; all of them where a target did."""
        stages = {
            name for name, stage in self.study.stages.items() if learned in (stage.get("task"), stage.get("corpus"))
        }
        own = tuple(name for name, steps in self.study.sequences.items() if stages & set(steps))
        return own or tuple(self.study.sequences)
