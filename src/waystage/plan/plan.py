"""Study to Plan. Stages that sequences share are one node, because a node is addressed by what it is made from."""

from __future__ import annotations

from dataclasses import dataclass, field

from waystage.data.source import Place
from waystage.encoders.registry import EncoderShape
from waystage.encoders.sources import encoder_source
from waystage.plan.budgets import StageBudget
from waystage.plan.builder import Builder
from waystage.plan.cell import Cell
from waystage.plan.counts import OtherCount, find_other_counts
from waystage.plan.nodes import Node
from waystage.plan.overlap import ChosenOn, Overlap, find_chosen_on, find_overlaps
from waystage.plan.texts import Texts
from waystage.plan.validation import validation_uses
from waystage.store.store import Store
from waystage.study.study import Study


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study takes.

    Attributes:
        nodes: in an order in which every node comes after its parents.
        cells: what is compared.
        n_naive_trainings: trainings if every cell were run by itself.
        overlaps: training data that has test examples of a target; empty unless the study allows it.
        chosen_on: validation data by which a checkpoint is chosen and that has test examples of its target.
        other_counts: test splits that do not have as many examples as were published.
        skipped: files that could not be read and were passed over, by the name of the corpus.
        budgets: budgets that followed from something else, by the name of the stage.
        no_validation: why the last checkpoint of a target has no score on validation data, by the name of its task.
    """

    study: Study
    place: Place
    encoder_id: str
    shape: EncoderShape
    nodes: tuple[Node, ...]
    cells: tuple[Cell, ...]
    n_naive_trainings: int
    overlaps: tuple[Overlap, ...] = ()
    chosen_on: tuple[ChosenOn, ...] = ()
    other_counts: tuple[OtherCount, ...] = ()
    skipped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    budgets: dict[str, StageBudget] = field(default_factory=dict)
    no_validation: dict[str, str] = field(default_factory=dict)

    @property
    def departures(self) -> tuple[Overlap | ChosenOn | OtherCount, ...]:
        """What the data departs from the protocols of the targets by."""
        return (*self.overlaps, *self.chosen_on, *self.other_counts)

    @property
    def n_trainings(self) -> int:
        """Trainings that are unique."""
        return sum(node.kind == "train" for node in self.nodes)

    def node(self, node_id: str) -> Node:
        """The node with an id."""
        return next(node for node in self.nodes if node.id == node_id)


def make_plan(study: Study, store: Store, place: Place, n_threads: int) -> Plan:
    """Read what the study needs, put it into the store, and lay out the graph.

    ``n_threads`` are those that training will have; they count only where a budget is in seconds.

    Raises:
        DataError: with every missing or malformed file.
        StudyError: training data has test examples of a target, and the study does not allow it.
    """
    source = encoder_source(
        study.encoder.name, study.encoder.revision, study.encoder.trust_remote_code, place.study_dir
    )
    texts = Texts.read(study, store, place)
    overlaps = find_overlaps(study, store, place, texts.training)
    builder = Builder(study, place, source, source.shape(), texts, store, n_threads)
    cells = tuple(builder.cells())
    n_naive = sum(len(cell.stage_ids) for cell in cells)
    return Plan(
        study=study,
        place=place,
        encoder_id=builder.encoder_id,
        shape=builder.shape,
        nodes=tuple(builder.nodes.values()),
        cells=cells,
        n_naive_trainings=n_naive,
        overlaps=overlaps,
        other_counts=tuple(find_other_counts(study, lambda task, language: texts.test[task, language, None])),
        chosen_on=find_chosen_on(study, store, place, lambda use: texts.validation[use.key]),
        skipped=texts.skipped(),
        budgets=builder.budgets.found,
        no_validation={
            target.task.name: texts.no_validation[use.key]
            for target in study.targets
            for use in validation_uses(target)
            if use.key in texts.no_validation
        },
    )
