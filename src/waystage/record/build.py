"""A finished run to its record: the one thing that reports are made from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from waystage.comparison.compare import compare
from waystage.encoders.registry import ENCODERS, EncoderShape
from waystage.execution.outcome import Outcome, State
from waystage.plan.budgets import StageBudget
from waystage.plan.plan import Plan
from waystage.record.context import comparison_context
from waystage.record.digests import prediction_digests
from waystage.record.environment import brought_rows, environment_rows
from waystage.record.flips import find_flips
from waystage.record.learned import learned_words
from waystage.record.perplexities import head_notes, pseudo_perplexities
from waystage.record.protocol import selection_words, task_protocols
from waystage.record.scores import cell_scores, task_metrics
from waystage.record.selection import oracle_scores, selection_scores
from waystage.record.stage_costs import matched_budgets, stage_costs
from waystage.report.record import EncoderRecord, Fact, PlanNode, PlanRecord, RunRecord, SequenceSteps
from waystage.report.wording import counted
from waystage.store.store import Store
from waystage.study.pretraining import Softmax
from waystage.study.study import (
    ContinuedStage,
    CostUnit,
    IntermediateStage,
    MixedStage,
    ParallelStage,
    PlainStage,
    Stage,
    Training,
)

_STATE_WORDS = {
    State.FOUND: "done",
    State.RAN: "done",
    State.FAILED: "failed",
    State.NOT_RUN: "not run",
}


def build_record(plan: Plan, store: Store, outcome: Outcome, study_yaml: str, command: str) -> RunRecord:
    """The record of a run, with its comparison.

    Raises:
        StageError: a cell has no score.
        ComparisonError: the cells cannot be compared.
    """
    study, context = plan.study, comparison_context(plan, store)
    comparison = compare(
        cell_scores(plan, store),
        task_metrics(plan),
        study.baseline,
        {target.task.name: target.task.source_language for target in study.targets},
        context,
    )
    flip_counts, flips = find_flips(plan, store)
    costs_of_stages = stage_costs(plan, store)
    return RunRecord(
        study_name=study.name,
        description=study.description,
        question=_question(study.encoder.name, list(study.sequences)),
        study_yaml=study_yaml,
        sequences=tuple(
            SequenceSteps(name, tuple(_describe(stage, plan) for stage in stages))
            for name, stages in study.sequences.items()
        ),
        seeds=study.seeds,
        encoder=_encoder_record(plan, store),
        plan=_plan_record(plan, store, outcome),
        protocol=task_protocols(study, plan.departures, plan.no_validation),
        environment=tuple(Fact(name, value) for name, value in (*environment_rows(), *brought_rows(study))),
        costs=tuple(context.costs),
        comparison=comparison,
        command=command,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        pseudo_perplexities=pseudo_perplexities(plan, store),
        flip_counts=flip_counts,
        flips=flips,
        selection=selection_scores(plan, store),
        oracle=oracle_scores(plan, store),
        digests=prediction_digests(plan, store),
        stage_costs=costs_of_stages,
        matched_budgets=matched_budgets(plan, costs_of_stages),
    )


def _question(encoder: str, sequences: Sequence[str]) -> str:
    names = ", ".join(sequences[:-1]) + f" or {sequences[-1]}" if len(sequences) > 1 else sequences[0]
    return f"Which training sequence carries {encoder} best across languages: {names}?"


def _describe(stage: Stage, plan: Plan) -> str:
    budget = plan.budgets.get(stage.name)
    amount = _amount(stage.training) if budget is None else _followed(stage.training, budget)
    if isinstance(stage, MixedStage):
        each = [
            _described_part(part) + ("" if rate is None else f" ({100 * rate:g} % of the steps)")
            for part, rate in zip(stage.parts, stage.rates, strict=True)
        ]
        how = f"{_sampling_words(stage)}{amount}{_chosen(stage)}{_without(stage, plan)}"
        return f"{stage.name}: in turn {', '.join(each)}; {how}"
    return f"{stage.name}: {_described_part(stage)}, {amount}{_chosen(stage)}{_without(stage, plan)}"


def _chosen(stage: Stage) -> str:
    """By what its checkpoint is chosen, each task with a say for itself."""
    words = {
        part.task.name: selection_words(part.selection, part.task.source_language)
        for part in stage.parts
        if isinstance(part, IntermediateStage) and part.selection is not None
    }
    if len(stage.parts) == 1 or not words:
        return "".join(f"; {each}" for each in words.values())
    by = "the mean of" if len(words) > 1 else "the score of"
    return f"; checkpoint by {by} {', '.join(f'{name} ({each})' for name, each in words.items())}"


def _without(stage: Stage, plan: Plan) -> str:
    """Files of its corpora that were passed over."""
    parts = stage.parts if isinstance(stage, MixedStage) else (stage,)
    corpora = dict.fromkeys(part.corpus.name for part in parts if isinstance(part, ContinuedStage))
    skipped = [file for name in corpora for file in plan.skipped.get(name, ())]
    return f"; without {counted(len(skipped), 'file')} that cannot be read: {', '.join(skipped)}" if skipped else ""


def _described_part(stage: PlainStage) -> str:
    match stage:
        case ContinuedStage():
            return f"masked LM on {stage.corpus.name} in {len(stage.languages)} languages"
        case ParallelStage():
            return f"translation LM on {stage.corpus.name} in {len(stage.pairs)} pairs of languages"
        case IntermediateStage():
            return f"{stage.task.name} in {learned_words(stage.learned)}"


def _sampling_words(stage: MixedStage) -> str:
    """How the steps are shared among labelled tasks; nothing where there is one at most."""
    if sum(isinstance(part, IntermediateStage) for part in stage.parts) < 2:
        return ""
    cap, temperature = stage.sampling.cap, stage.sampling.temperature
    capped = "" if cap is None else f", at most {cap:,} of each"
    tempered = "" if temperature == 1 else f", to the power of 1/{temperature:g}"
    heads = "one head for all tasks" if stage.shares_head else "a head for each task"
    return f"tasks in proportion to their examples{capped}{tempered}, {heads}; "


def _amount(training: Training) -> str:
    """The budget, for people."""
    if training.tokens is not None:
        return f"{training.tokens:,} tokens"
    if training.examples is not None:
        return f"{training.examples:,} examples"
    if training.steps is not None:
        return f"{training.steps:,} steps"
    epochs = training.epochs if training.epochs is not None else 1.0
    return f"{epochs:g} epoch" + ("" if epochs == 1 else "s")


def _followed(training: Training, budget: StageBudget) -> str:
    """A budget that followed from something else, and what it has become."""
    if budget.match is None and training.seconds is not None:
        return f"{training.seconds:g} seconds, which are {_amount(budget.training)} at the pace of this machine"
    if budget.match is None:
        return f"{training.flops:.3g} floating-point operations, which are {_amount(budget.training)}"
    unit = "floating-point operations" if budget.match.unit is CostUnit.FLOPS else budget.match.unit
    return f"as many {unit} as {budget.match.stage}, which are {_amount(budget.training)}"


def _encoder_record(plan: Plan, store: Store) -> EncoderRecord:
    choice, info = plan.study.encoder, ENCODERS.get(plan.study.encoder.name)
    identity = plan.node(plan.encoder_id).spec["identity"]
    weights = store.open(plan.encoder_id, verify=False).manifest.files
    digest = next((entry.sha256 for name, entry in weights.items() if name.endswith(".safetensors")), "unknown")
    notes = [] if info is None else [info.description]
    if choice.n_layers is not None:
        notes.append(f"the first {choice.n_layers} of {plan.shape.n_layers} layers are used")
    stages = {stage.name: stage for stages in plan.study.sequences.values() for stage in stages}.values()
    notes += [
        _softmax_note(part)
        for stage in stages
        for part in stage.parts
        if isinstance(part, ContinuedStage) or (isinstance(part, ParallelStage) and len(stage.parts) == 1)
    ]
    notes += head_notes(plan, store)
    return EncoderRecord(
        name=choice.name,
        source=json.dumps(identity, sort_keys=True),
        digest=digest,
        n_layers=choice.n_layers or plan.shape.n_layers,
        licence="not known to Waystage" if info is None else info.licence,
        notes=tuple(notes),
        facts=_shape_facts(plan.shape),
    )


def _softmax_note(stage: ContinuedStage | ParallelStage) -> str:
    settings = stage.masked_lm if isinstance(stage, ContinuedStage) else stage.translation_lm
    if settings.softmax is Softmax.FULL:
        return f"the softmax of {stage.name} runs over the whole vocabulary"
    return f"the softmax of {stage.name} runs over the tokens that occur in what is read"


def _shape_facts(shape: EncoderShape) -> tuple[Fact, ...]:
    rows = {
        "hidden size": shape.hidden_size,
        "intermediate size": shape.intermediate_size,
        "vocabulary": shape.vocabulary_size,
    }
    return tuple(Fact(name, f"{value:,}") for name, value in rows.items())


def _plan_record(plan: Plan, store: Store, outcome: Outcome) -> PlanRecord:
    shown = [node for node in plan.nodes if node.kind in ("encoder", "train")]
    nodes = tuple(
        PlanNode(
            id=node.id,
            kind=node.kind,
            label=node.label,
            parents=node.parents if node.kind == "train" else (),
            state=_STATE_WORDS[outcome.states.get(node.id, State.NOT_RUN)],
            seconds=_seconds(store, node.id),
        )
        for node in shown
    )
    return PlanRecord(nodes, plan.n_trainings, plan.n_naive_trainings)


def _seconds(store: Store, node_id: str) -> float | None:
    if not store.has(node_id):
        return None
    seconds = store.open(node_id, verify=False).about.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) else None
